"""Words for what rows keep under short names: parameters and columns; and values as people read them."""

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

WORDS: dict[str, str | Promise] = {
    # parameters
    "backbone": gettext_lazy("Backbone"),
    "head": gettext_lazy("Head"),
    "train_towns": gettext_lazy("Training towns"),
    "validation_towns": gettext_lazy("Validation towns"),
    "test_towns": gettext_lazy("Test towns"),
    "towns": gettext_lazy("Towns"),
    "per_class": gettext_lazy("Training crops of either answer"),
    "max_fpr": gettext_lazy("Highest false positive rate in validation"),
    "contrast": gettext_lazy("Contrast"),
    "features": gettext_lazy("Features"),
    "recipe": gettext_lazy("Features' recipe"),
    "network": gettext_lazy("Network"),
    "window_px": gettext_lazy("window (px)"),
    "is_dense": gettext_lazy("dense"),
    "input_side": gettext_lazy("Side at which the network sees a window"),
    "side_px": gettext_lazy("px"),
    "windows": gettext_lazy("Windows"),
    "left_out": gettext_lazy("Left out"),
    "unsure": gettext_lazy("can't tell"),
    "tied": gettext_lazy("tied"),
    "shown_again": gettext_lazy("ground shown in another part"),
    "unreviewed": gettext_lazy("squares that nobody looked at"),
    "pending": gettext_lazy("not cut from their scene yet"),
    "learning_rate": gettext_lazy("learning rate"),
    "momentum": gettext_lazy("momentum"),
    "l2": gettext_lazy("penalty on weights (L2)"),
    "max_epochs": gettext_lazy("epochs at most"),
    "patience": gettext_lazy("epochs without progress"),
    "inverse_l2": gettext_lazy("inverse penalty on weights (1/L2)"),
    "max_steps": gettext_lazy("steps at most"),
    "backbones": gettext_lazy("Backbones"),
    "heads": gettext_lazy("Heads"),
    "one_way": gettext_lazy("One way round only"),
    "is_headed": gettext_lazy("head kept beside it"),
    "is_classical": gettext_lazy("classical"),
    "kernel": gettext_lazy("kernel"),
    "penalty": gettext_lazy("penalty"),
    "folds": gettext_lazy("folds"),
    "trees": gettext_lazy("trees"),
    "least_in_leaf": gettext_lazy("crops in a leaf, at least"),
    "augmentation": gettext_lazy("Augmentation"),
    "form": gettext_lazy("form"),
    "copies": gettext_lazy("copies"),
    "fine_tune_blocks": gettext_lazy("Blocks fine-tuned"),
    "fine_tuning": gettext_lazy("Fine-tuning"),
    "blocks": gettext_lazy("blocks"),
    "batch": gettext_lazy("crops at a time"),
    "jitter": gettext_lazy("at most"),
    "most_brightness_levels": gettext_lazy("brightness (levels of 255)"),
    "most_contrast_factor": gettext_lazy("contrast (times)"),
    "most_haze_share": gettext_lazy("haze (share)"),
    "airlight_levels": gettext_lazy("the haze's light (levels of 255)"),
    "most_blur_px": gettext_lazy("blur (px)"),
    "most_gsd_factor": gettext_lazy("ground sample distance (times)"),
    "in_scenes": gettext_lazy("crops with their scene around"),
    "mirrored": gettext_lazy("crops with their mirror image around"),
    "adapt_to": gettext_lazy("To adapt to"),
    "answers_by": gettext_lazy("Answers by"),
    "consensus": gettext_lazy("people's consensus"),
    "majority": gettext_lazy("the majority"),
    "distilled": gettext_lazy("Learnt from a teacher"),
    "teacher": gettext_lazy("teacher's model run"),
    "teacher_backbone": gettext_lazy("its backbone"),
    "teacher_licence": gettext_lazy("its licence"),
    "teacher_sha256": gettext_lazy("its digest"),
    "windows_sha256": gettext_lazy("the windows' digest"),
    "seconds": gettext_lazy("seconds"),
    "name": gettext_lazy("name"),
    "sha256": gettext_lazy("digest"),
    "counts": gettext_lazy("Training crops tried"),
    "seeds": gettext_lazy("Seeds"),
    "event": gettext_lazy("Event"),
    "of": gettext_lazy("Of"),
    "limit": gettext_lazy("Images at most"),
    "model_run": gettext_lazy("Model run"),
    "wanted_rates": gettext_lazy("Wanted false positive rates"),
    "stride_share": gettext_lazy("Step between windows (share of their width)"),
    # columns
    "train": gettext_lazy("training"),
    "validation": gettext_lazy("validation"),
    "test": gettext_lazy("test"),
    "seed": gettext_lazy("seed"),
    "threshold": gettext_lazy("threshold"),
    "auc": gettext_lazy("AUC"),
    "balanced_accuracy": gettext_lazy("balanced accuracy"),
    "balanced_accuracy_at_half": gettext_lazy("balanced accuracy at ½"),
    "balanced_accuracy_adapted": gettext_lazy("balanced accuracy, adapted"),
    "precision": gettext_lazy("precision"),
    "recall": gettext_lazy("recall"),
    "f1": gettext_lazy("F1"),
    "crops": gettext_lazy("crops"),
    "thesis": gettext_lazy("thesis"),
    "spread": gettext_lazy("spread"),
    "trainings": gettext_lazy("trainings"),
    "refused": gettext_lazy("left out because"),
    "wanted_false_positive_rate": gettext_lazy("wanted false positive rate"),
    "false_positives": gettext_lazy("false alarms"),
    "negatives": gettext_lazy("of so many no"),
    "false_positive_rate": gettext_lazy("false positive rate"),
    "at_least": gettext_lazy("at least"),
    "at_most": gettext_lazy("at most"),
    "false_alarms_per_km2": gettext_lazy("false alarms per km²"),
    "at_most_per_km2": gettext_lazy("per km², at most"),
    "town": gettext_lazy("town"),
    "answer": gettext_lazy("answer"),
    "images": gettext_lazy("images"),
    "crop": gettext_lazy("crop"),
    "scene": gettext_lazy("scene"),
    "label": gettext_lazy("answer"),
    "silhouette": gettext_lazy("silhouette"),
    "nearest_of_own": gettext_lazy("nearest image of the same"),
    "by_chance": gettext_lazy("by chance"),
    # values
    "mean": gettext_lazy("mean"),
    "all": gettext_lazy("all"),
    "none": gettext_lazy("none"),
    "sampled": gettext_lazy("sampled"),
    "yes": gettext_lazy("yes"),
    "no": gettext_lazy("no"),
    "scenes": gettext_lazy("scenes"),
    "channels": gettext_lazy("means and deviations of channels"),
}
PLACES = {name: place for place, name in enumerate(WORDS)}
# Ends the name of a column with the standard deviations of the column before it.
SPREAD = "_spread"
# Where a word is a name that a person gave, such as a town, it is left alone.
VALUE_WORDS = ("mean", "spread", "all", "none", "sampled", "yes", "no", "crops", "scenes", "channels")


def worded(name: str) -> str:
    """What a short name stands for; one without words is shown as it is, without underscores."""
    if name in WORDS:
        return str(WORDS[name])
    if name.endswith(SPREAD):
        return _("%(metric)s (spread)") % {"metric": worded(name.removesuffix(SPREAD))}
    return name.replace("_", " ")


def readable(value: Any) -> str:
    """A value as people read it: lists by commas, nothing as a dash, numbers as they were chosen."""
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        if value.get("form") == "none":  # its other parameters mean nothing then
            return worded("none")
        # In one order whatever the row's: PostgreSQL and imported runs keep another one than ours.
        names = sorted(value, key=lambda name: (PLACES.get(name, len(PLACES)), name))
        return " · ".join(f"{worded(name)}: {readable(value[name])}" for name in names)
    if isinstance(value, (list, tuple)):
        return ", ".join(readable(each) for each in value)
    return worded(value) if value in VALUE_WORDS else str(value)


def parameter_rows(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Parameters as (words, value)."""
    return [(capfirst(worded(name)), readable(value)) for name, value in parameters.items()]


def measured_cell(value: Any) -> str:
    """What a table of results shows: three decimals below ten, fewer above."""
    if not isinstance(value, float):
        return readable(value)
    decimals = 3 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return str(number_format(round(value, decimals), decimals))
