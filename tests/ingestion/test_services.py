from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import DatabaseError
from django.utils import translation

from damage.errors import Refused
from damage.ingestion import services
from damage.ingestion.judged_files import with_problems
from damage.ingestion.lookup import find_scene
from damage.ingestion.models import Event, GsdSource, Scene, Town
from damage.ingestion.reports import ingest_files, passed_over_in, photos_in
from damage.ingestion.services import ingest_mosaic, ingest_photo

pytestmark = pytest.mark.django_db

PLACE = {"event": "Quake", "town": "Altamira"}


def stored_files():
    root = Path(default_storage.path(""))
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_photo_comes_with_its_facts_its_file_and_a_view(photo):
    gps = {1: "S", 2: (17.0, 30.0, 0.0), 3: "W", 4: (96.0, 15.0, 0.0), 6: 1800.5}
    xmp = {"RelativeAltitude": "+40.0", "GimbalPitchDegree": "-90"}
    path = photo(gps=gps, xmp=xmp, details={41989: 24}, orientation=6)
    scene = ingest_photo(path, **PLACE).scene
    scene.refresh_from_db()
    assert str(scene.town) == "Altamira"
    assert str(scene.town.event) == "Quake"
    assert (scene.kind, scene.name, scene.exif_orientation) == ("photo", "DJI_0001.JPG", 6)
    assert (scene.width_px, scene.height_px, scene.band_count) == (60, 80, 3)
    assert (scene.lon, scene.lat, scene.altitude_m) == (-96.25, -17.5, 1800.5)
    assert (scene.gsd_m, scene.gsd_source) == (pytest.approx(0.75), GsdSource.CAMERA)
    assert scene.path.read_bytes() == path.read_bytes()
    assert scene.view_path.suffix == ".tif"


def test_a_photo_without_gps_is_welcome(photo):
    scene = ingest_photo(photo(), **PLACE).scene
    assert (scene.lon, scene.lat, scene.gsd_m, scene.gsd_source) == (None, None, None, GsdSource.NONE)


def test_a_mosaic_comes_as_a_copy_with_a_view(geotiff):
    path = geotiff()
    scene = ingest_mosaic(path, **PLACE).scene
    scene.refresh_from_db()
    assert (scene.kind, scene.width_px, scene.height_px) == ("mosaic", 60, 40)
    assert scene.transform == [0.5, 0.0, 500_000.0, 0.0, -0.5, 4_160_000.0]
    assert scene.footprint_4326["type"] == "Polygon"
    assert scene.path != path
    assert scene.path.read_bytes() == path.read_bytes()
    assert scene.view_path != scene.path


def test_a_mosaic_can_stay_where_it_lies(geotiff, data_folder):
    path = geotiff()
    scene = ingest_mosaic(path, **PLACE, in_place=True).scene
    assert scene.path == path
    assert [name.split("/")[0] for name in stored_files()] == ["views"]


def test_a_mosaic_with_overviews_is_viewed_through_our_own_all_the_same(geotiff):
    pixels = np.ones((3, 300, 300), np.uint8)
    scene = ingest_mosaic(geotiff(pixels=pixels, tiled=True, overviews=[2]), **PLACE).scene
    assert scene.view_path != scene.path


def test_the_same_file_is_recognised_whatever_its_name(photo, tmp_path):
    path = photo()
    first = ingest_photo(path, **PLACE)
    path.rename(tmp_path / "copy.jpg")
    again = ingest_photo(tmp_path / "copy.jpg", **PLACE)
    assert (first.already, again.already) == (False, True)
    assert again.scene == first.scene
    assert Scene.objects.count() == 1
    assert len(stored_files()) == 2


def test_the_same_file_for_another_town_is_refused_and_says_where_it_is(photo):
    scene = ingest_photo(photo(), **PLACE).scene
    with pytest.raises(Refused, match=f"as scene {scene.pk} of Altamira"):
        ingest_photo(photo(), event="Quake", town="Elsewhere")
    assert not Town.objects.filter(name="Elsewhere").exists()


@pytest.mark.parametrize("failure", [DatabaseError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("kind", ["photo", "mosaic"])
def test_when_the_row_cannot_be_written_no_file_stays(photo, geotiff, monkeypatch, kind, failure):
    def fail(*args, **kwargs):
        raise failure

    monkeypatch.setattr(Scene, "save", fail)
    with pytest.raises(type(failure)):
        ingest_photo(photo(), **PLACE) if kind == "photo" else ingest_mosaic(geotiff(), **PLACE)
    assert stored_files() == []
    assert (Scene.objects.count(), Town.objects.count(), Event.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("failing_file", [1, 2])
def test_a_file_that_was_stored_by_half_goes_and_others_stay(photo, monkeypatch, failing_file):
    default_storage.save("scenes/other", ContentFile(b"another scene"))
    names = []
    save = FileSystemStorage.save

    def interrupted(storage, name, content):
        names.append(name)
        if len(names) < failing_file:
            return save(storage, name, content)
        save(storage, name, ContentFile(b"half"))
        raise KeyboardInterrupt

    monkeypatch.setattr(FileSystemStorage, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ingest_photo(photo(), **PLACE)
    assert len(names) == failing_file
    assert stored_files() == ["scenes/other"]


def test_two_at_once_store_one(photo, monkeypatch):
    path = photo()
    there = ingest_photo(path, **PLACE)
    looked = []

    def look(*args, **kwargs):  # the first look came before the other had stored its scene
        looked.append(args)
        return None if len(looked) == 1 else real(*args, **kwargs)

    real = services.already_there
    monkeypatch.setattr(services, "already_there", look)
    again = ingest_photo(path, **PLACE)
    assert again.already
    assert again.scene == there.scene
    assert len(stored_files()) == 2


def test_one_bad_file_does_not_stop_the_rest(photo, tmp_path):
    (tmp_path / "bad.jpg").write_text("no photo")
    paths = [tmp_path / "bad.jpg", photo("a.jpg"), tmp_path / "nowhere.jpg", tmp_path, photo("bb.jpg")]
    reports = ingest_files(paths, lambda path: ingest_photo(path, **PLACE))
    assert [report.status for report in reports] == ["refused", "added", "refused", "refused", "added"]
    assert all(bool(report.reason) == (report.status == "refused") for report in reports)


def test_folders_stand_for_the_photos_below_them_in_order(tmp_path, photo):
    (tmp_path / "b").mkdir()
    for name in ("b/z.JPG", "b/a.png", "c.tif"):
        photo(name)
    (tmp_path / "b" / "notes.txt").touch()
    names = [path.name for path in photos_in([tmp_path, tmp_path / "odd.name"])]
    assert names == ["a.png", "z.JPG", "c.tif", "odd.name"]


def test_names_of_files_are_cut_by_bytes(photo, geotiff, tmp_path):
    """82 letters of Chinese are 246 bytes; a name may have 255, and ours begins with a digest."""
    name = "輪" * 82
    scene = ingest_photo(photo(f"{name}.jpg"), **PLACE).scene
    assert scene.name == f"{name}.jpg"
    assert all(len(path.name.encode()) <= 255 for path in (scene.path, scene.view_path))
    assert scene.path.stem.endswith("輪" * 33)  # 99 bytes
    assert scene.path.suffix == ".jpg"
    long = tmp_path / ("é" * 127)  # 254 bytes, without a suffix
    geotiff().rename(long)
    assert ingest_mosaic(long, **PLACE).scene.view_path.is_file()


@pytest.mark.parametrize(
    "place", [{"event": "x" * 121}, {"town": "x" * 121}, {"town": "!?"}, {"event": "a\0"}]
)
def test_what_is_no_name_is_refused_before_any_work(place, tmp_path):
    for ingest in (ingest_photo, ingest_mosaic):
        with pytest.raises(Refused, match=r"letters, more than 120|no name|no text"):
            ingest(tmp_path / "nowhere.tif", **(PLACE | place))


def test_the_same_file_under_another_spelling_is_already_there_and_for_another_script_is_refused(photo):
    path = photo()
    ingest_photo(path, event="Türkiye 2023", town="Kahramanmaraş")
    again = ingest_photo(path, event="TU\u0308RKI\u0307YE  2023", town="Kahramanmaras\u0327")
    assert again.already
    with pytest.raises(Refused, match="The same file is already there"):
        ingest_photo(path, event="Türkiye 2023", town="卡赫拉曼马拉什")
    assert (Event.objects.count(), Town.objects.count()) == (1, 1)


def test_the_limit_of_a_photos_size_is_the_sites(photo, settings):
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, max_photo_mpx=1)
    with pytest.raises(Refused, match="1 megapixels"):
        ingest_photo(photo("a.png", pixels=np.zeros((1001, 1000, 3), np.uint8)), **PLACE)


NEVER = "0001:01:01 00:00:00"  # what a camera says whose clock was never set


@pytest.mark.parametrize("zone", ["UTC", "America/Mexico_City", "Pacific/Auckland"])
def test_photos_with_unbelievable_values_come_in_without_them_and_the_lists_go_on(
    photo, api, volunteer, settings, zone
):
    settings.TIME_ZONE = zone
    gps = {1: "N", 2: (17.0, 30.0, 0.0), 3: "W", 4: (96.0, 15.0, 0.0), 6: 4e9}
    details = {36867: NEVER, 36881: "+03:00"}
    path = photo("odd.jpg", gps=gps, details=details, xmp={"RelativeAltitude": "9" * 400})
    [report] = with_problems(ingest_files([path], lambda path: ingest_photo(path, **PLACE)))
    assert report.status == "added"
    assert NEVER in report.note
    assert "altitude 4000000000.0 m" in report.note
    assert "height above ground 9999" in report.note
    assert "no GPS position" not in report.note
    scene = Scene.objects.get()
    assert (scene.captured_at, scene.altitude_m, scene.height_above_ground_m) == (None, None, None)
    assert (scene.lat, scene.lon) == (17.5, -96.25)
    api.force_authenticate(volunteer)
    for address in ("/api/v1/scenes/", f"/api/v1/scenes/{scene.pk}/"):
        assert api.get(address).status_code == 200


def test_a_warning_is_worded_in_the_readers_language(photo):
    with translation.override("es"):
        reports = ingest_files([photo(details={36867: NEVER})], lambda path: ingest_photo(path, **PLACE))
        [report] = with_problems(reports)
    assert report.note == f"sin posición GPS; sin fecha; la hora {NEVER} no es creíble y queda vacía"


def test_images_that_are_not_read_are_named_and_hidden_files_are_not(tmp_path, photo):
    photo("DJI_0001.JPG")
    for name in ("DJI_0001.DNG", "a.webp", "._DJI_0001.JPG", "notes.txt", ".trash/b.jpg", "c/d.NEF"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in photos_in([tmp_path])] == ["DJI_0001.JPG"]
    reports = passed_over_in([tmp_path])
    assert [(Path(report.file).name, report.status) for report in reports] == [
        ("DJI_0001.DNG", "left_out"),
        ("a.webp", "left_out"),
        ("d.NEF", "left_out"),
    ]
    assert "raw photo" in reports[0].reason
    assert "convert it to JPEG" in reports[1].reason


def test_who_names_a_hidden_file_means_it(photo):
    assert photos_in([photo(".hidden.jpg")]) == [photo(".hidden.jpg")]


def test_a_file_name_is_one_name_whichever_way_its_accents_are_written(photo):
    """macOS writes é as e and an accent (NFD), others as one letter (NFC)."""
    scene = ingest_photo(photo("Jalapa de Díaz.jpg".replace("í", "i\u0301")), **PLACE).scene
    assert scene.name == "Jalapa de D\u00edaz.jpg"
    for spelling in ("Jalapa de D\u00edaz.jpg", "Jalapa de Di\u0301az.jpg"):
        assert find_scene(spelling) == scene
    Scene.objects.update(name="Jalapa de Di\u0301az.jpg")  # as earlier versions kept it
    for spelling in ("Jalapa de D\u00edaz.jpg", "Jalapa de Di\u0301az.jpg"):
        assert find_scene(spelling) == scene
