"""What happens to prediction runs: each prediction is a run of its own and replaces nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter
from typing import Any
from uuid import uuid4

import numpy as np
from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from damage.accounts.models import User
from damage.errors import Refused
from damage.ingestion.models import Scene, SceneKind
from damage.progress import Progress, no_progress
from prediction.addresses import ADDRESSES
from prediction.exports import Finding, write_geojson, write_shapefile_zip
from prediction.models import Detection, PredictionRun
from prediction.places import centres_lonlat
from prediction.reading import LEAST_VALID_SHARE
from prediction.score_rasters import write_score_raster
from prediction.scoring import MAX_IOU, Engine, boxes_above, window_scores
from prediction.tasks import run_prediction
from prediction.windows import OVERLAP, Grid, Sight, grid_for, gsd_warnings
from training.models import ModelRun
from training.services import find_question

# Boxes are kept from this score up, or from the threshold where that is lower.
LEAST_KEPT_SCORE = 0.1
SECONDS_BETWEEN_REPORTS = 1.0
OUTPUTS = {
    "score_file": "scores.tif",
    "geojson_file": "detections.geojson",
    "shapefile_zip": "detections.zip",
}


@dataclass(frozen=True)
class Findings:
    """What a run found, best first and below its threshold too, and the files that tell it."""

    rows: list[Finding]
    files: dict[str, Path]
    timings_s: dict[str, float]


def request_prediction(
    scene: Scene, model_run: ModelRun, *, requested_by: User | None, threshold: float | None = None
) -> PredictionRun:
    """Queue a prediction; `manage.py db_worker` carries it out."""
    with transaction.atomic():
        run = _queued_run(scene, model_run, requested_by=requested_by, threshold=threshold)
        transaction.on_commit(partial(run_prediction.enqueue, run.pk))
    return run


def predict(
    scene: Scene,
    model_run: ModelRun,
    *,
    requested_by: User | None,
    threshold: float | None = None,
    max_iou: float = MAX_IOU,
    progress: Progress = no_progress,
) -> PredictionRun:
    """Run a model over a scene now; raises `Refused`, and whatever stopped it, after recording the reason."""
    run = _queued_run(scene, model_run, requested_by=requested_by, threshold=threshold, max_iou=max_iou)
    return carry_out(run, progress=progress)


def carry_out(run: PredictionRun, *, progress: Progress = no_progress) -> PredictionRun:
    """Do the work of a queued run: all of it is stored, or nothing and the reason."""
    claim(run)
    try:
        with _disk_trouble_explained(), TemporaryDirectory(prefix="prediction-") as folder:
            _store(run, _findings(run, Path(folder), progress))
    except BaseException as error:
        _record_failure(run, error)
        raise
    return run


def claim(run: PredictionRun) -> None:
    """Make a queued run this process's own; raises `Refused` where another has it or it is settled."""
    now = timezone.now()
    waiting = PredictionRun.objects.filter(pk=run.pk, status=PredictionRun.Status.QUEUED)
    if not waiting.update(
        status=PredictionRun.Status.RUNNING,
        claim=uuid4().hex,
        attempts=F("attempts") + 1,
        started_at=now,
        heartbeat_at=now,
        pixels_done_before=F("pixels_done"),
    ):
        raise Refused(_("Prediction run %(run)s is not waiting to be carried out.") % {"run": run.pk})
    run.refresh_from_db()


def cancel(run: PredictionRun, *, by: User | None) -> None:
    """Stop a run that waits or works; its worker notices within seconds. What is settled stays for a continuation."""
    who = by.get_username() if by else _("the command line")
    stopped = PredictionRun.objects.filter(pk=run.pk, status__in=PredictionRun.UNSETTLED).update(
        status=PredictionRun.Status.CANCELLED,
        claim="",
        error=_("Cancelled by %(who)s.") % {"who": who},
        finished_at=timezone.now(),
    )
    run.refresh_from_db()
    if not stopped:
        raise Refused(
            _("Prediction run %(run)s is not waiting or running: it is %(status)s.")
            % {"run": run.pk, "status": run.get_status_display()}
        )


def request_continuation(run: PredictionRun) -> None:
    """Queue a run that failed or was cancelled once more; blocks that are settled are not done again."""
    with transaction.atomic():
        reopen(run)
        transaction.on_commit(partial(run_prediction.enqueue, run.pk))


def reopen(run: PredictionRun) -> None:
    """Let a run that failed or was cancelled wait again."""
    stopped = PredictionRun.objects.filter(pk=run.pk, status__in=PredictionRun.STOPPED)
    reopened = stopped.update(status=PredictionRun.Status.QUEUED, error="", finished_at=None)
    run.refresh_from_db()
    if not reopened:
        raise Refused(
            _("Prediction run %(run)s cannot be continued: it is %(status)s.")
            % {"run": run.pk, "status": run.get_status_display()}
        )


@contextmanager
def _disk_trouble_explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(
            _("The prediction could not be written: %(error)s.") % {"error": error},
            _("Make room on the disk, then predict again."),
        ) from error


def _queued_run(
    scene: Scene,
    model_run: ModelRun,
    *,
    requested_by: User | None,
    threshold: float | None,
    max_iou: float = MAX_IOU,
) -> PredictionRun:
    """A new row, after refusing what cannot work."""
    if scene.kind != SceneKind.MOSAIC:
        raise Refused(
            _("%(scene)s is a photo without a georeference.") % {"scene": scene},
            _("Predict on an orthomosaic made from the photos."),
        )
    if model_run.status != ModelRun.Status.DONE or not model_run.window_px:
        raise Refused(
            _("Model run %(run)s is not finished.") % {"run": model_run.pk}, _("Choose a finished model run.")
        )
    chosen = model_run.threshold if threshold is None else threshold
    if chosen is None or not 0 <= chosen <= 1:
        raise Refused(_("The threshold must lie between 0 and 1."), _("Give --threshold, for example 0.5."))
    if not 0 <= max_iou <= 1:
        raise Refused(_("The overlap that boxes may have must lie between 0 and 1."))
    gsd_warnings(_sight(model_run, input_size_px=model_run.window_px), scene.gsd_m)
    parameters = {"max_iou": max_iou, "threshold_from": "model" if threshold is None else "person"}
    return PredictionRun.objects.create(
        scene=scene, model_run=model_run, requested_by=requested_by, threshold=chosen, parameters=parameters
    )


def _loaded_engine(model_run: ModelRun) -> Engine:
    from training.inference import load_engine  # heavy: the web process, which only queues runs, does without

    return load_engine(model_run)


def _sight(model_run: ModelRun, *, input_size_px: int) -> Sight:
    return Sight(input_size_px, model_run.window_px or 0, model_run.window_m)


def _findings(run: PredictionRun, folder: Path, progress: Progress) -> Findings:
    """Score the scene's windows, keep the best boxes, place and name them, write the files into `folder`."""
    begun = perf_counter()
    engine = _loaded_engine(run.model_run)
    scene = run.scene
    grid, warnings = grid_for(
        _sight(run.model_run, input_size_px=engine.input_size_px),
        width_px=scene.width_px,
        height_px=scene.height_px,
        gsd_m=scene.gsd_m,
    )
    run.parameters |= _parameters(run, grid, engine.input_size_px, warnings)
    run.windows_total = grid.shape[0] * grid.shape[1]
    scores, seconds = window_scores(scene.path, grid, engine, progress=_reported(run, progress))
    georeference: dict[str, Any] = {"transform": scene.transform, "crs_wkt": scene.crs_wkt}
    files = {field: folder / name for field, name in OUTPUTS.items()}
    write_score_raster(files["score_file"], scores, grid, **georeference)

    floor = run.parameters["least_kept_score"]
    boxes, above = boxes_above(scores, grid, threshold=floor, max_iou=run.parameters["max_iou"])
    lons, lats = centres_lonlat(boxes, **georeference)
    rows = _rows(run, boxes, above, lons, lats)
    found = [row for row in rows if row.score >= run.threshold]
    write_geojson(files["geojson_file"], found)
    write_shapefile_zip(files["shapefile_zip"], found)
    timings_s = {
        "scoring": seconds.total,
        "network": seconds.network,
        "waiting_for_pixels": seconds.waiting,
        "all": perf_counter() - begun,
    }
    return Findings(rows, files, {name: round(value, 3) for name, value in timings_s.items()})


def _parameters(run: PredictionRun, grid: Grid, input_size_px: int, warnings: list[str]) -> dict[str, Any]:
    """What else decides the result, for the run's row."""
    return {
        "grid": grid.as_json(),
        "overlap": OVERLAP,
        "gsd_m": run.scene.gsd_m,
        "least_kept_score": min(LEAST_KEPT_SCORE, run.threshold),
        "input_size_px": input_size_px,
        "least_valid_share": LEAST_VALID_SHARE,
        "geocoder": settings.ENVIRONMENT.geocoder,
        "warnings": warnings,
    }


def _reported(run: PredictionRun, progress: Progress) -> Callable[[int, int], None]:
    """Tell `progress`, and about once a second the row."""
    last = -SECONDS_BETWEEN_REPORTS
    pixels = run.scene.width_px * run.scene.height_px

    def tell(done: int, total: int) -> None:
        nonlocal last
        progress(done, total)
        if monotonic() - last >= SECONDS_BETWEEN_REPORTS or done == total:
            last = monotonic()
            run.pixels_done, run.pixels_total = done * pixels // total, pixels
            PredictionRun.objects.filter(pk=run.pk).update(
                pixels_done=run.pixels_done, pixels_total=pixels, heartbeat_at=timezone.now()
            )

    return tell


def _rows(
    run: PredictionRun, boxes: np.ndarray, scores: np.ndarray, lons: np.ndarray, lats: np.ndarray
) -> list[Finding]:
    addresses = ADDRESSES[settings.ENVIRONMENT.geocoder](lons, lats)
    return [
        Finding(
            rank=rank,
            score=min(max(float(score), 0.0), 1.0),
            address=address[:300],
            lon=round(float(lon), 7),
            lat=round(float(lat), 7),
            **dict(zip(("x_px", "y_px", "width_px", "height_px"), map(int, box), strict=True)),
            scene=run.scene.name,
            run=run.pk,
            model=run.model_run_id,
        )
        for rank, (box, score, lon, lat, address) in enumerate(
            zip(boxes, scores, lons, lats, addresses, strict=True), start=1
        )
    ]


def _store(run: PredictionRun, findings: Findings) -> None:
    """Put files, detections and the finished row in place together."""
    stored = []
    try:
        for field, path in findings.files.items():
            with path.open("rb") as file:
                getattr(run, field).save(f"prediction-{run.pk}-{path.name}", File(file), save=False)
            stored.append(getattr(run, field))
        with transaction.atomic():
            Detection.objects.bulk_create(
                (_detection(run, finding) for finding in findings.rows), batch_size=1000
            )
            run.status, run.finished_at = PredictionRun.Status.DONE, timezone.now()
            run.timings_s = findings.timings_s
            run.save()
    except BaseException:
        for file_field in stored:
            file_field.delete(save=False)
        raise


def _detection(run: PredictionRun, finding: Finding) -> Detection:
    names = ("x_px", "y_px", "width_px", "height_px", "lon", "lat", "score", "address")
    return Detection(run=run, **{name: getattr(finding, name) for name in names})


def _record_failure(run: PredictionRun, error: BaseException) -> None:
    if isinstance(error, KeyboardInterrupt):
        reason = _("Interrupted.")
    else:
        reason = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
    PredictionRun.objects.filter(pk=run.pk).update(
        status=PredictionRun.Status.FAILED, error=reason, finished_at=timezone.now()
    )
    with suppress(PredictionRun.DoesNotExist):
        run.refresh_from_db()


def find_scene(name_or_id: str) -> Scene:
    """The scene with this id or file name; a name that several scenes share is refused with their ids."""
    if name_or_id.isdecimal() and (scene := Scene.objects.filter(pk=int(name_or_id)).first()):
        return scene
    scenes = list(Scene.objects.filter(name=name_or_id).select_related("town__event").order_by("pk"))
    if not scenes:
        raise Refused(
            _("There is no scene %(name)s.") % {"name": name_or_id},
            _("Ingest it first, with ingest_mosaic, or give its number or file name."),
        )
    if len(scenes) > 1:
        numbers = "; ".join(f"{scene.pk} ({scene.town.event}, {scene.town})" for scene in scenes)
        raise Refused(
            _("Several scenes are called %(name)s.") % {"name": name_or_id},
            _("Give one's number: %(numbers)s.") % {"numbers": numbers},
        )
    return scenes[0]


def chosen_model(number: int | None, *, question: str) -> ModelRun:
    """The model run of this number, or the question's current one."""
    if number is not None:
        if chosen := ModelRun.objects.filter(pk=number).first():
            return chosen
        raise Refused(_("There is no model run %(run)s.") % {"run": number})
    if current := ModelRun.objects.current(find_question(question)):
        return current
    raise Refused(
        _("The question %(question)s has no trained model.") % {"question": question},
        _("Train one first: manage.py train --question %(question)s") % {"question": question},
    )
