"""Choosing the side at which a run's network sees windows, by leaving towns out."""

from typing import Any

import numpy as np

from training.data.crop_images import crop_windows
from training.data.dataset import Part, reviewed
from training.evaluation.input_side import (
    can_be_measured,
    candidate_sides,
    mean_auc,
    smallest_as_good,
    unmeasured_side,
)
from training.evaluation.unseen_towns import UnseenTown
from training.fit import Examples, Places, Step, by_town, labelled_features, left_out_scores, trained
from training.input_sides import use_side
from training.models import ModelRun
from training.networks.backbones.registry import Backbone, find_features
from training.networks.heads.parameters import LogisticParameters
from training.networks.model_input import ModelInput

MEASURING = "input side"  # a step whose progress is told


def choose_side(run: ModelRun, places: Places, step: Step) -> None:
    """Set the side of the run's network, and what was measured for it, in its parameters; nothing is saved."""
    own_px = find_features(run.backbone).size_px
    parts = {part: list(run.crops_of(part).select_related("crop__scene", "crop__town__event"))
             for part in (Part.TRAIN, Part.VALIDATION)}  # fmt: skip
    aucs: dict[int, float] = {}
    if _has_enough(run, parts):
        for side in candidate_sides(own_px, run.window_px or own_px):
            aucs[side] = mean_auc(_unseen_towns(run, parts, side, places, step))
    chosen = smallest_as_good(aucs) if aucs else unmeasured_side(own_px)
    use_side(run, chosen, {"side_px": chosen, "auc": {str(side): auc for side, auc in aucs.items()}})


def _has_enough(run: ModelRun, parts: dict[Part, list[Any]]) -> bool:
    """Whether towns can be left out, with enough answers in them that people gave."""
    towns = []
    for rows in parts.values():
        examples = _examples(run, rows, None)
        towns += by_town(examples, np.zeros(len(rows)))
    return len(towns) > 1 and can_be_measured(towns)


def _unseen_towns(
    run: ModelRun, rows: dict[Part, list[Any]], side_px: int, places: Places, step: Step
) -> list[UnseenTown]:
    """Every town's crops scored by a logistic regression that did not learn from it, at one side."""
    backbone = find_features(run.backbone, run.parameters["contrast"], side_px)
    assert isinstance(backbone, Backbone)  # noqa: S101 - as was planned
    model_input = ModelInput(side_px, run.window_px or 0, run.window_m)
    parts = {part.value: _examples(run, rows[part], model_input) for part in rows}
    labelled = labelled_features(parts, backbone, places, step(MEASURING))
    train = labelled[Part.TRAIN]
    towns = by_town(
        parts[Part.TRAIN],
        left_out_scores(train, parts[Part.TRAIN].towns, LogisticParameters(), run.seed),
    )
    if rows[Part.VALIDATION]:
        head, _course = trained({"train": train}, LogisticParameters(), run.seed)
        towns += by_town(parts[Part.VALIDATION], head(labelled[Part.VALIDATION].features)[:, 1])
    return towns


def _examples(run: ModelRun, rows: list[Any], model_input: ModelInput | None) -> Examples:
    """The rows' crops with their answers; without an input, nothing to look at."""
    crops = [row.crop for row in rows]
    return Examples(
        crop_windows(crops, model_input, in_surroundings=True) if model_input else [],
        [row.is_positive for row in rows],
        [crop.town.path for crop in crops],
        reviewed(run.question, crops),
    )
