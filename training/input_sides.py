"""The side at which a run's network sees windows, and what was measured for it, as the run's parameters keep them."""

from typing import Any

from training.models import ModelRun
from training.networks.backbones.registry import find_features

MOST_LOOKED_AT = 20  # of the earlier runs


def earlier_side(run: ModelRun) -> dict[str, Any] | None:
    """What an earlier run on the same towns measured with this backbone: retraining need not measure again."""
    done = ModelRun.objects.filter(question=run.question, backbone=run.backbone, status=ModelRun.Status.DONE)
    kept = done.exclude(parameters__has_key="imported").values_list("parameters", flat=True)
    for parameters in kept[:MOST_LOOKED_AT]:
        chosen: dict[str, Any] = parameters.get("input_side") or {}
        # What was chosen of too few answers is no measurement: there may be enough by now.
        if chosen.get("auc") and _what_is_measured(parameters) == _what_is_measured(run.parameters):
            return chosen
    return None


def _what_is_measured(parameters: dict[str, Any]) -> tuple[list[str], float]:
    return sorted(parameters["train_towns"] + parameters["validation_towns"]), parameters["contrast"]


def has_to_be_chosen(run: ModelRun) -> bool:
    """Whether the run's side is to be measured before it is trained."""
    return run.parameters.get("input_side") == {}


def use_side(run: ModelRun, side_px: int, measured: dict[str, Any]) -> None:
    """Have the run's network see windows at that side."""
    features = find_features(run.backbone, run.parameters["contrast"], side_px)
    run.parameters |= {
        "network": {**run.parameters["network"], "window_px": side_px},
        "features": features.recipe_id,
        "input_side": measured,
    }
