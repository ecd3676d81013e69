"""A file that cannot be read any more is told as such at every door that shows pixels, and logged: never a 500."""

import logging

import numpy as np
import pytest
from affine import Affine
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.test import RequestFactory

from damage.errors import FileUnreadable
from damage.ingestion.rasters import read_square, squares_of
from damage.ingestion.services import ingest_mosaic, ingest_photo
from damage.ingestion.unreadable import SceneUnreadable
from damage.unavailable import ExplainTrouble
from prediction.score_rasters import read_score_raster
from tagging.cutting import cut_pending_crops
from tagging.models import Crop
from tagging.services import record_tag

LONLAT = {"crs": "EPSG:4326", "transform": Affine(1e-5, 0, 10, 0, -1e-5, 20)}


@pytest.fixture
def pixels():
    return np.random.default_rng(2).integers(1, 255, (3, 600, 800), dtype=np.uint8)


@pytest.fixture
def mosaic(geotiff, pixels, town):
    return ingest_mosaic(geotiff(pixels=pixels, **LONLAT), event=town.event.name, town=town.name).scene


@pytest.fixture
def picture(photo, pixels, town):
    path = photo(pixels=pixels.transpose(1, 2, 0))
    return ingest_photo(path, event=town.event.name, town=town.name).scene


def cut(path, kept):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])


def tiles(scene):
    for z, columns, rows in ((0, 1, 1), (1, 2, 2), (2, 4, 3)):
        for x in range(columns):
            for y in range(rows):
                yield f"/api/v1/scenes/{scene.pk}/pixel-tiles/{z}/{x}/{y}.jpg"
    yield f"/api/v1/scenes/{scene.pk}/map-tiles/18/138353/116203.webp"
    yield f"/api/v1/scenes/{scene.pk}/map-tiles/14/8647/7262.webp"


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.8, 0.95, 0.999])
def test_tiles_of_a_view_that_was_cut_off_are_pictures_or_explained(api, volunteer, mosaic, kept, caplog):
    api.force_authenticate(volunteer)
    assert {api.get(tile).status_code for tile in tiles(mosaic)} == {200}
    cut(mosaic.view_path, kept)
    answers = [api.get(tile) for tile in tiles(mosaic)]
    assert {answer.status_code for answer in answers} <= {200, 503}
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused
    for answer in refused:
        assert "cannot be read" in answer.json()["detail"]
        assert "manage.py doctor" in answer.json()["remedy"]
        assert str(mosaic.view_path.parent) not in answer.content.decode()
    assert sum("cannot be read" in record.message for record in caplog.records) >= len(refused)


@pytest.mark.parametrize("kind", ["mosaic", "picture"])
@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5])
def test_squares_of_a_source_that_was_cut_off_are_refused(request, kind, kept, api, volunteer, question):
    scene = request.getfixturevalue(kind)
    square = {"x_px": 400, "y_px": 300, "size_px": 300}
    question.crop_size_m = None  # these pixels have hundreds of metres
    tag = record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **square)
    cut(scene.path, kept)
    with pytest.raises(FileUnreadable):
        read_square(scene.path, 400, 300, 300)
    with pytest.raises(SceneUnreadable), squares_of(scene.path) as square_at:
        square_at(400, 300, 300)
    scene.source_mtime_ns = None  # a scene from before is not known to have changed: it is read
    scene.save()
    assert cut_pending_crops().failed == 1
    assert "cannot be read" in Crop.objects.get().cut_problem
    api.force_authenticate(volunteer)
    answer = api.get(f"/api/v1/crops/{tag.crop_id}/image.png")
    assert answer.status_code == 503
    assert answer.json()["detail"]


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_crop_whose_image_is_damaged_has_no_thumbnail(api, volunteer, question, picture, content):
    square = {"x_px": 0, "y_px": 0, "size_px": 300}
    tag = record_tag(tagger=volunteer, question=question, scene=picture, answer="positive", **square)
    cut_pending_crops()
    crop = Crop.objects.get(pk=tag.crop_id)
    with default_storage.open(crop.image.name, "wb") as file:
        file.write(content)
    api.force_authenticate(volunteer)
    answer = api.get(f"/api/v1/crops/{crop.pk}/thumbnail.jpg")
    assert answer.status_code == 503
    assert "cannot be read" in answer.json()["detail"]


def test_a_score_raster_that_was_cut_off_is_explained(geotiff, pixels):
    path = geotiff(pixels=pixels)
    cut(path, 0.5)
    with pytest.raises(SceneUnreadable, match=r"mosaic\.tif cannot be read"):
        read_score_raster(path)


@pytest.mark.parametrize(("path", "kind"), [("/map/", "text/html"), ("/api/v1/x/", "application/json")])
def test_a_page_explains_it_as_well(path, kind, caplog):
    caplog.set_level(logging.WARNING)
    explain = ExplainTrouble(lambda request: HttpResponse())
    answer = explain.process_exception(
        RequestFactory().get(path), SceneUnreadable("It is broken.", "Mend it.")
    )
    assert answer.status_code == 503
    assert answer["Content-Type"].startswith(kind)
    assert "It is broken." in answer.content.decode()
    assert "Retry-After" not in answer
    assert "It is broken." in caplog.text
