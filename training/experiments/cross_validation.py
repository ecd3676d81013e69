"""Experiments: many small trainings by one code path, their results as rows. No model files come of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from itertools import islice, permutations
from typing import Any

import numpy as np
from django.conf import settings

from damage.accounts.models import User
from damage.errors import Refused
from damage.ingestion.lookup import find_town
from damage.messages import Message as _
from damage.messages import message_of
from damage.work import claims
from damage.work.progress import Progress, no_progress
from tagging.cutting import cut_pending_crops
from tagging.models import Crop, Question
from training.config import DEFAULT_HEAD, NOT_LAYERS, find_head
from training.data.adaptation import LEAST_SCORES, adapted_cut, logit
from training.data.crop_images import crop_images, crop_windows, features_of
from training.data.dataset import (
    AgreedCrop,
    Agreement,
    Part,
    agreement,
    chosen_dataset,
    median_size_m,
    median_size_px,
)
from training.data.features import image_hashes_of
from training.data.held_out_towns import held_out_towns
from training.data.near_duplicates import ground_numbers
from training.models import Experiment
from training.networks.backbones.registry import Backbone, find_features
from training.networks.classical import CLASSICAL, ClassicalFeatures
from training.networks.kinds import DENSE, kind_to_train
from training.networks.model_input import ModelInput

# Mean accuracy of the thesis over its six ways round, by training crops; its own towns, Inception v3.
THESIS = {20: 0.73, 50: 0.78, 100: 0.84, 150: 0.86, 200: 0.86}
METRICS = ("auc", "balanced_accuracy", "balanced_accuracy_at_half", "balanced_accuracy_adapted")


@dataclass(frozen=True, kw_only=True)
class ExperimentConfig:
    """What an experiment tries: every way of giving three of the towns to train, validate and test."""

    towns: Sequence[str]
    backbone: str
    head: str = DEFAULT_HEAD
    counts: Sequence[int] = ()
    seeds: Sequence[int] = (0,)
    max_fpr: float | None = None
    one_way: bool = False


@dataclass(frozen=True, kw_only=True)
class TrainingConfigs:
    """What is compared: every backbone (or classical features) with every head, on the same towns.

    `one_way` takes the towns as they stand, to train, validate and test, instead of every way round.
    """

    towns: Sequence[str]
    backbones: Sequence[str]
    heads: Sequence[str]
    seeds: Sequence[int] = (0,)
    max_fpr: float | None = None
    one_way: bool = False

    def configs(self) -> list[ExperimentConfig]:
        """One for each backbone with each head."""
        return [
            ExperimentConfig(
                towns=self.towns,
                backbone=backbone,
                head=head,
                seeds=self.seeds,
                max_fpr=self.max_fpr,
                one_way=self.one_way,
            )
            for backbone in dict.fromkeys(self.backbones)
            for head in dict.fromkeys(self.heads)
        ]


@dataclass(frozen=True)
class Trial:
    """One small training: the towns of its parts, how many training crops (None: all), the seed."""

    train: str
    validation: str
    test: str
    crops: int | None
    seed: int


def cross_towns(question: Question, config: ExperimentConfig, **by: Any) -> Experiment:
    """Train every way round with all crops of the training town: a row each, then mean and spread."""
    return _carried_out(Experiment.Kind.CROSS_TOWNS, question, [config], asdict(config), **by)


def learning_curve(question: Question, config: ExperimentConfig, **by: Any) -> Experiment:
    """Train every way round with so many crops, with every seed; a row for each count beside the thesis's."""
    if not config.counts or min(config.counts) < 2:
        raise Refused(_("Say how many crops to train with, two at least."))
    return _carried_out(Experiment.Kind.LEARNING_CURVE, question, [config], asdict(config), **by)


def compare_recipes(question: Question, compared: TrainingConfigs, **by: Any) -> Experiment:
    """Train every backbone with every head on the same crops, every way round: a row each, with means and spreads."""
    configs = compared.configs()
    if not configs:
        raise Refused(_("Name a backbone or classical features, and a head."))
    return _carried_out(Experiment.Kind.COMPARE_RECIPES, question, configs, asdict(compared), **by)


def _carried_out(
    kind: Experiment.Kind,
    question: Question,
    configs: Sequence[ExperimentConfig],
    parameters: dict[str, Any],
    *,
    requested_by: User | None = None,
    progress: Progress = no_progress,
) -> Experiment:
    config = configs[0]  # towns and seeds are the same in all
    towns = [find_town(name) for name in config.towns]
    if len(set(towns)) < len(towns):
        raise Refused(_("A town is named twice."), _("Name each town once, by its name or as event/town."))
    if len(towns) < 3:
        raise Refused(_("Three towns are needed: to train, to validate and to test."))
    for each in configs:
        find_head(each.head)
    backbones = {each.backbone: find_features(each.backbone) for each in configs}
    claims.record_killed(Experiment)
    experiment = Experiment.objects.create(
        kind=kind,
        question=question,
        requested_by=requested_by,
        seed=config.seeds[0],
        parameters=parameters | {"features": {name: each.recipe_id for name, each in backbones.items()}},
    )
    with claims.carried_out(experiment, progress) as report:
        cut_pending_crops(Crop.objects.filter(tags__question=question), progress=report.step("cutting"))
        rows = _rows(agreement(question), configs, backbones, report)
        results = _results(kind, rows, configs)
        claims.finish(experiment, results=results | {"trials": rows})
    return experiment


def _rows(
    agreed: Agreement,
    configs: Sequence[ExperimentConfig],
    backbones: Mapping[str, Backbone | ClassicalFeatures],
    report: claims.Report,
) -> list[dict[str, Any]]:
    """Each trial's metrics; one for which a town has too few crops is a row with the reason."""
    towns = configs[0].towns
    features: dict[tuple[str, bool], dict[str, np.ndarray]] = {}
    for config in configs:
        asked = (config.backbone, _is_dense(config, backbones[config.backbone]))
        if asked not in features:
            features[asked] = _features(
                agreed, towns, backbones[config.backbone], asked[1], report.step("features")
            )
    trials = [(config, trial) for config in configs for trial in _trials(config)]
    parts = cache(partial(_parts, agreed))  # every way is tried on the same crops
    tell = report.step("trainings")
    rows = []
    for done, (config, trial) in enumerate(trials):
        tell(done, len(trials))
        try:
            asked = (config.backbone, _is_dense(config, backbones[config.backbone]))
            metrics = _metrics(parts(trial), trial, config, features[asked])
        except Refused as refusal:
            metrics = {"refused": refusal.message.as_json()}
        rows.append({"backbone": config.backbone, "head": config.head} | asdict(trial) | metrics)
    tell(len(trials), len(trials))
    if all("refused" in row for row in rows):
        raise Refused(message_of(rows[0]["refused"]))
    return rows


def _trials(config: ExperimentConfig) -> Iterator[Trial]:
    ways = permutations(config.towns, 3)
    for train, validation, test in islice(ways, 1 if config.one_way else None):
        for crops in config.counts or (None,):
            for seed in config.seeds:
                yield Trial(train, validation, test, crops, seed)


def _features(
    agreed: Agreement,
    towns: Sequence[str],
    backbone: Backbone | ClassicalFeatures,
    in_surroundings: bool,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """The features of all the towns' crops, by the crops' digests; their windows are of these crops' median size."""
    crops = agreed.of([find_town(town) for town in towns])
    model_input = ModelInput(backbone.size_px, median_size_px(crops), median_size_m(crops))
    rows = Crop.objects.select_related("scene").in_bulk([crop.pk for crop in crops])
    windows = crop_windows([rows[crop.pk] for crop in crops], model_input, in_surroundings=in_surroundings)
    features = features_of(windows, backbone, progress)
    return {crop.sha256: row for crop, row in zip(crops, features, strict=True)}


def _is_dense(config: ExperimentConfig, backbone: Backbone | ClassicalFeatures) -> bool:
    """Whether such a model is asked about windows in their surroundings."""
    return kind_to_train(backbone, head_is_layer=config.head not in NOT_LAYERS) is DENSE


def _parts(agreed: Agreement, trial: Trial) -> dict[str, Sequence[AgreedCrop]]:
    """The trial's crops by part."""
    dataset = chosen_dataset(
        agreed,
        {Part.TRAIN: [trial.train], Part.VALIDATION: [trial.validation], Part.TEST: [trial.test]},
        per_class=None if trial.crops is None else trial.crops // 2,
        seed=trial.seed,
        kept=held_out_towns(),
        hashes=lambda crops: image_hashes_of(crop_images(crops), settings.DATA_DIR / "features"),
    )
    return {part.value: crops for part, crops in dataset.parts.items()}


def _metrics(
    parts: Mapping[str, Sequence[AgreedCrop]],
    trial: Trial,
    config: ExperimentConfig,
    features: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """Train, and measure on the test town: at the validation's threshold, at one half, at the adapted cut."""
    from training.evaluation.metrics import classification_metrics
    from training.evaluation.operating_threshold import operating_threshold
    from training.evaluation.unseen_towns import UnseenTown, unseen_town_threshold
    from training.fit import trained
    from training.networks.heads.labelled import Labelled
    from training.networks.heads.parameters import head_parameters

    labelled = {
        part: Labelled(
            np.array([features[crop.sha256] for crop in crops]),
            np.array([crop.is_positive for crop in crops]),
            grounds=ground_numbers([crop.place for crop in crops]),
        )
        for part, crops in parts.items()
    }
    parameters = head_parameters(config.head, is_classical=config.backbone in CLASSICAL)
    head, _course = trained(labelled, parameters, trial.seed)
    scores = {part: np.asarray(head(rows.features))[:, 1] for part, rows in labelled.items()}
    judging, of_judging = labelled["validation"].is_positive, scores["validation"]
    threshold = (
        unseen_town_threshold([UnseenTown(trial.validation, judging, of_judging)])
        if config.max_fpr is None
        else operating_threshold(judging, of_judging, config.max_fpr).value
    )
    answers, of_test = labelled["test"].is_positive, scores["test"]
    at_threshold = classification_metrics(answers, of_test, threshold)
    adapted = None
    if len(of_test) >= LEAST_SCORES and np.ptp(of_test):
        logits = logit(of_test)
        adapted = classification_metrics(answers, logits, adapted_cut(logits))["balanced_accuracy"]
    return {
        "threshold": threshold,
        "auc": at_threshold["auc"],
        "balanced_accuracy": at_threshold["balanced_accuracy"],
        "balanced_accuracy_at_half": classification_metrics(answers, of_test, 0.5)["balanced_accuracy"],
        "balanced_accuracy_adapted": adapted,
        "precision": at_threshold["precision"],
        "recall": at_threshold["recall"],
    }


def _results(
    kind: Experiment.Kind, rows: list[dict[str, Any]], configs: Sequence[ExperimentConfig]
) -> dict[str, Any]:
    """The kind's table."""
    if kind == Experiment.Kind.COMPARE_RECIPES:
        return _by_config(rows, configs)
    return _summary(rows) if kind == Experiment.Kind.CROSS_TOWNS else _curve(rows, configs[0].counts)


def _by_config(rows: list[dict[str, Any]], configs: Sequence[ExperimentConfig]) -> dict[str, Any]:
    """A table with a line for each backbone and head: of each metric the mean, then the spread (standard deviation)."""
    metrics = [column for name in METRICS for column in (name, f"{name}_spread")]
    lines = []
    for config in configs:
        name = (config.backbone, config.head)
        done = [row for row in rows if (row["backbone"], row["head"]) == name and "refused" not in row]
        values = [_over(done, name, reduce) for name in METRICS for reduce in (np.mean, np.std)]
        lines.append([*name, *values, len(done)])
    return {"columns": ["backbone", "head", *metrics, "trainings"], "rows": lines}


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A table with a line for each way round, their mean and their spread (standard deviation)."""
    columns = ["train", "validation", "test", "threshold", *METRICS, "precision", "recall"]
    done = [row for row in rows if "refused" not in row]
    lines = [[row.get(name) for name in columns] for row in rows]
    for words, reduce in (("mean", np.mean), ("spread", np.std)):
        metrics = [_over(done, name, reduce) for name in columns[4:]]
        lines.append([words, "", "", None, *metrics])
    return {"columns": columns, "rows": lines}


def _curve(rows: list[dict[str, Any]], counts: Sequence[int]) -> dict[str, Any]:
    """A table with a line for each count: the thesis's metric, our means, the spread of the adapted one."""
    columns = ["crops", "thesis", *METRICS, "spread", "trainings"]
    lines = []
    for count in counts:
        done = [row for row in rows if row["crops"] == count and "refused" not in row]
        means = [_over(done, name, np.mean) for name in METRICS]
        spread = _over(done, METRICS[-1], np.std)
        lines.append([count, THESIS.get(count), *means, spread, len(done)])
    return {"columns": columns, "rows": lines}


def _over(rows: list[dict[str, Any]], name: str, reduce: Any) -> float | None:
    values = [row[name] for row in rows if row[name] is not None]
    return float(reduce(values)) if values else None
