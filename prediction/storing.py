"""Putting a finished run in place: rasters, detections, exports and the row, together or not at all."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from django.conf import settings
from django.core.files import File
from django.db import InterfaceError, OperationalError, models, transaction

from damage.batches import write_in_batches
from damage.clock import database_now
from damage.errors import Conflict
from damage.ingestion.models import SceneKind
from damage.ingestion.scene_places import scene_lonlat
from damage.messages import Message as _
from damage.stored_files import NewFiles, new_files, remove_unnamed, work_folder
from damage.work import claims
from prediction.addresses import ADDRESSES
from prediction.exports import Finding, Place, write_geojson, write_shapefile_zip
from prediction.models import Detection, PredictionRun
from prediction.plan import Plan
from prediction.postprocess import boxes_above, digest, scores_of
from prediction.score_rasters import read_score_raster, write_heat_raster, write_score_raster
from prediction.windows import Grid

# Boxes are kept from this score up, or from the threshold where that is lower.
LEAST_KEPT_SCORE = 0.1
OUTPUTS = {
    "score_file": "scores.tif",
    "heat_file": "heat.tif",
    "geojson_file": "detections.geojson",
    "shapefile_zip": "detections.zip",
}
EXPORTS = ("geojson_file", "shapefile_zip")


def store(run: PredictionRun, plan: Plan, values: np.ndarray, *, seconds: float) -> None:
    """Store what a run's values say; raises `ClaimLost`, with nothing stored, when the run is not this process's."""
    begun = perf_counter()
    grid = plan.layout.grid
    scores = scores_of(values, plan.layout)
    run.parameters |= {
        "least_kept_score": min(LEAST_KEPT_SCORE, run.threshold),
        "geocoder": settings.ENVIRONMENT.geocoder,
    }
    with work_folder("prediction") as folder:
        files = {field: folder / name for field, name in OUTPUTS.items()}
        write_score_raster(files["score_file"], scores, grid, **_georeference(run))
        write_heat_raster(files["heat_file"], values, plan.layout, **_georeference(run))
        rows = findings(run, scores, grid)
        _write_exports(files, [row for row in rows if row.score >= run.threshold])
        timings_s = {"scoring": seconds, "all": seconds + perf_counter() - begun}
        _put_in_place(
            run,
            files,
            rows,
            partial(claims.write, run),
            status=PredictionRun.Status.DONE,
            finished_at=database_now(),
            units_done=run.units_done,
            windows_total=scores.size,
            result_sha256=digest(values),
            parameters=run.parameters,
            timings_s={name: round(value, 3) for name, value in timings_s.items()},
        )


def _threshold_from(calibration: dict[str, Any] | None) -> str:
    if not calibration:
        return "person"
    return "undamaged" if calibration["goal"] == "undamaged" else "sample"


def findings(run: PredictionRun, scores: np.ndarray, grid: Grid) -> list[Finding]:
    """The places that scores show, best first and below the run's threshold too, each with its position and address."""
    boxes, above = boxes_above(
        scores, grid, threshold=run.parameters["least_kept_score"], max_iou=run.parameters["max_iou"]
    )
    kind, places, addresses = _whereabouts(run, boxes)
    return [
        Finding(
            rank=rank,
            score=min(max(float(score), 0.0), 1.0),
            address=address[:300],
            lon=lon,
            lat=lat,
            place=kind,
            **dict(zip(("x_px", "y_px", "width_px", "height_px"), map(int, box), strict=True)),
            scene=run.scene.name,
            run=run.pk,
            model=run.model_run_id,
        )
        for rank, (box, score, (lon, lat), address) in enumerate(
            zip(boxes, above, places, addresses, strict=True), start=1
        )
    ]


def _whereabouts(
    run: PredictionRun, boxes: np.ndarray
) -> tuple[Place, list[tuple[float, float]] | list[tuple[None, None]], list[str]]:
    """Positions (lon, lat) and addresses of boxes: of their centres, else all of the camera that took a photo."""
    scene, count = run.scene, len(boxes)
    addresses_at = ADDRESSES[run.parameters["geocoder"]]
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    if on_ground := scene_lonlat(scene, centres[:, 0], centres[:, 1]):
        lons, lats = on_ground
        places = [(round(float(lon), 7), round(float(lat), 7)) for lon, lat in zip(lons, lats, strict=True)]
        return "projected" if scene.kind == SceneKind.PHOTO else "exact", places, addresses_at(lons, lats)
    if scene.lon is None or scene.lat is None:
        return "approximate", [(None, None)] * count, [""] * count
    (address,) = addresses_at(np.array([scene.lon]), np.array([scene.lat])) if count else ("",)
    return "approximate", [(scene.lon, scene.lat)] * count, [address] * count


def _georeference(run: PredictionRun) -> dict[str, Any]:
    return {"transform": run.scene.transform, "crs_wkt": run.scene.crs_wkt}


def _write_exports(files: dict[str, Path], found: Sequence[Finding]) -> None:
    write_geojson(files["geojson_file"], found)
    write_shapefile_zip(files["shapefile_zip"], found)


def rethreshold(
    run: PredictionRun, *, threshold: float, max_iou: float, calibration: dict[str, Any] | None = None
) -> None:
    """Look at a finished run's scores with another threshold; see `take_anew`."""
    run.threshold = threshold
    run.parameters |= {
        "max_iou": max_iou,
        "threshold_from": _threshold_from(calibration),
        "least_kept_score": min(LEAST_KEPT_SCORE, threshold),
        **({"calibration": calibration} if calibration else {}),
    }
    take_anew(run)


def take_anew(run: PredictionRun) -> None:
    """Take a finished run's detections and exports from its scores anew; the network is not asked."""
    scores, grid = read_score_raster(Path(run.score_file.path))
    with work_folder("prediction") as folder:
        files = {field: folder / OUTPUTS[field] for field in EXPORTS}
        rows = findings(run, scores, grid)
        _write_exports(files, [row for row in rows if row.score >= run.threshold])
        write = partial(_write_finished, run)
        _put_in_place(run, files, rows, write, threshold=run.threshold, parameters=run.parameters)


def _write_finished(run: PredictionRun, **fields: Any) -> None:
    """Update a finished run, unless somebody else looked at it anew since it was read."""
    unchanged = PredictionRun.objects.filter(pk=run.pk, status=PredictionRun.Status.DONE, look=run.look)
    if not unchanged.update(**fields):
        raise Conflict(
            _("Prediction run %(run)s was changed by somebody else meanwhile.") % {"run": run.pk},
            _("Look at it, and ask again."),
        )


def _put_in_place(
    run: PredictionRun,
    paths: dict[str, Path],
    rows: Sequence[Finding],
    write: Callable[..., object],
    **fields: Any,
) -> None:
    """Save the files, then the rows as a new look, then `fields` and the look: from then on it is the one that shows.

    What fails leaves the look that was there, and takes its own files and rows away.
    """
    look = secrets.randbelow(2**31 - 1) + 1  # two that work at once never mix
    replaced = [name for field in paths if (name := getattr(run, field).name)]
    with new_files() as files:
        try:
            stored = {field: _store_file(run, field, path, files) for field, path in paths.items()}
            write_in_batches(
                [_detection(run, look, row) for row in rows],
                lambda some: Detection.objects.bulk_create(some, batch_size=len(some)),
            )
            for name in replaced:
                files.append(name)  # which no row names once this is written
            with transaction.atomic():
                write(**stored, look=look, **fields)
        except BaseException:
            with suppress(OperationalError, InterfaceError):  # then the next start does it
                remove_other_looks(run)
            raise
        remove_unnamed(replaced)
    remove_other_looks(run)


def _store_file(run: PredictionRun, field: str, path: Path, files: NewFiles) -> str:
    name = getattr(run, field).field.generate_filename(run, f"prediction-{run.pk}-{path.name}")
    with path.open("rb") as content:
        return files.save(name, File(content))


def remove_other_looks(run: PredictionRun) -> None:
    """Delete a run's detections that are not of the look that shows: replaced, or never finished."""
    others = run.detections.exclude(look=models.F("run__look")).order_by()
    write_in_batches(
        list(others.values_list("pk", flat=True)),
        lambda some: Detection.objects.filter(pk__in=some).delete(),
    )


def _detection(run: PredictionRun, look: int, finding: Finding) -> Detection:
    names = ("x_px", "y_px", "width_px", "height_px", "lon", "lat", "score", "address")
    return Detection(run=run, look=look, **{name: getattr(finding, name) for name in names})
