"""Real mosaics: four coordinate systems, pixels in degrees, and holes."""

import csv

import numpy as np
import pytest
import rasterio
import shapely

from damage.ingestion.georeference import centres_lonlat
from damage.ingestion.services import ingest_mosaic
from prediction.score_rasters import read_score_raster
from prediction.services import predict


def test_boxes_lie_where_the_labelled_crops_were_measured(shared):
    with (shared / "data" / "crops.csv").open() as file:
        crops = [row for row in csv.DictReader(file) if row["scene"] == "kahramanmaras_2_post.tif"]
    boxes = np.array(
        [[int(row["x"]), int(row["y"]), int(row["size_px"]), int(row["size_px"])] for row in crops]
    )
    with rasterio.open(shared / "data" / "mosaics" / "kahramanmaras_2_post.tif") as dataset:
        lons, lats = centres_lonlat(boxes, transform=dataset.transform[:6], crs_wkt=dataset.crs.to_wkt())
    assert len(boxes) == 499
    assert lons == pytest.approx([float(row["lon"]) for row in crops], abs=1e-6)
    assert lats == pytest.approx([float(row["lat"]) for row in crops], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "has_holes"),
    [
        ("turkoglu_1_post.tif", False),  # EPSG:32637
        ("banepa_nepal_oam_13cm.tif", False),  # EPSG:4326, pixels in degrees
        ("kampala_a_oam_7cm.tif", False),  # EPSG:3857
        ("drippingsprings_tx_odm_5cm_rgba.tif", True),  # EPSG:32614, alpha
    ],
)
def test_a_real_mosaic_is_scored_and_its_boxes_lie_inside_its_outline(
    shared, model_run, engine, name, has_holes
):
    scene = ingest_mosaic(shared / "data" / "mosaics" / name, event="Real", town=name, in_place=True).scene
    model_run.window_m, model_run.window_px = 20.0, 40
    model_run.save()
    run = predict(scene, model_run, requested_by=None, threshold=0.0)
    assert run.found().count() > 0
    outline = shapely.geometry.shape(scene.footprint_4326).buffer(10 / 111_320)
    assert all(outline.contains(shapely.Point(place)) for place in run.found().values_list("lon", "lat"))
    scores, grid = read_score_raster(run.score_file.path)
    assert np.isnan(scores).any() == has_holes
    assert grid.window_px * grid.scale * scene.gsd_m == pytest.approx(20, abs=0.6)
