"""Carrying a distillation out: places are drawn, the teacher is asked about them, the student's head is worked out."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import numpy as np

from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.quarantine import check_scene_in_use
from damage.ingestion.reading import SceneReader
from damage.messages import Message as _
from damage.work.progress import Progress
from tagging.quarantine import check_crops_in_use
from training.data.adaptation import logit
from training.data.dataset import PARTS
from training.data.features import NETWORKS, CropSource, crop_features
from training.data.scene_windows import SceneWindow
from training.data.unlabelled_windows import drawn_places, fold_numbers, windows_digest
from training.evaluation.agreement_of_logits import determination, rank_correlation
from training.evaluation.metrics import classification_metrics
from training.fit import FEATURES, MOST_COMPARED, PREPARING, Fitted, Places, Step
from training.inference import kind_of, model_input_of, window_px_of, window_scores, windows_for
from training.models import ModelRun
from training.networks.backbones.registry import Backbone, find_features
from training.networks.dense import probability
from training.networks.heads.ridge import Ridge, ridge_head
from training.networks.kept_networks import keep_missing
from training.networks.kinds import DENSE, TrainedParts

DRAWING, TEACHER = "windows", "teacher"  # steps whose progress is told
CHUNK = 32
REASON = "That of its teacher, whose scores it stands in for."


@dataclass(frozen=True)
class _Drawn:
    """The windows that were drawn as the student looks at them, and the teacher's logits for them (N,)."""

    windows: list[SceneWindow]
    wanted: np.ndarray


def fitted_student(run: ModelRun, places: Places, step: Step) -> Fitted:
    """Work a student out as its row says, and measure it on the run's crops; completes the row's record."""
    begun = monotonic()
    backbone = find_features(run.backbone, run.parameters["contrast"], window_px_of(run))
    assert isinstance(backbone, Backbone)  # noqa: S101 - as was planned
    kind, teacher = kind_of(run), _teacher(run)
    exports = kind.exports(backbone, places.weights_dir, is_tuned=False)
    keep_missing(exports, places.cache_dir / NETWORKS, lambda: step(PREPARING))
    drawn = _drawn(run, teacher, step)
    parts = _parts(run)
    alone = [replace(window, in_surroundings=False) for window in drawn.windows[:MOST_COMPARED]]
    images = [drawn.windows, alone, *(crops for crops, _answers in parts.values())]
    of_windows, of_alone, *of_parts = _features(images, backbone, places, step(FEATURES))
    found = ridge_head(of_windows, drawn.wanted, fold_numbers(drawn.windows, run.seed))
    threshold = teacher.threshold or 0.0  # benchmarks/README.md has what else was tried
    scores = {part: found.head(rows)[:, 1] for part, rows in zip(parts, of_parts, strict=True)}
    metrics = {
        part: classification_metrics(answers, scores[part], threshold)
        for part, (_crops, answers) in parts.items()
    }
    files = kind.artefact(
        TrainedParts(backbone, found.head, None, places.weights_dir, places.cache_dir / NETWORKS),
        _squares(alone, backbone.size_px),
        found.head(of_alone)[:, 1],
        threads=places.threads,
    )
    run.parameters["head"] = {"penalty": found.penalty}
    completed = {"windows_sha256": windows_digest(drawn.windows), "seconds": round(monotonic() - begun, 1)}
    run.parameters["distilled"] = run.parameters["distilled"] | completed
    return Fitted(
        scores=scores,
        left_out_scores=np.full(len(scores.get("train", ())), np.nan),
        metrics=metrics | {"distillation": _agreement(drawn.wanted, found, threshold)},
        threshold=threshold,
        threshold_reason=REASON,
        files=files,
    )


def _drawn(run: ModelRun, teacher: ModelRun, step: Step) -> _Drawn:
    """Draw the run's windows and ask the teacher about them.

    Its answers come as logits of its scores, which differ from 0 and 1 by a ten-millionth at least.
    """
    record = run.parameters["distilled"]
    places = drawn_places(
        _scenes(record),
        model_input_of(teacher),
        count=record["windows"],
        seed=run.seed,
        progress=step(DRAWING),
    )
    asked, windows = (
        [place.window(model_input_of(model), in_surroundings=kind_of(model) is DENSE) for place in places]
        for model in (teacher, run)
    )
    return _Drawn(windows, logit(_scores(teacher, asked, step(TEACHER))))


def _features(
    images: Sequence[Sequence[CropSource]], backbone: Backbone, places: Places, progress: Progress
) -> list[np.ndarray]:
    """The features (N, F) of each group of images, computed in one go."""
    features = crop_features(
        [image for group in images for image in group],
        backbone,
        places.cache_dir,
        weights_dir=places.weights_dir,
        threads=places.threads,
        progress=progress,
    )
    return np.split(features, np.cumsum([len(group) for group in images])[:-1])


def _squares(windows: Sequence[SceneWindow], size_px: int) -> np.ndarray:
    with closing(SceneReader()) as scenes:
        return np.stack([window.square(size_px, scenes) for window in windows])


def _agreement(wanted: np.ndarray, found: Ridge, threshold: float) -> dict[str, float]:
    """How far the student follows its teacher on ground that it did not learn from, and how much that one calls."""
    return {
        "r2": determination(wanted, found.left_out_logits),
        "rank_correlation": rank_correlation(wanted, found.left_out_logits),
        "called_share": float((probability(wanted) >= threshold).mean()),
    }


def _teacher(run: ModelRun) -> ModelRun:
    if teacher := ModelRun.objects.filter(pk=run.parameters["distilled"]["teacher"]).first():
        return teacher
    raise Refused(_("The student's teacher was deleted."), _("Choose another teacher."))


def _scenes(record: dict[str, Any]) -> list[Scene]:
    """The scenes that the record names, in its order; refused where one is gone or was taken out of use."""
    wanted = [each["sha256"] for each in record["scenes"]]
    by_digest = {scene.sha256: scene for scene in Scene.objects.filter(sha256__in=wanted)}
    for each in record["scenes"]:
        if each["sha256"] not in by_digest:
            raise Refused(_("The scene %(name)s was deleted.") % {"name": each["name"]})
        check_scene_in_use(by_digest[each["sha256"]])
    return [by_digest[digest] for digest in wanted]


def _scores(model: ModelRun, windows: Sequence[SceneWindow], progress: Progress) -> np.ndarray:
    """A model's scores (N,) of windows."""
    scores = []
    progress(0, len(windows))
    with closing(SceneReader()) as scenes:
        for start in range(0, len(windows), CHUNK):
            scores.append(window_scores(model, windows[start : start + CHUNK], scenes))
            progress(min(start + CHUNK, len(windows)), len(windows))
    return np.concatenate(scores)


def _parts(run: ModelRun) -> dict[str, tuple[Sequence[CropSource], np.ndarray]]:
    """The windows of the run's crops, as it will look at them, and their answers, by part; none of an empty part."""
    parts: dict[str, tuple[Sequence[CropSource], np.ndarray]] = {}
    for part in PARTS:
        rows = list(run.crops_of(part).select_related("crop__scene"))
        if rows:
            crops = [row.crop for row in rows]
            check_crops_in_use(crops)
            parts[part.value] = windows_for(run, crops), np.array([row.is_positive for row in rows])
    return parts
