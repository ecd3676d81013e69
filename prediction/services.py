"""What people ask of predictions: each prediction is a run of its own and replaces nothing."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import transaction

from damage.accounts.models import User
from damage.disk import trouble_explained
from damage.errors import Conflict, Refused
from damage.ingestion.models import Scene
from damage.ingestion.quarantine import check_scene_in_use
from damage.messages import Message as _
from damage.work import claims
from damage.work.locks import locked
from damage.work.progress import Progress, no_progress
from prediction.models import PredictionRun
from prediction.options import DEFAULT_OPTIONS, DEFAULT_RUNNER, MAX_IOU, PredictionOptions, RunnerConfig
from prediction.tasks import run_prediction
from training.models import ModelRun
from training.networks.model_input import ModelInput, gsd_warnings
from training.recovery import waiting_for_a_worker

# A run whose process was killed goes on by itself so often; then somebody has to look.
MOST_ATTEMPTS = 3


def request_prediction(
    scene: Scene, model_run: ModelRun, *, requested_by: User | None, threshold: float | None = None
) -> PredictionRun:
    """Queue a prediction; `manage.py db_worker` carries it out."""
    run = _new_run(scene, model_run, PredictionOptions(threshold=threshold), requested_by)
    with transaction.atomic():
        run.save()
        run_prediction.enqueue(run.pk)  # a row beside the run's own: both are there, or neither
    return run


def predict(
    scene: Scene,
    model_run: ModelRun,
    *,
    requested_by: User | None,
    threshold: float | None = None,
    max_iou: float | None = None,
    progress: Progress = no_progress,
) -> PredictionRun:
    """Run a model over one scene now, here; see `predict_all`."""
    options = PredictionOptions(threshold=threshold, max_iou=max_iou)
    (run,) = predict_all([scene], model_run, requested_by=requested_by, options=options, progress=progress)
    return run


def predict_all(
    scenes: Sequence[Scene],
    model_run: ModelRun,
    *,
    requested_by: User | None,
    options: PredictionOptions = DEFAULT_OPTIONS,
    runner_config: RunnerConfig = DEFAULT_RUNNER,
    progress: Progress = no_progress,
    begun: Callable[[list[PredictionRun]], None] = lambda runs: None,
) -> list[PredictionRun]:
    """Run a model over scenes now, as one queue; raises what stopped it, after recording the reason.

    `begun` is told the runs before the work, so that somebody knows which to resume.
    """
    runs = [_new_run(scene, model_run, options, requested_by) for scene in scenes]
    with claims.waiting_settled(runs):
        with transaction.atomic():
            for run in runs:
                run.save()
        begun(runs)
        _carry_out(runs, runner_config, progress)
    return runs


def resume(
    run: PredictionRun, *, runner_config: RunnerConfig = DEFAULT_RUNNER, progress: Progress = no_progress
) -> PredictionRun:
    """Go on now with a run that stopped, whose process was killed, or that waits; what is settled stays so."""
    claims.record_abandoned(run)
    if run.status != PredictionRun.Status.QUEUED:  # else it waits for a worker that perhaps never comes
        reopen(run)
    _carry_out([run], runner_config, progress)
    return run


def _carry_out(runs: Sequence[PredictionRun], runner_config: RunnerConfig, progress: Progress) -> None:
    # Heavy: the web process, which only queues runs, does without.
    from prediction.executor import carry_out
    from prediction.runners.choice import runner_for

    carry_out(runs, runner=runner_for(runner_config), progress=progress)


def explanation(
    scene: Scene,
    model_run: ModelRun,
    *,
    options: PredictionOptions = DEFAULT_OPTIONS,
    runner_config: RunnerConfig = DEFAULT_RUNNER,
) -> dict[str, Any]:
    """Which way a prediction would take on this machine, and why; nothing is predicted."""
    from damage.ingestion.reading import ground_share
    from damage.ingestion.scene_sources import source_of
    from prediction.plan_of_run import plan_of
    from prediction.runners.choice import runner_for

    plan = plan_of(scene, model_run, engine=options.engine, precision=options.precision)
    share = ground_share(source_of(scene))
    return {
        "scene": scene.name,
        "model_run": model_run.pk,
        "megapixels": round(scene.width_px * scene.height_px / 1e6, 1),
        "ground": "unknown before it is read" if share is None else f"{share:.0%} of the scene",
        "windows": plan.layout.grid.shape[0] * plan.layout.grid.shape[1],
        "blocks": len(plan.layout.blocks()),
        "work": runner_for(runner_config).words,
        "way": list(plan.reasons),
        "warnings": list(plan.warnings),
    }


def cancel(run: PredictionRun, *, by: User | None) -> None:
    """Stop a run that waits or works; its worker notices within seconds. What is settled stays for a continuation."""
    claims.cancel(run, by=by)


def request_continuation(run: PredictionRun) -> None:
    """Queue a run that stopped before its end once more; blocks that are settled are not done again."""
    claims.record_abandoned(run)
    with transaction.atomic():
        if run.status != PredictionRun.Status.QUEUED or run.pk in waiting_for_a_worker(run_prediction):
            reopen(run)
        run_prediction.enqueue(run.pk)


def continue_abandoned() -> list[PredictionRun]:
    """Queue the runs whose process was killed, as after a power cut; one to which it happens again and again waits."""
    abandoned = [run for run in PredictionRun.objects.running() if claims.record_abandoned(run)]
    going_on = [run for run in abandoned if run.attempts < MOST_ATTEMPTS]
    for run in going_on:
        request_continuation(run)
    return going_on


def check_has_scores(run: PredictionRun) -> None:
    """Raise `Refused` unless the run is finished and its scores are here."""
    if run.status != PredictionRun.Status.DONE:
        raise Refused(
            _("Prediction run %(run)s has no scores: it is %(status)s.")
            % {"run": run.pk, "status": run.get_status_display()}
        )
    if not run.score_file or not Path(run.score_file.path).exists():
        raise Refused(
            _("The scores of prediction run %(run)s are missing.") % {"run": run.pk},
            _("Predict the scene again."),
        )


def rethreshold(
    run: PredictionRun,
    *,
    threshold: float | None,
    max_iou: float | None = None,
    calibration: dict[str, Any] | None = None,
) -> None:
    """Look at a finished run through another threshold, without predicting again: its places and files change.

    `calibration` says how the threshold follows from a reviewed sample (`prediction.town_sample`); it is kept.
    """
    check_has_scores(run)
    from prediction import storing  # heavy, as in `_carry_out`

    chosen = run.threshold if threshold is None else threshold
    overlap = run.parameters["max_iou"] if max_iou is None else max_iou
    _check_look(chosen, overlap)
    with _alone_with(run):
        storing.rethreshold(run, threshold=chosen, max_iou=overlap, calibration=calibration)


def take_anew(run: PredictionRun) -> None:
    """Take a finished run's places from its scores anew, by what is known of its scene by now."""
    check_has_scores(run)
    from prediction import storing  # heavy, as in `_carry_out`

    with _alone_with(run):
        storing.take_anew(run)


@contextmanager
def _alone_with(run: PredictionRun) -> Iterator[None]:
    """Work on a finished run while nobody else does; its row is as stored afterwards."""
    with trouble_explained():
        folder = claims.folder_of(run)
        with locked(folder) as mine:
            if not mine:
                raise Conflict(
                    _("Another process works on prediction run %(run)s.") % {"run": run.pk},
                    _("Try again when it is done."),
                )
            try:
                yield
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    run.refresh_from_db()


def _check_look(threshold: float | None, max_iou: float) -> float:
    """The threshold, if both make sense."""
    if threshold is None or not 0 <= threshold <= 1:
        raise Refused(_("The threshold must lie between 0 and 1."), _("Give --threshold, for example 0.5."))
    if not 0 <= max_iou <= 1:
        raise Refused(_("The overlap that boxes may have must lie between 0 and 1."))
    return threshold


def reopen(run: PredictionRun) -> None:
    """Let a run that failed or was cancelled wait again."""
    check_scene_in_use(run.scene)
    stopped = PredictionRun.objects.filter(pk=run.pk, status__in=PredictionRun.STOPPED)
    reopened = stopped.update(status=PredictionRun.Status.QUEUED, error="", finished_at=None)
    run.refresh_from_db()
    if not reopened:
        raise Refused(
            _("Prediction run %(run)s cannot be continued: it is %(status)s.")
            % {"run": run.pk, "status": run.get_status_display()}
        )


def _new_run(
    scene: Scene, model_run: ModelRun, options: PredictionOptions, requested_by: User | None
) -> PredictionRun:
    """A new run, not saved yet, after refusing what cannot work."""
    if model_run.status != ModelRun.Status.DONE or not model_run.window_px:
        raise Refused(
            _("Model run %(run)s is not finished.") % {"run": model_run.pk}, _("Choose a finished model run.")
        )
    check_scene_in_use(scene)
    max_iou = MAX_IOU if options.max_iou is None else options.max_iou
    chosen = _check_look(model_run.threshold if options.threshold is None else options.threshold, max_iou)
    gsd_warnings(ModelInput(model_run.window_px, model_run.window_px, model_run.window_m), scene.gsd_m)
    return PredictionRun(
        scene=scene,
        model_run=model_run,
        requested_by=requested_by,
        threshold=chosen,
        parameters={
            "max_iou": max_iou,
            "threshold_from": "model" if options.threshold is None else "person",
            "wanted": {"engine": options.engine, "precision": options.precision},
        },
    )
