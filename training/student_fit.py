"""Carrying a distillation out: places are drawn, the teacher is asked about them, the student's head is worked out."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
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
from training.evaluation.agreement_of_logits import cut_of_same_share, determination, rank_correlation
from training.evaluation.metrics import classification_metrics
from training.fit import FEATURES, MOST_COMPARED, PREPARING, Fitted, Places, Step
from training.inference import kind_of, model_input_of, window_px_of, window_scores, windows_for
from training.models import ModelRun
from training.networks.backbones.registry import Backbone, find_features
from training.networks.dense import probability
from training.networks.heads.ridge import ridge_head
from training.networks.kept_networks import keep_missing
from training.networks.kinds import DENSE, TrainedParts

DRAWING, TEACHER = "windows", "teacher"  # steps whose progress is told
CHUNK = 32


def fitted_student(run: ModelRun, places: Places, step: Step) -> Fitted:
    """Work a student out as its row says, and measure it on the run's crops; completes the row's record.

    The teacher's answers come as logits of its scores, which differ from 0 and 1 by a ten-millionth at least.
    """
    begun = monotonic()
    backbone = find_features(run.backbone, run.parameters["contrast"], window_px_of(run))
    assert isinstance(backbone, Backbone)  # noqa: S101 - as was planned
    kind, record, teacher = kind_of(run), run.parameters["distilled"], _teacher(run)
    exports = kind.exports(backbone, places.weights_dir, is_tuned=False)
    keep_missing(exports, places.cache_dir / NETWORKS, lambda: step(PREPARING))
    drawn = drawn_places(
        _scenes(record),
        model_input_of(teacher),
        count=record["windows"],
        seed=run.seed,
        progress=step(DRAWING),
    )
    asked = [
        place.window(model_input_of(teacher), in_surroundings=kind_of(teacher) is DENSE) for place in drawn
    ]
    wanted = logit(_scores(teacher, asked, step(TEACHER)))
    windows = [place.window(model_input_of(run), in_surroundings=kind is DENSE) for place in drawn]
    parts = _parts(run)
    alone = [replace(window, in_surroundings=False) for window in windows[:MOST_COMPARED]]
    every: list[CropSource] = [*windows, *alone]
    every += [crop for crops, _answers in parts.values() for crop in crops]
    features = crop_features(
        every,
        backbone,
        places.cache_dir,
        weights_dir=places.weights_dir,
        threads=places.threads,
        progress=step(FEATURES),
    )
    ends = np.cumsum([len(windows), len(alone), *(len(crops) for crops, _answers in parts.values())])
    of_windows, of_alone, *of_parts = np.split(features, ends[:-1])
    found = ridge_head(of_windows, wanted, fold_numbers(windows, run.seed))
    threshold = student_threshold(wanted, found.left_out_logits, float(teacher.threshold or 0))
    scores = {part: found.head(rows)[:, 1] for part, rows in zip(parts, of_parts, strict=True)}
    run.parameters["head"] = {"penalty": found.penalty}
    run.parameters["distilled"] = record | {"windows_sha256": windows_digest(windows)}
    metrics = {
        part: classification_metrics(answers, scores[part], threshold)
        for part, (_crops, answers) in parts.items()
    }
    metrics["distillation"] = {
        "r2": determination(wanted, found.left_out_logits),
        "rank_correlation": rank_correlation(wanted, found.left_out_logits),
        "called_share": float((probability(wanted) >= (teacher.threshold or 0)).mean()),
    }
    with closing(SceneReader()) as scenes:
        squares = np.stack([window.square(backbone.size_px, scenes) for window in alone])
    files = kind.artefact(
        TrainedParts(backbone, found.head, None, places.weights_dir, places.cache_dir / NETWORKS),
        squares,
        found.head(of_alone)[:, 1],
        threads=places.threads,
    )
    run.parameters["distilled"]["seconds"] = round(monotonic() - begun, 1)
    return Fitted(
        scores=scores,
        left_out_scores=np.full(len(scores.get("train", ())), np.nan),
        metrics=metrics,
        threshold=threshold,
        threshold_reason=(
            "The score from which on the student calls the same share of the drawn windows as its teacher does at "
            "its own threshold."
        ),
        files=files,
    )


def student_threshold(teacher_logits: np.ndarray, student_logits: np.ndarray, threshold: float) -> float:
    """The score from which on a student calls as many windows (N,) as its teacher does at its `threshold`.

    A student's logits lie nearer to their mean than its teacher's, so the teacher's own threshold would call fewer;
    `benchmarks/README.md` has the figures.
    """
    cut = float(logit(np.array(threshold)))
    return float(probability(np.array(cut_of_same_share(teacher_logits, cut, student_logits))))


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
