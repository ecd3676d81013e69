"""HEIC photos, as iPhones and some drones write them: decoded in the confined process alone, turned once."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image

from damage.environment import BASE_DIR
from damage.errors import Refused
from damage.ingestion import decoding
from damage.ingestion.decoding import decode_heic, decode_image, decode_photo
from damage.ingestion.models import Scene
from damage.ingestion.opening import is_heic, open_image
from damage.ingestion.photos import read_usable_photo
from damage.ingestion.rasters import is_whole, read_square, squares_of
from damage.ingestion.reading import SceneReader, Source
from damage.ingestion.scene_sources import source_of
from damage.ingestion.services import ingest_photo
from damage.ingestion.unreadable import SceneUnreadable
from tests.ingestion.heic import MOST_DIFFERENCE, drawn, write_heic


def assert_alike(pixels, expected):
    assert pixels.shape == expected.shape
    assert abs(pixels.astype(int) - expected).max() <= MOST_DIFFERENCE


@pytest.mark.parametrize("quarter_turns", range(4))
def test_it_is_turned_once_as_the_file_itself_says_and_not_by_exif(tmp_path, quarter_turns):
    path = write_heic(tmp_path / "IMG_0001.HEIC", quarter_turns=quarter_turns)
    photo = read_usable_photo(path, max_mpx=1)
    assert photo.facts.orientation == 1
    assert_alike(photo.pixels, np.rot90(drawn(), 1 + quarter_turns))


def test_its_facts_are_read_as_those_of_other_photos(tmp_path):
    facts = read_usable_photo(write_heic(tmp_path / "IMG_0001.HEIC"), max_mpx=1).facts
    assert (facts.lat, facts.lon, facts.altitude_m, facts.height_above_ground_m) == (37.5, 36.25, 812.5, 49.7)
    assert facts.captured_at == datetime(2023, 2, 8, 8, 22, 33, tzinfo=UTC)
    assert (facts.camera_make, facts.camera_model, facts.warnings) == ("Apple", "iPhone 15", ())


@pytest.fixture
def scene(tmp_path, town):
    path = write_heic(tmp_path / "IMG_0001.HEIC")
    return ingest_photo(path, event=town.event.name, town=town.name).scene


def test_tile_crop_and_prediction_show_the_same(api, volunteer, scene):
    assert (scene.width_px, scene.height_px, scene.exif_orientation) == (150, 200, 1)
    expected = drawn()
    place = slice(12, 44), slice(100, 132)
    square = read_square(scene.path, 100, 12, 32, orientation=scene.exif_orientation)
    assert_alike(square, expected[place])
    with squares_of(scene.path, orientation=scene.exif_orientation) as square_at:
        assert (square_at(100, 12, 32) == square).all()
        with pytest.raises(Refused, match="150 x 200"):
            square_at(140, 12, 32)
    assert is_whole(scene.path, 100, 12, 32)
    read = SceneReader().read(source_of(scene), 1, (100, 12, 32, 32))
    assert (read.bands.transpose(1, 2, 0) == square).all()
    api.force_authenticate(volunteer)
    answer = api.get(f"/api/v1/scenes/{scene.pk}/pixel-tiles/0/0/0.jpg")
    tile = np.asarray(Image.open(BytesIO(answer.content)).convert("RGB")).astype(int)
    for x, y in ((18, 20), (118, 168), (108, 28), (60, 100)):  # the tile is JPEG: middles of what is drawn
        assert abs(tile[y, x] - expected[y, x]).max() < 40


def test_a_stored_one_that_was_damaged_later_is_told_as_such(scene):
    """Not as a wrong input, which its decoder takes it for."""
    scene.path.write_bytes(scene.path.read_bytes()[: scene.path.stat().st_size * 7 // 10])
    told = pytest.raises(SceneUnreadable, match="cannot be read: It is truncated or damaged")
    with told:
        read_square(scene.path, 0, 0, 32)
    with told, squares_of(scene.path) as square_at:
        square_at(0, 0, 32)
    with told:
        SceneReader().read(Source(str(scene.path), scene.exif_orientation), 1, (0, 0, 32, 32))


def test_its_name_does_not_matter(tmp_path, town):
    path = write_heic(tmp_path / "DJI_0001.JPG")
    scene = ingest_photo(path, event=town.event.name, town=town.name).scene
    assert_alike(read_square(scene.path, 0, 0, 150), drawn()[:150])


def test_it_is_decoded_in_the_other_process_alone(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from damage.ingestion.decoding import decode_photo\n"
        "from damage.ingestion.rasters import read_square\n"
        "path = Path(sys.argv[1])\n"
        "decode_photo(path, path.with_name('view.tif'), max_mpx=1)\n"
        "print(read_square(path, 10, 12, 16).shape, sorted(name for name in sys.modules if 'heif' in name))"
    )
    path = write_heic(tmp_path / "IMG_0001.HEIC")
    call = [sys.executable, "-c", code, str(path)]
    ended = subprocess.run(call, cwd=BASE_DIR, capture_output=True, text=True, check=False, env=os.environ)
    assert ended.stdout.strip() == "(16, 16, 3) []", ended.stderr
    with pytest.raises(OSError, match="cannot identify"):
        open_image(path)


def test_nothing_is_left_of_its_pixels(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(decoding.tempfile, "tempdir", str(tmp_path / "temporary"))
    assert_alike(decode_heic(write_heic(tmp_path / "IMG_0001.HEIC")), drawn())
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("size", [(1001, 1001), (60_000, 60_000)])
def test_one_that_claims_too_many_pixels_is_refused(tmp_path, size):
    with pytest.raises(Refused, match="more than 1 megapixels"):
        read_usable_photo(write_heic(tmp_path / "bomb.heic", size=size), max_mpx=1)


def test_one_that_lies_about_its_size_is_refused(tmp_path):
    path = write_heic(tmp_path / "lie.heic", size=(300, 150))
    with pytest.raises(Refused, match="truncated or damaged"):
        read_usable_photo(path, max_mpx=1)
    with pytest.raises(Refused, match="truncated or damaged"):
        decode_heic(path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_a_truncated_one_is_refused(tmp_path, share):
    path = write_heic(tmp_path / "cut.heic")
    path.write_bytes(path.read_bytes()[: round(path.stat().st_size * share)])
    with pytest.raises(Refused, match=r"truncated|not a JPEG, PNG, TIFF or HEIC"):
        read_usable_photo(path, max_mpx=1)


def test_one_that_breaks_its_decoder_is_refused_and_the_next_comes_in(tmp_path):
    """One byte of what describes the image changed: at two of these places, libheif 1.23.0 ended its process."""
    whole = write_heic(tmp_path / "whole.heic").read_bytes()
    path, view = tmp_path / "broken.heic", tmp_path / "view.tif"
    refusals = []
    for at in (60, 194, 218, 400):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            decode_photo(path, view, max_mpx=1)
        except Refused as refusal:
            refusals.append(refusal)
    assert refusals
    assert all(refusal.remedy for refusal in refusals)
    assert decode_photo(tmp_path / "whole.heic", view, max_mpx=1).width_px == 150


def test_other_pictures_in_such_a_container_are_none(tmp_path):
    path = tmp_path / "a.avif"
    path.write_bytes(write_heic(tmp_path / "a.heic").read_bytes().replace(b"ftypheix", b"ftypavif"))
    assert not is_heic(path)
    with pytest.raises(Refused, match="not a JPEG, PNG, TIFF or HEIC"):
        read_usable_photo(path, max_mpx=1)


def test_a_crop_is_none(tmp_path):
    """What lists of crops name is stored as it is, and read by whoever trains."""
    with pytest.raises(Refused, match="no JPEG, PNG or TIFF"):
        decode_image(write_heic(tmp_path / "crop.heic"), most_px=1024)


@pytest.mark.django_db
def test_those_of_a_folder_come_in(tmp_path, capsys):
    write_heic(tmp_path / "IMG_0001.HEIC")
    call_command("ingest_photos", str(tmp_path), "--event", "Quake", "--town", "Altamira", "--json")
    assert json.loads(capsys.readouterr().out)["added"] == 1
    assert Scene.objects.get().name == "IMG_0001.HEIC"
