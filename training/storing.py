"""Putting what came of a training in place: files, log, scores and the row together, or none of them."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import InterfaceError, OperationalError, transaction

from damage.batches import PLAIN_ROWS_AT_ONCE, write_in_batches
from damage.statements import update
from damage.stored_files import NewFiles, new_files
from damage.work import claims
from training.models import ModelFile, ModelRun, ModelRunCrop

if TYPE_CHECKING:  # heavy: only the process that trains loads TensorFlow
    from training.fit import Fitted

FILE_NAMES = {
    ModelFile.Kind.KERAS: "model.keras",
    ModelFile.Kind.OPENVINO_XML: "model.xml",
    ModelFile.Kind.OPENVINO_BIN: "model.bin",
    ModelFile.Kind.SKOPS: "model.skops",
}


def log_folder_of(run: ModelRun) -> Path:
    """Where TensorBoard's log of a finished training lies. Nothing reads it but TensorBoard: it may be deleted."""
    return _logs() / f"run-{run.pk}"


def log_folders() -> dict[int, Path]:
    """The logs that lie there, by the number of their training."""
    numbered = ((path.name.removeprefix("run-"), path) for path in _logs().glob("run-*"))
    return {int(number): path for number, path in numbered if number.isdecimal()}


def _logs() -> Path:
    return Path(settings.DATA_DIR) / "tensorboard"


def store(run: ModelRun, outcome: "Fitted") -> None:
    """Put files, scores, log and the finished row in place together."""
    from training.report.tensorboard import write_log

    log = claims.folder_of(run) / "log"
    chosen = {"backbone": run.backbone, "seed": run.seed, "head_name": run.head, **run.parameters}
    write_log(log, name=f"run-{run.pk}", metrics=outcome.metrics, chosen=chosen)
    with new_files() as files:
        rows = put_files(str(run.pk), outcome.files, files)
        try:
            _put_in_place(log, log_folder_of(run))
            _store_scores(run, outcome.scores)
            _store_left_out_scores(run, outcome.left_out_scores)
            with transaction.atomic():
                store_rows(run, rows)
                claims.finish(
                    run,
                    parameters=run.parameters,
                    metrics=outcome.metrics,
                    threshold=outcome.threshold,
                    threshold_reason=outcome.threshold_reason,
                )
        except BaseException:
            with suppress(
                OperationalError, InterfaceError
            ):  # then scores and log stay, and nobody reads them
                _take_back(run, outcome)
            raise


def _take_back(run: ModelRun, outcome: "Fitted") -> None:
    """Remove the log and the scores of a run that is not done after all."""
    if not ModelRun.objects.filter(pk=run.pk, status=ModelRun.Status.DONE).exists():
        shutil.rmtree(log_folder_of(run), ignore_errors=True)
        _store_scores(run, dict.fromkeys(outcome.scores))
        run.run_crops.update(left_out_score=None)


def _put_in_place(folder: Path, target: Path) -> None:
    """Move a folder, in place of what an earlier database may have left there."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder.replace(target)


def put_files(prefix: str, contents: Mapping[str, bytes], files: NewFiles) -> list[ModelFile]:
    """Store a model's files, by kind; gives their rows, which are still to be stored with their run."""
    rows = []
    for kind, content in contents.items():
        row = ModelFile(kind=kind, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
        name = row.file.field.generate_filename(row, f"{prefix}-{FILE_NAMES[ModelFile.Kind(kind)]}")
        row.file.name = files.save(name, ContentFile(content))
        rows.append(row)
    return rows


def store_rows(run: ModelRun, rows: Sequence[ModelFile]) -> None:
    """Write the rows of a run's files."""
    for row in rows:
        row.model_run = run
    ModelFile.objects.bulk_create(rows)


def _store_scores(run: ModelRun, by_part: Mapping[str, Sequence[float] | np.ndarray | None]) -> None:
    """Write the crops' scores, or take them back; nobody looks at them before the run is done."""
    scored: list[tuple[int, float | None]] = []
    for part, scores in by_part.items():
        keys = list(run.crops_of(part).values_list("pk", flat=True))
        values = [None] * len(keys) if scores is None else [float(score) for score in scores]
        scored += zip(keys, values, strict=True)
    write_in_batches(scored, lambda some: update(ModelRunCrop, "score", some), size=PLAIN_ROWS_AT_ONCE)


def _store_left_out_scores(run: ModelRun, scores: np.ndarray) -> None:
    """Write what models that had not seen their town said of the training crops."""
    keys = run.crops_of(ModelRunCrop.Part.TRAIN).values_list("pk", flat=True)
    scored = [(key, float(score)) for key, score in zip(keys, scores, strict=True) if np.isfinite(score)]
    write_in_batches(
        scored, lambda some: update(ModelRunCrop, "left_out_score", some), size=PLAIN_ROWS_AT_ONCE
    )
