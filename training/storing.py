"""Putting what came of a training in place: files, log, scores and the row together, or none of them."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction

from training import claims
from training.models import ModelFile, ModelRun, ModelRunCrop

if TYPE_CHECKING:  # heavy: only the process that trains loads TensorFlow
    from training.fitting import Fitted

FILE_NAMES = {
    ModelFile.Kind.KERAS: "model.keras",
    ModelFile.Kind.OPENVINO_XML: "model.xml",
    ModelFile.Kind.OPENVINO_BIN: "model.bin",
    ModelFile.Kind.SKOPS: "model.skops",
}
ROWS_AT_ONCE = 500


def log_folder_of(run: ModelRun) -> Path:
    """Where TensorBoard's log of a finished training lies. Nothing reads it but TensorBoard: it may be deleted."""
    return Path(settings.DATA_DIR) / "tensorboard" / f"run-{run.pk}"


def store(run: ModelRun, outcome: "Fitted") -> None:
    """Put files, scores, log and the finished row in place together."""
    from training.logbook import write_log

    log = claims.folder_of(run) / "log"
    chosen = {"backbone": run.backbone, "seed": run.seed, "head_name": run.head, **run.parameters}
    write_log(log, name=f"run-{run.pk}", metrics=outcome.metrics, chosen=chosen)
    files = put_files(run, outcome.files)
    try:
        with transaction.atomic():
            ModelFile.objects.bulk_create(files)
            _store_scores(run, outcome)
            claims.finish(
                run,
                parameters=run.parameters,
                metrics=outcome.metrics,
                threshold=outcome.threshold,
                threshold_reason=outcome.threshold_reason,
            )
            _put_in_place(log, log_folder_of(run))
    except BaseException:
        remove_files(files)
        raise


def _put_in_place(folder: Path, target: Path) -> None:
    """Move a folder, in place of what an earlier database may have left there."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder.replace(target)


def put_files(run: ModelRun, contents: Mapping[str, bytes]) -> list[ModelFile]:
    """Put a model's files, by kind, in their place; gives their rows, not yet stored."""
    files: list[ModelFile] = []
    try:
        for kind, content in contents.items():
            row = ModelFile(
                model_run=run,
                kind=kind,
                sha256=hashlib.sha256(content).hexdigest(),
                size_bytes=len(content),
            )
            row.file.save(f"{run.pk}-{FILE_NAMES[ModelFile.Kind(kind)]}", ContentFile(content), save=False)
            files.append(row)
    except BaseException:
        remove_files(files)
        raise
    return files


def remove_files(files: Sequence[ModelFile]) -> None:
    """Take files away whose rows are not stored after all."""
    for row in files:
        row.file.delete(save=False)


def _store_scores(run: ModelRun, outcome: "Fitted") -> None:
    rows = []
    for part, scores in outcome.scores.items():
        for row, score in zip(run.crops_of(part), scores, strict=True):
            row.score = float(score)
            rows.append(row)
    # Not `bulk_update`, whose statement grows with its rows and takes seconds to make.
    ModelRunCrop.objects.bulk_create(
        rows, batch_size=ROWS_AT_ONCE, update_conflicts=True, unique_fields=["pk"], update_fields=["score"]
    )
