"""A threshold from ground that is known to be undamaged: the town's own imagery from before the event.

No answer is needed. Whatever a model calls there is a false alarm, so the share of windows that may be called sets the
threshold; after the event the same ground gives about as many.
"""

from pathlib import Path
from typing import Any

import numpy as np

from damage.errors import Refused
from damage.messages import Message as _
from prediction.models import PredictionRun
from prediction.services import check_has_scores, rethreshold

DEFAULT_SHARE = 0.02


def threshold_for_share(scores: np.ndarray, share: float) -> float:
    """The lowest threshold at or above which at most that share of the scores (N,) lies."""
    values, counts = np.unique(scores.astype(np.float64), return_counts=True)
    shares_from = np.cumsum(counts[::-1])[::-1] / len(scores)  # at or above each value
    few = np.flatnonzero(shares_from <= share)
    if not len(few):  # even the highest score has too many
        return float((values[-1] + 1) / 2)
    lower = values[few[0] - 1] if few[0] else 0.0
    return float((lower + values[few[0]]) / 2)


def set_threshold_by_undamaged(
    run: PredictionRun, undamaged: PredictionRun, *, share: float
) -> dict[str, Any]:
    """Set a finished run's threshold so that at most `share` of another run's windows would be called.

    The other run is of the same model, over ground that shows no damage. Returns what is kept of it with the run.
    """
    if not 0 <= share < 1:
        raise Refused(_("The share of windows must be from 0 up to, but not including, 1."))
    for each in (run, undamaged):
        check_has_scores(each)
    if undamaged.model_run_id != run.model_run_id:
        raise Refused(
            _("Prediction runs %(run)s and %(other)s are of different models: their scores do not compare.")
            % {"run": run.pk, "other": undamaged.pk},
            _("Predict the undamaged ground with model run %(model)s.") % {"model": run.model_run_id},
        )
    if undamaged.scene_id == run.scene_id:
        raise Refused(
            _("Prediction run %(other)s is of the same scene.") % {"other": undamaged.pk},
            _("Name a run over imagery from before the event."),
        )
    from prediction.score_rasters import read_score_raster  # heavy: rasterio and its drivers

    scores = read_score_raster(Path(undamaged.score_file.path))[0]
    known = scores[~np.isnan(scores)]
    if not known.size:
        raise Refused(
            _("Prediction run %(run)s scored no window: there is no ground.") % {"run": undamaged.pk}
        )
    threshold = threshold_for_share(known, share)
    kept = {
        "goal": "undamaged",
        "undamaged_run": undamaged.pk,
        "undamaged_result_sha256": undamaged.result_sha256,
        "windows": int(known.size),
        "share": share,
        "called": int((known >= threshold).sum()),
        "value": threshold,
    }
    rethreshold(run, threshold=threshold, calibration=kept)
    return kept
