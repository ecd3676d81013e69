import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import ExifTags

from damage.ingestion.models import Scene

pytestmark = pytest.mark.django_db

PLACE = ("--event", "Quake", "--town", "Altamira")


def test_photos_of_folders_are_reported_one_by_one(photo, tmp_path, capsys):
    photo("a.jpg")
    photo("bb.jpg")
    call_command("ingest_photos", str(tmp_path), *PLACE, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert (printed["ok"], printed["added"], printed["already"], printed["refused"]) == (True, 2, 0, 0)
    assert [file["file"] for file in printed["files"]] == [str(tmp_path / "a.jpg"), str(tmp_path / "bb.jpg")]
    assert {file["scene"] for file in printed["files"]} == set(Scene.objects.values_list("pk", flat=True))


def test_a_photo_without_gps_comes_in_and_is_reported_as_such(photo, capsys):
    gps = ExifTags.GPS
    place = {
        gps.GPSLatitude: (17.0, 30.0, 0.0), gps.GPSLatitudeRef: "N",
        gps.GPSLongitude: (96.0, 15.0, 0.0), gps.GPSLongitudeRef: "W",
    }  # fmt: skip
    taken = {36867: "2023:02:08 11:22:33"}
    photos = (photo("with.jpg", gps=place, details=taken), photo("without.jpg", details=taken))
    call_command("ingest_photos", *map(str, photos), *PLACE)
    placed, unplaced, totals, summary, _then = capsys.readouterr().out.splitlines()
    assert placed.endswith("with.jpg")
    assert unplaced.endswith("without.jpg  no GPS position")
    assert totals == "2 added, 0 already there, 0 refused"
    assert summary == "1 of 2: no GPS position (manage.py list_scenes --problem no_gps)"


def test_a_second_time_all_are_already_there_and_that_is_fine(photo, capsys):
    for _ in range(2):
        call_command("ingest_photos", str(photo()), *PLACE)
    assert "already there" in capsys.readouterr().out
    assert Scene.objects.count() == 1


def test_a_refused_file_is_explained_and_the_exit_status_tells(photo, geotiff, tmp_path, capsys):
    with pytest.raises(CommandError, match="Not all was done"):
        call_command("ingest_photos", str(geotiff()), str(photo()), str(tmp_path / "none.jpg"), *PLACE)
    printed = capsys.readouterr()
    assert "Ingest it with ingest_mosaic" in printed.out
    assert "There is no such file" in printed.out
    assert "1 added, 0 already there, 2 refused" in printed.out
    assert "Photos" in printed.err


def test_a_folder_without_photos_is_not_passed_over_in_silence(tmp_path, capsys):
    with pytest.raises(CommandError):
        call_command("ingest_photos", str(tmp_path), *PLACE)
    assert "No photo was found" in capsys.readouterr().out


def test_mosaics_come_in_and_what_is_none_is_refused(geotiff, photo, tmp_path, capsys):
    with pytest.raises(CommandError):
        call_command("ingest_mosaic", str(geotiff()), str(photo()), str(tmp_path), *PLACE, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert [file["status"] for file in printed["files"]] == ["added", "refused", "refused"]
    assert "ingest_photos" in printed["files"][1]["reason"]
    assert "ingest_photos" in printed["files"][2]["reason"]


def test_a_mosaic_can_be_left_in_its_place(geotiff):
    call_command("ingest_mosaic", str(geotiff()), *PLACE, "--in-place", "--json")
    assert Scene.objects.get().in_place_path == str(geotiff())


def test_links_in_a_folder_are_not_followed_out_of_it(photo, tmp_path, capsys):
    outside = photo("outside.jpg")
    folder = tmp_path / "folder"
    folder.mkdir()
    photo("within.png").rename(folder / "within.png")
    (folder / "also.png").symlink_to(folder / "within.png")
    (folder / "passwd.jpg").symlink_to(outside)
    (folder / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(CommandError):
        call_command("ingest_photos", str(folder), *PLACE, "--json")
    files = json.loads(capsys.readouterr().out)["files"]
    refused = {Path(file["file"]).name: file["reason"] for file in files if file["status"] == "refused"}
    assert "outside the folder" in refused["passwd.jpg"]
    assert list(Scene.objects.values_list("name", flat=True)) == ["also.png"]


def test_a_link_that_is_named_stands_for_its_file(photo, tmp_path, geotiff):
    (tmp_path / "link.jpg").symlink_to(photo("a.jpg"))
    (tmp_path / "link.tif").symlink_to(geotiff())
    call_command("ingest_photos", str(tmp_path / "link.jpg"), *PLACE, "--json")
    call_command("ingest_mosaic", str(tmp_path / "link.tif"), *PLACE, "--in-place", "--json")
    assert Scene.objects.get(kind="mosaic").path == geotiff()


def test_views_that_are_missing_are_made(geotiff, capsys):
    call_command("ingest_mosaic", str(geotiff()), *PLACE, "--json")
    Scene.objects.update(view_file="")
    call_command("make_views")
    scene = Scene.objects.get()
    assert scene.view_path != scene.path
    assert scene.view_path.is_file()
    capsys.readouterr()
    call_command("make_views")
    assert capsys.readouterr().out.strip() == "0 views made, 0 refused"


def test_the_views_of_scenes_that_are_named_are_made_anew(geotiff, photo, capsys):
    call_command("ingest_mosaic", str(geotiff()), *PLACE, "--json")
    call_command("ingest_photos", str(photo()), *PLACE, "--json")
    before = {scene.pk: scene.view_path for scene in Scene.objects.all()}
    mosaic = Scene.objects.get(kind="mosaic")
    capsys.readouterr()
    call_command("make_views", str(mosaic.pk), "DJI_0001.JPG")
    assert capsys.readouterr().out.strip() == "2 views made, 0 refused"
    for scene in Scene.objects.all():
        assert scene.view_path.is_file()
        assert not before[scene.pk].exists()
    with pytest.raises(CommandError, match="no scene 999"):
        call_command("make_views", "999")


def test_a_view_that_cannot_be_made_is_told_and_the_rest_are_made(geotiff, capsys):
    foreign = {"OVERVIEWS": {"OVERVIEW_FILE": "/etc/hostname"}}
    paths = [geotiff("a.tif"), geotiff("b.tif", pixels=np.full((3, 9, 9), 9, np.uint8))]
    call_command("ingest_mosaic", *map(str, paths), *PLACE, "--in-place", "--json")
    Scene.objects.update(
        view_file="", source_mtime_ns=None
    )  # as scenes are that came in before both were kept
    geotiff("a.tif", domains=foreign)
    with pytest.raises(CommandError):
        call_command("make_views")
    assert "a.tif: Its metadata can name other files" in capsys.readouterr().out
    assert {scene.name: bool(scene.view_file) for scene in Scene.objects.all()} == {
        "a.tif": False,
        "b.tif": True,
    }


def test_what_is_left_out_is_told_and_is_no_failure(photo, tmp_path, capsys):
    photo("DJI_0001.JPG")
    (tmp_path / "DJI_0001.DNG").touch()
    call_command("ingest_photos", str(tmp_path), *PLACE)
    added, left_out, totals, _problems, _then = capsys.readouterr().out.splitlines()
    assert added.strip().startswith("added")
    assert left_out.strip().startswith("left out")
    assert "DJI_0001.DNG  It is a raw photo." in left_out
    assert totals == "1 added, 0 already there, 0 refused, 1 left out"


def test_a_folder_of_nothing_but_what_is_left_out_is_a_failure(tmp_path, capsys):
    (tmp_path / "a.webp").touch()
    with pytest.raises(CommandError):
        call_command("ingest_photos", str(tmp_path), *PLACE, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert (printed["ok"], printed["added"], printed["left_out"]) == (False, 0, 1)
