"""How a damage map fares against people's squares: the second half of `real.py`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sklearn.metrics import roc_auc_score

from damage.ingestion.georeference import centres_lonlat
from damage.ingestion.services import ingest_mosaic
from damage.work.progress import progress_bar
from prediction.models import PredictionRun
from prediction.options import MAX_IOU
from prediction.score_rasters import read_score_raster
from prediction.services import predict
from training.models import ModelRun

AFTER, BEFORE = "kahramanmaras_2_post.tif", "kahramanmaras_2_pre.tif"


def kahramanmaras_map(
    model_run: ModelRun, data: Path, *, event: str, max_iou: float = MAX_IOU
) -> dict[str, Any]:
    """Predict Kahramanmaraş after and before the earthquake; the model must come from other towns."""
    runs = []
    for name in (AFTER, BEFORE):
        scene = ingest_mosaic(data / "mosaics" / name, event=event, town="Kahramanmaras", in_place=True).scene
        with progress_bar(name, "px") as progress:
            runs.append(predict(scene, model_run, requested_by=None, max_iou=max_iou, progress=progress))
    return map_figures(*runs, data / "squares.geojson")


def labelled_squares(squares_path: Path, scene_name: str) -> tuple[np.ndarray, np.ndarray]:
    """Outlines in lon/lat of the scene's squares, and whether each shows damage; "unsure" is left out."""
    features = json.loads(squares_path.read_text())["features"]
    of_scene = [
        feature
        for feature in features
        if feature["properties"]["scene"] == scene_name and feature["properties"]["label"] != "unsure"
    ]
    outlines = np.array([shapely.geometry.shape(feature["geometry"]) for feature in of_scene])
    return outlines, np.array([feature["properties"]["label"] == "damage" for feature in of_scene])


def map_figures(after: PredictionRun, before: PredictionRun, squares_path: Path) -> dict[str, Any]:
    """Detections against the squares of `after`'s scene, and their density after and before the earthquake."""
    outlines, is_damage = labelled_squares(squares_path, after.scene.name)
    places = np.array(after.found().values_list("lon", "lat"), float).reshape(-1, 2)
    points = shapely.points(places)
    holding = np.isin(
        np.arange(len(outlines)), shapely.STRtree(outlines).query(points, predicate="within")[1]
    )
    best = _best_scores(after, outlines)
    seen = best >= after.threshold
    return {
        "threshold": after.threshold,
        "squares": {"damage": int(is_damage.sum()), "no_damage": int((~is_damage).sum())},
        "share_with_a_detection": _shares(holding, is_damage),
        "share_above_the_threshold_before_suppression": _shares(seen, is_damage),
        "auc_of_the_best_window": round(float(roc_auc_score(is_damage, best)), 3),
        "detections": {"after": after.found().count(), "before": before.found().count()},
        "detections_per_km2": {"after": _density(after), "before": _density(before)},
        "megapixels_per_second": {"after": _speed(after), "before": _speed(before)},
    }


def _shares(flags: np.ndarray, is_damage: np.ndarray) -> dict[str, float]:
    """Share of flagged squares among those with and without damage."""
    return {
        "damage": round(float(flags[is_damage].mean()), 3),
        "no_damage": round(float(flags[~is_damage].mean()), 3),
    }


def _best_scores(run: PredictionRun, outlines: np.ndarray) -> np.ndarray:
    """The highest score among the windows whose centre lies in each square, else that of the nearest window."""
    scores, grid = read_score_raster(Path(run.score_file.path))
    rows, columns = np.nonzero(~np.isnan(scores))
    boxes = grid.boxes(rows, columns)
    lons, lats = centres_lonlat(boxes, transform=run.scene.transform or (), crs_wkt=run.scene.crs_wkt)
    centres = shapely.STRtree(shapely.points(lons, lats))
    values = scores[rows, columns]
    best = values[centres.nearest(shapely.centroid(outlines))]
    squares, windows = centres.query(outlines, predicate="contains")
    np.maximum.at(best, squares, values[windows])
    return best


def _area_km2(run: PredictionRun) -> float:
    return run.scene.width_px * run.scene.height_px * (run.scene.gsd_m or 0) ** 2 / 1e6


def _density(run: PredictionRun) -> float:
    return round(run.found().count() / _area_km2(run), 1)


def _speed(run: PredictionRun) -> float:
    return round(run.scene.width_px * run.scene.height_px / 1e6 / run.timings_s["scoring"], 2)
