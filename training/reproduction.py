"""Doing a training again from what its row says, and telling whether the same came of it."""

from dataclasses import dataclass
from typing import Any

from damage.accounts.models import User
from damage.errors import Refused
from damage.messages import Message as _
from damage.work.claims import waiting_settled
from damage.work.progress import Progress, no_progress
from training.executor import carry_out
from training.models import ModelFile, ModelRun, ModelRunCrop
from training.networks.heads.classifiers import learnt_digest
from training.services import create_queued_run

# What the row says of how to train; the rest of it is what came of it.
GIVEN = ("question", "backbone", "head", "seed", "parameters", "dataset_sha256", "window_m", "window_px")


@dataclass(frozen=True)
class Reproduction:
    """A run and the one that did it again: what is equal to the last bit, and how far scores lie apart."""

    run: ModelRun
    again: ModelRun
    same_weights: bool
    same_metrics: bool
    largest_difference: float

    @property
    def is_equal(self) -> bool:
        """Whether every crop got the same score and every metric is the same."""
        return self.same_metrics and self.largest_difference == 0


def reproduce(
    run: ModelRun, *, requested_by: User | None = None, progress: Progress = no_progress
) -> Reproduction:
    """Train again with the run's own crops, seed and parameters, as a run of its own; compare what came of both."""
    if run.status != ModelRun.Status.DONE or not run.run_crops.exists():
        raise Refused(
            _("%(run)s cannot be done again.") % {"run": run.named},
            _("Choose a finished run that was trained here."),
        )
    again = _copied(run, requested_by)
    with waiting_settled([again]):
        carry_out(again, progress=progress)
    before, after = _scores(run), _scores(again)
    return Reproduction(
        run=run,
        again=again,
        same_weights=_weights(run) == _weights(again),
        same_metrics=_metrics(run) == _metrics(again),
        largest_difference=max(abs(before[crop] - after[crop]) for crop in before),
    )


def _copied(run: ModelRun, requested_by: User | None) -> ModelRun:
    given: dict[str, Any] = {name: getattr(run, name) for name in GIVEN}
    again = ModelRun(parent=run, requested_by=requested_by, **given)
    rows = run.run_crops.order_by("pk").values("crop_id", "part", "is_positive")
    create_queued_run(again, [ModelRunCrop(**row) for row in rows], list(run.unlabelled_crops.all()))
    return again


def _scores(run: ModelRun) -> dict[int, float]:
    rows = run.run_crops.exclude(score=None).values_list("crop_id", "score")
    return {crop: float(score or 0) for crop, score in rows}


def _weights(run: ModelRun) -> list[str]:
    """Digests of the weights as OpenVINO and skops keep them; Keras's and skops's files also hold their time."""
    digests = list(run.files.filter(kind=ModelFile.Kind.OPENVINO_BIN).values_list("sha256", flat=True))
    for row in run.files.filter(kind=ModelFile.Kind.SKOPS):
        with row.file.open("rb") as file:
            digests.append(learnt_digest(file.read()))
    return digests


def _metrics(run: ModelRun) -> tuple[Any, float | None]:
    return run.metrics, run.threshold
