"""How far to trust a model, and what a threshold means on a mosaic: one experiment on one finished run."""

from typing import Any

import numpy as np
from django.db import transaction

from damage.accounts.models import User
from damage.errors import Refused
from damage.messages import Message as _
from damage.work import claims
from damage.work.progress import Progress, no_progress
from training.data.adaptation import logit
from training.evaluation.calibration import (
    GRID,
    precision_band,
    rate_interval,
    reliability,
    roc_band,
    temperature,
    windows_per_km2,
)
from training.evaluation.operating_threshold import operating_threshold
from training.models import Experiment, ModelRun, ModelRunCrop
from training.report.charts import answers_and_scores, measured_part

Part = ModelRunCrop.Part
# Windows overlap by 90/299 of their width, as in the thesis.
STRIDE_SHARE = 209 / 299
WANTED_RATES = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1)


def operating_points(
    run: ModelRun, *, requested_by: User | None = None, progress: Progress = no_progress
) -> Experiment:
    """Bands, calibration, and a row for each wanted false positive rate; kept as an experiment.

    Temperature and thresholds are fitted on the validation crops alone (without them on the training's, each scored by
    a model that did not learn from its town) and measured on the test, where there is one.
    """
    if run.status != ModelRun.Status.DONE or not run.run_crops.exclude(score=None).exists():
        raise Refused(
            _("%(run)s has no scores to judge.") % {"run": run.named},
            _("Choose a finished run that was trained here."),
        )
    claims.record_killed(Experiment)
    experiment = Experiment.objects.create(
        kind=Experiment.Kind.ROC,
        question=run.question,
        requested_by=requested_by,
        seed=run.seed,
        parameters={"model_run": run.pk, "wanted_rates": WANTED_RATES, "stride_share": STRIDE_SHARE},
    )
    with claims.carried_out(experiment, progress) as report:
        tell = report.step("metrics")
        tell(0, 1)
        results = _results(run)
        tell(1, 1)
        with transaction.atomic():
            experiment.model_runs.add(run)
            claims.finish(experiment, results=results)
    return experiment


def _results(run: ModelRun) -> dict[str, Any]:
    validation = _unseen_answers_and_scores(run)
    part = measured_part(run)
    answers, scores = answers_and_scores(run, part)
    columns = [
        "wanted_false_positive_rate", "threshold", "false_positives", "negatives", "false_positive_rate",
        "at_least", "at_most", "recall", "false_alarms_per_km2", "at_most_per_km2",
    ]  # fmt: skip
    return {
        "part": part.value,
        "columns": columns,
        "rows": [_row(run, wanted, validation, answers, scores) for wanted in WANTED_RATES],
        "calibration": _calibration(validation, answers, scores),
        "bands": {
            name: {"grid": GRID.tolist(), **{k: v.tolist() for k, v in vars(band).items()}}
            for name, band in (
                ("roc", roc_band(answers, scores, seed=run.seed)),
                ("precision_recall", precision_band(answers, scores, seed=run.seed)),
            )
        },
    }


def _unseen_answers_and_scores(run: ModelRun) -> tuple[np.ndarray, np.ndarray]:
    """Of crops whose town the model that scored them had not seen: the validation's, else the training's."""
    answers, scores = answers_and_scores(run, Part.VALIDATION)
    if len(scores):
        return answers, scores
    rows = run.run_crops.exclude(left_out_score=None).values_list("is_positive", "left_out_score")
    if not rows:
        raise Refused(
            _("%(run)s has no scores of a town that it did not learn from.") % {"run": run.named},
            _("Train with a validation town, or on two towns and more."),
        )
    return np.array([row[0] for row in rows], bool), np.array([row[1] for row in rows], float)


def _row(
    run: ModelRun,
    wanted: float,
    validation: tuple[np.ndarray, np.ndarray],
    answers: np.ndarray,
    scores: np.ndarray,
) -> list[float | int | None]:
    """What a threshold chosen for a wanted rate on validation does on the measured part, and on a square kilometre."""
    threshold = operating_threshold(*validation, wanted).value
    called = scores >= threshold
    false, negatives = int(called[~answers].sum()), int((~answers).sum())
    low, high = rate_interval(false, negatives)
    windows = windows_per_km2(run.window_m, STRIDE_SHARE) if run.window_m else None
    on_ground = [None, None] if windows is None else [windows * false / negatives, windows * high]
    recall = float(called[answers].mean())
    return [wanted, threshold, false, negatives, false / negatives, low, high, recall, *on_ground]


def _calibration(
    validation: tuple[np.ndarray, np.ndarray], answers: np.ndarray, scores: np.ndarray
) -> dict[str, Any]:
    """How far scores can be read as chances, as they are and divided by a temperature fitted on validation."""
    fitted = temperature(validation[0], logit(validation[1]))
    scaled = 1 / (1 + np.exp(-logit(scores) / fitted))
    before, after = reliability(answers, scores), reliability(answers, scaled)
    return {
        "temperature": fitted,
        "expected_error": {"as_is": before.expected_error, "scaled": after.expected_error},
        "brier": {"as_is": before.brier, "scaled": after.brier},
        "diagrams": {
            name: {
                "mean_scores": found.mean_scores.tolist(),
                "positive_shares": found.positive_shares.tolist(),
                "counts": found.counts.tolist(),
            }
            for name, found in (("as_is", before), ("scaled", after))
        },
    }
