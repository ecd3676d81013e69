"""The files of a practice event, read with other tools than those that wrote them."""

import hashlib
import json

import numpy as np
import pytest
import rasterio
from PIL import Image
from pyproj import Geod
from rasterio.warp import transform as to_crs

from damage.ingestion.exif import camera_gsd_m, read_photo_facts
from damage.practice.events import read_practice_event, write_practice_event
from damage.practice.plan import DAMAGES, LOOKALIKES


def truth_of(town) -> list[dict]:
    return json.loads(town.truth.read_text())["features"]


def pixels_in(mosaic, ring) -> np.ndarray:
    """The pixels round the middle of a ring, found through the mosaic's own georeference."""
    lons, lats = zip(*ring[:4], strict=True)
    xs, ys = to_crs("EPSG:4326", mosaic.crs, lons, lats)
    row, column = mosaic.index(sum(xs) / 4, sum(ys) / 4)
    return mosaic.read(window=((row - 4, row + 5), (column - 4, column + 5))).astype(float)


def test_every_degree_and_every_lookalike_occurs_in_every_town(small_event):
    for town in small_event.towns:
        properties = [feature["properties"] for feature in truth_of(town)]
        assert {one["damage"] for one in properties if one["kind"] == "building"} == set(DAMAGES)
        assert {one["lookalike"] for one in properties if one["kind"] == "lookalike"} == set(LOOKALIKES)
        assert {one["damage"] for one in properties if one["kind"] == "lookalike"} == {"none"}


def test_the_towns_truth_names_the_town(small_event):
    assert {f["properties"]["town"] for f in truth_of(small_event.towns[0])} == {small_event.towns[0].name}


def test_the_rubble_of_the_truth_is_where_the_town_changed(small_event):
    town = small_event.towns[-1]
    with rasterio.open(town.mosaic) as after, rasterio.open(town.mosaic_before) as before:
        for feature in truth_of(town):
            if ring := feature["properties"]["rubble"]:
                change = abs(pixels_in(after, ring) - pixels_in(before, ring)).mean()
                assert change > 12, feature
        whole = abs(after.read().astype(float) - before.read()).mean(axis=0)
    assert np.median(whole) < 3  # most of the town stands as it stood, but for JPEG


def test_a_standing_building_is_where_its_polygon_says(small_event):
    """The mean colour inside the polygons of undamaged tiled roofs is redder than the town's."""
    town = small_event.towns[-1]
    with rasterio.open(town.mosaic_before) as before:
        bands = before.read().astype(float)
        town_spread = (bands[0] - bands[2])[before.dataset_mask() > 0].mean()
        features = [f for f in truth_of(town) if f["properties"]["kind"] == "building"]
        spread = [pixels_in(before, one["geometry"]["coordinates"][0]) for one in features]
    redness = [float((one[0] - one[2]).mean()) for one in spread]
    assert max(redness) > 3 * town_spread


def test_the_border_of_a_mosaic_is_nodata_and_its_middle_is_not(small_event):
    with rasterio.open(small_event.towns[0].mosaic) as mosaic:
        mask = mosaic.dataset_mask()
        assert (mosaic.crs.to_epsg(), mosaic.count, mosaic.dtypes[0]) == (32613, 3, "uint8")
        assert mosaic.res == (0.2, 0.2)
        edges = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
        assert (edges == 0).all()
        inner = round(10 / 0.2)
        assert (mask[inner:-inner, inner:-inner] == 255).all()


def test_a_photos_position_is_the_middle_of_what_it_shows(small_event):
    """Objects' boxes and the truth's lon/lat, through the GSD and north, lead back to the EXIF position."""
    town = small_event.towns[0]
    truth = {feature["id"]: feature for feature in truth_of(town)}
    boxes = json.loads(town.photo_truth.read_text())
    geod = Geod(ellps="WGS84")
    for photo in town.photos:
        facts = read_photo_facts(photo)
        gsd_m = camera_gsd_m(facts, 400)
        whole = [
            one
            for one in boxes[photo.name]
            if min(one["box_px"]) > 1 and one["box_px"][2] < 399 and one["box_px"][3] < 299
        ]
        assert whole
        for one in whole:
            left, top, right, bottom = one["box_px"]
            from_middle_m = gsd_m * np.hypot((left + right) / 2 - 200, (top + bottom) / 2 - 150)
            lons, lats = zip(*truth[one["object"]]["geometry"]["coordinates"][0][:4], strict=True)
            on_earth_m = geod.inv(facts.lon, facts.lat, np.mean(lons), np.mean(lats))[2]
            assert on_earth_m == pytest.approx(from_middle_m, abs=1.0)


def test_photos_carry_what_a_drone_writes(small_event):
    facts = [read_photo_facts(photo) for photo in small_event.towns[0].photos]
    assert all(one.camera_make and one.camera_model and one.captured_at for one in facts)
    assert all(one.gimbal_pitch_deg == -90 and one.focal_35mm_mm == 24 for one in facts)
    assert all(one.altitude_m == pytest.approx(1480 + one.height_above_ground_m, abs=0.01) for one in facts)
    assert [one.orientation for one in facts] == [1, 1, 3]
    assert Image.open(small_event.towns[0].photos[0]).size == (400, 300)


def test_the_same_seed_writes_the_same_files(small_event, small_folder, tmp_path, small_size):
    again = tmp_path / "again"
    write_practice_event(again, seed=3, **small_size)

    def digests(folder):
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    assert digests(again) == digests(small_folder)


def test_another_seed_draws_another_town(small_event, tmp_path, small_size):
    other = write_practice_event(tmp_path / "other", seed=4, **(small_size | {"towns": 1}))
    assert truth_of(other.towns[0]) != truth_of(small_event.towns[0])


def test_an_interrupted_event_leaves_nothing(tmp_path, small_size):
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_practice_event(tmp_path / "event", seed=3, progress=interrupt, **small_size)
    assert list(tmp_path.iterdir()) == []


def test_it_never_writes_over_what_is_there(small_event, small_folder, small_size):
    with pytest.raises(FileExistsError):
        write_practice_event(small_folder, seed=3, **small_size)
    assert read_practice_event(small_folder) == small_event
