"""Photos' places through the API, and who sees the photo viewer."""

from io import BytesIO

import pytest
from django.urls import reverse
from PIL import Image

from damage.ingestion.models import Scene
from prediction.models import Detection, PredictionRun
from prediction.photos import photos_beside
from tests.prediction.test_photos import LAT, LON, turned_photo


@pytest.fixture
def photo(town, tmp_path) -> Scene:
    """A photo that is shown upright, 150 x 200 px, with red at (10, 12), and stored lying."""
    path = turned_photo(tmp_path / "DJI_0005.JPG")
    return Scene.objects.create(
        town=town, kind="photo", name=path.name, sha256="b" * 64, size_bytes=path.stat().st_size,
        in_place_path=str(path), width_px=150, height_px=200, band_count=3, lon=LON, lat=LAT, exif_orientation=6,
    )  # fmt: skip


@pytest.fixture
def run(photo, model_run) -> PredictionRun:
    run = PredictionRun.objects.create(scene=photo, model_run=model_run, status="done", threshold=0.2)
    for lon, lat, score in ((LON, LAT, 0.9), (None, None, 0.5)):
        Detection.objects.create(
            run=run, x_px=10, y_px=12, width_px=16, height_px=16, lon=lon, lat=lat, score=score
        )
    return run


@pytest.fixture
def analysts_api(api, analyst):
    api.force_authenticate(analyst)
    return api


def test_a_photo_s_place_says_that_it_is_approximate(analysts_api, run):
    first, second = analysts_api.get("/api/v1/detections/", {"run": run.pk}).json()["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [LON, LAT]}
    assert first["properties"]["is_approximate"] is True
    assert first["properties"]["box_4326"] is None
    assert first["properties"]["photo_url"] == f"/photos/{run.scene_id}/?run={run.pk}&place={first['id']}"
    assert second["geometry"] is None


def test_a_mosaic_s_place_is_exact(analysts_api, finished_run):
    feature = analysts_api.get("/api/v1/detections/", {"run": finished_run.pk}).json()["features"][0]
    assert feature["properties"]["is_approximate"] is False
    assert feature["properties"]["photo_url"] is None
    row = analysts_api.get(f"/api/v1/prediction-runs/{finished_run.pk}/").json()
    assert (row["scene_kind"], row["photo_url"]) == ("mosaic", None)


def test_what_has_no_place_is_in_no_bounding_box(analysts_api, run):
    everywhere = {"run": run.pk, "bbox": "-180,-90,180,90"}
    scores = [
        each["properties"]["score"]
        for each in analysts_api.get("/api/v1/detections/", everywhere).json()["features"]
    ]
    assert scores == [0.9]


def test_a_thumbnail_shows_the_box_as_a_person_sees_the_photo(analysts_api, run):
    """The square of 24 px around the box of 16 has its red in the middle two thirds."""
    detection = run.detections.all()[0]
    answer = analysts_api.get(f"/api/v1/detections/{detection.pk}/thumbnail.jpg")
    picture = Image.open(BytesIO(answer.content))
    red, green, _ = picture.getpixel((picture.width // 2, picture.height // 2))
    assert picture.size == (24, 24)
    assert red > 200 > 100 > green


def test_a_photo_has_no_heat_tiles(analysts_api, run):
    run.heat_file = "predictions/heat.tif"
    run.save()
    assert analysts_api.get(f"/api/v1/prediction-runs/{run.pk}/heat-tiles/0/0/0.webp").status_code == 404
    assert analysts_api.get(f"/api/v1/prediction-runs/{run.pk}/").json()["heat_tiles"] is None


@pytest.mark.parametrize("person", ["volunteer", "verifier"])
def test_the_photo_viewer_is_for_analysts(client, request, run, person):
    client.force_login(request.getfixturevalue(person))
    assert client.get(reverse("photo", args=[run.scene_id])).status_code == 403


def test_a_stranger_is_asked_to_log_in(client, run):
    assert client.get(reverse("photo", args=[run.scene_id])).status_code == 302


def test_the_newest_run_is_shown_unless_another_is_asked_for(client, analyst, run, model_run):
    newer = PredictionRun.objects.create(scene=run.scene, model_run=model_run, status="done", threshold=0.2)
    client.force_login(analyst)
    address = reverse("photo", args=[run.scene_id])
    assert client.get(address).context["run"] == newer
    assert client.get(address, {"run": run.pk}).context["run"] == run
    assert client.get(address, {"run": newer.pk + 1}).status_code == 404


def test_a_mosaic_has_no_photo_page(client, analyst, mosaic):
    client.force_login(analyst)
    assert client.get(reverse("photo", args=[mosaic.pk])).status_code == 404


def test_a_photo_without_a_run_is_shown_too(client, analyst, photo):
    client.force_login(analyst)
    assert client.get(reverse("photo", args=[photo.pk])).status_code == 200


def test_photos_follow_each_other_by_name_with_the_same_model_s_newest_run(run, model_run, town):
    def add(name: str, digest: str, *, status="done", times=1) -> PredictionRun:
        scene = Scene.objects.create(
            town=town, kind="photo", name=name, sha256=digest * 64, size_bytes=1, in_place_path="/photo.jpg",
            width_px=150, height_px=200, band_count=3,
        )  # fmt: skip
        for _ in range(times):
            newest = PredictionRun.objects.create(
                scene=scene, model_run=model_run, status=status, threshold=0.2
            )
        return newest

    add("DJI_0001.JPG", "1")
    before = add("DJI_0004.JPG", "4", times=2)
    add("DJI_0006.JPG", "6", status="failed")
    after = add("DJI_0007.JPG", "7")
    assert photos_beside(run) == (before, after)
    assert photos_beside(after) == (run, None)
