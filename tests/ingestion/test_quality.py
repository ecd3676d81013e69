"""Photos' problems through the doors: reported, listed, left out, and found usable all the same."""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from PIL import ExifTags
from rest_framework.test import APIClient

from damage.errors import Refused
from damage.ingestion.models import Scene, SceneProblem
from damage.ingestion.quality import judge_flights, set_usable

pytestmark = pytest.mark.django_db
PLACE = ("--event", "Quake", "--town", "Altamira")


def gps(north_m=0.0):
    """A position so many metres north of 17.5° N 96.25° W."""
    tags = ExifTags.GPS
    seconds = 1800 + north_m / 111_195 * 3600
    return {
        tags.GPSLatitude: (17.0, 0.0, seconds), tags.GPSLatitudeRef: "N",
        tags.GPSLongitude: (96.0, 15.0, 0.0), tags.GPSLongitudeRef: "W",
    }  # fmt: skip


def noise(seed, contrast=1.0):
    grain = np.random.default_rng(seed).integers(-80, 81, (60, 80, 1))
    return np.repeat(128 + grain * contrast, 3, axis=2).astype(np.uint8)


@pytest.fixture
def take(photo):
    """Write a sound photo: its number tells when and where it was taken, and its pixels."""

    def write(number, *, contrast=1.0, pixels=None, at=None, **xmp):
        at = number if at is None else at
        return photo(
            f"DJI_{number:04}.PNG" if not xmp else f"DJI_{number:04}.JPG",
            pixels=noise(number, contrast) if pixels is None else pixels,
            gps=gps(50 * at),
            details={36867: f"2023:02:08 11:22:{at:02}"},
            xmp=xmp,
        )

    return write


def ingest(*paths, **options):
    call_command("ingest_photos", *map(str, paths), *PLACE, "--json", **options)


def problems():
    """The codes of all scenes' problems, by file number."""
    rows = SceneProblem.objects.order_by("scene__name", "code").values_list("scene__name", "code")
    return [(int(name[4:8]), code) for name, code in rows]


def test_a_photo_that_is_blurred_is_known_by_its_flight_whenever_it_came_in(take, capsys):
    # Contrast 1 / 10 makes the variance of the Laplacian a hundredth.
    ingest(take(1, contrast=0.1), *(take(number) for number in range(2, 5)))
    assert problems() == []
    ingest(*(take(number) for number in range(5, 9)))
    assert problems() == [(1, "blurred")]
    assert SceneProblem.objects.get().figure == pytest.approx(0.01, abs=0.005)


def test_the_command_notes_each_and_sums_up(take, capsys):
    blank = np.full((60, 80, 3), 3, np.uint8)
    call_command(
        "ingest_photos",
        str(take(1, pixels=blank)),
        str(take(2, GimbalPitchDegree="-30.5")),
        str(take(3)),
        *PLACE,
    )
    dark, oblique, sound, totals, *summary, _then = capsys.readouterr().out.splitlines()
    assert dark.endswith("DJI_0001.PNG  too dark (its mean brightness is 3 of 255)")
    assert oblique.endswith("DJI_0002.JPG  oblique (the camera looks 60° off straight down)")  # 59.5
    assert sound.endswith("DJI_0003.PNG")
    assert totals == "3 added, 0 already there, 0 refused"
    assert summary == [
        "1 of 3: too dark (manage.py list_scenes --problem dark)",
        "1 of 3: oblique (manage.py list_scenes --problem oblique)",
    ]


def test_the_json_counts_problems_and_names_them_by_file(take, capsys):
    ingest(take(1, RelativeAltitude="+2.1", GimbalPitchDegree="-90"), take(2))
    printed = json.loads(capsys.readouterr().out)
    assert printed["problems"] == {"low": 1}
    assert [file["problems"] for file in printed["files"]] == [["low"], []]


def test_what_is_kept_of_a_photo(take):
    ingest(take(1, GimbalPitchDegree="-54.3", RelativeAltitude="+49.70"))
    scene = Scene.objects.get()
    assert (scene.gimbal_pitch_deg, scene.height_above_ground_m) == (-54.3, 49.7)
    assert scene.mean_luminance == pytest.approx(128, abs=3)
    assert scene.sharpness > 1000
    assert len(scene.look_hash) == 64


@pytest.mark.parametrize("written", ["-200", "nan", "1e999", "down"])
def test_a_pitch_that_cannot_be_is_not_judged_by(take, written):
    ingest(take(1, GimbalPitchDegree=written))
    assert Scene.objects.get().gimbal_pitch_deg is None
    assert problems() == []


def test_near_duplicates_are_those_taken_at_one_place(take):
    same = noise(1)
    ingest(take(1), take(2, pixels=same + 1, at=1), take(3, pixels=same + 2))
    assert problems() == [(2, "near_duplicate")]
    assert (
        str(SceneProblem.objects.get())
        == f"nearly the same as scene {Scene.objects.get(name='DJI_0001.PNG').pk}"
    )


def test_a_photo_out_of_use_is_no_example(take, site_admin):
    same = noise(1)
    ingest(take(1), take(2, pixels=same + 1, at=1))
    Scene.objects.filter(name="DJI_0001.PNG").update(is_quarantined=True)
    judge_flights(Scene.objects.all())
    assert problems() == []


def test_photos_are_left_out_for_what_is_asked_for_alone(take, capsys):
    ingest(
        *(take(number) for number in range(3, 10)),
        take(1, contrast=0.1),
        take(2, GimbalPitchDegree="-10"),
        leave_out="blurred,high",
    )
    printed = json.loads(capsys.readouterr().out)
    (left,) = [file for file in printed["files"] if file["status"] == "left_out"]
    assert left["file"].endswith("DJI_0001.PNG")
    assert left["reason"].startswith("blurred (1 % of its flight's usual sharpness). Take it in without")
    assert (printed["ok"], printed["added"], printed["left_out"]) == (True, 8, 1)
    assert not Scene.objects.filter(name="DJI_0001.PNG").exists()
    assert problems() == [(2, "oblique")]


def test_near_duplicates_are_left_out_whichever_way_the_first_one_came_in(take, capsys):
    same = noise(1)
    ingest(take(1))
    capsys.readouterr()
    fourth = take(4)
    ingest(
        take(2, pixels=same + 1, at=1), fourth, take(5, pixels=noise(4) + 1, at=4), leave_out="near_duplicate"
    )
    files = json.loads(capsys.readouterr().out)["files"]
    second, fifth = [file["reason"] for file in files if file["status"] == "left_out"]
    assert second.startswith(f"nearly the same as scene {Scene.objects.get(name='DJI_0001.PNG').pk}. ")
    assert fifth.startswith(f"nearly the same as {fourth}. ")
    assert set(Scene.objects.values_list("name", flat=True)) == {"DJI_0001.PNG", "DJI_0004.PNG"}


def test_what_is_there_already_is_not_its_own_duplicate(take, capsys):
    ingest(take(1))
    capsys.readouterr()
    ingest(take(1), leave_out="near_duplicate")
    printed = json.loads(capsys.readouterr().out)
    assert (printed["already"], printed["left_out"]) == (1, 0)


def test_what_cannot_be_read_is_refused_as_ever(take, tmp_path, capsys):
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    with pytest.raises(CommandError):
        ingest(tmp_path / "broken.jpg", take(1), leave_out="dark")
    assert [file["status"] for file in json.loads(capsys.readouterr().out)["files"]] == ["refused", "added"]


def test_a_problem_that_there_is_not_is_refused_before_anything_comes_in(take):
    with pytest.raises(CommandError, match="no problem foggy"):
        ingest(take(1), leave_out="foggy")
    assert not Scene.objects.exists()


@pytest.fixture
def oblique(take):
    ingest(take(1, GimbalPitchDegree="-40"), take(2))
    return Scene.objects.get(name="DJI_0001.JPG")


def listed(capsys, *options):
    capsys.readouterr()
    call_command("list_scenes", "--json", *options)
    return {row["name"]: row["problems"] for row in json.loads(capsys.readouterr().out)["rows"]}


def test_scenes_are_listed_by_their_problems(oblique, capsys):
    assert listed(capsys) == {"DJI_0001.JPG": ["oblique"], "DJI_0002.PNG": []}
    for option in ("oblique", "any"):
        assert listed(capsys, "--problem", option) == {"DJI_0001.JPG": ["oblique"]}
    assert listed(capsys, "--problem", "dark") == {}


def test_an_admin_finds_a_photo_usable_all_the_same_and_takes_that_back(oblique, capsys, site_admin):
    about = ("describe_scene", str(oblique.pk), "--by", site_admin.username)
    call_command(*about, "--usable")
    oblique.refresh_from_db()
    assert oblique.usable_by == site_admin
    assert listed(capsys, "--problem", "any") == {}
    assert listed(capsys)["DJI_0001.JPG"] == []
    judge_flights([oblique])
    assert listed(capsys, "--problem", "any") == {}
    call_command("show", "scene", str(oblique.pk), "--json")
    shown = json.loads(capsys.readouterr().out)
    assert shown["problems"] == ["oblique (the camera looks 50° off straight down)"]
    assert shown["found_usable_by"] == site_admin.username
    call_command(*about, "--not-usable")
    oblique.refresh_from_db()
    assert (oblique.usable_by, oblique.usable_at) == (None, None)
    assert listed(capsys, "--problem", "any") == {"DJI_0001.JPG": ["oblique"]}


def test_nobody_else_may_and_who_decides_is_asked(oblique, volunteer):
    with pytest.raises(Refused, match="Only an admin"):
        set_usable([oblique], True, by=volunteer)
    with pytest.raises(CommandError, match="who decides"):
        call_command("describe_scene", str(oblique.pk), "--usable")
    with pytest.raises(CommandError, match="no account nobody"):
        call_command("describe_scene", str(oblique.pk), "--usable", "--before", "--by", "nobody")
    oblique.refresh_from_db()
    assert (oblique.usable_at, oblique.role) == (None, "after")


def test_the_api_tells_problems_and_what_was_found_of_them(oblique, volunteer, site_admin):
    client = APIClient()
    client.force_login(volunteer)
    told = client.get(f"/api/v1/scenes/{oblique.pk}/").json()
    assert told["problems"] == [
        {
            "code": "oblique",
            "figure": 50.0,
            "like": None,
            "words": "oblique (the camera looks 50° off straight down)",
        }
    ]
    assert (told["gimbal_pitch_deg"], told["usable_at"]) == (-40.0, None)
    set_usable([oblique], True, by=site_admin)
    assert client.get(f"/api/v1/scenes/{oblique.pk}/").json()["usable_at"]


def test_the_administration_filters_by_problem_and_finds_usable(oblique, client, site_admin):
    client.force_login(site_admin)
    address = reverse("admin:ingestion_scene_changelist")

    def shown(value):
        page = client.get(address, {"problem": value})
        return [scene.name for scene in page.context["cl"].result_list]

    assert shown("oblique") == shown("any") == ["DJI_0001.JPG"]
    assert shown("dark") == shown("usable") == []
    client.post(address, {"action": "find_usable", "_selected_action": [oblique.pk]})
    assert shown("any") == []
    assert shown("usable") == ["DJI_0001.JPG"]
    page = client.get(reverse("admin:ingestion_scene_change", args=[oblique.pk]))
    assert "oblique (the camera looks 50° off straight down)" in page.content.decode()
    client.post(address, {"action": "count_problems_again", "_selected_action": [oblique.pk]})
    assert shown("any") == ["DJI_0001.JPG"]


def test_photos_from_before_there_was_any_judging_are_measured(take, capsys):
    ingest(take(1, contrast=0.1), *(take(number) for number in range(2, 10)))
    before = Scene.objects.get(name="DJI_0001.PNG")
    SceneProblem.objects.all().delete()
    Scene.objects.update(
        sharpness=None, mean_luminance=None, dark_share=None, bright_share=None, look_hash=""
    )
    capsys.readouterr()
    call_command("judge_photos", "--town", "Altamira")
    out = capsys.readouterr().out
    assert out.splitlines() == [
        "9 photos judged, 9 measured, 1 judged otherwise than before",
        "1 of 9: blurred (manage.py list_scenes --problem blurred)",
    ]
    after = Scene.objects.get(name="DJI_0001.PNG")
    assert (after.sharpness, after.look_hash) == (before.sharpness, before.look_hash)
    call_command("judge_photos")
    assert "0 measured, 0 judged otherwise" in capsys.readouterr().out


def test_a_photo_whose_file_is_gone_is_told(take, capsys):
    ingest(take(1), take(2))
    Scene.objects.update(sharpness=None)
    Scene.objects.get(name="DJI_0001.PNG").path.unlink()
    with pytest.raises(CommandError):
        call_command("judge_photos")
    assert "DJI_0001.PNG" in capsys.readouterr().out
    assert Scene.objects.get(name="DJI_0002.PNG").sharpness


def test_mosaics_are_not_judged(geotiff):
    call_command("ingest_mosaic", str(geotiff(pixels=np.ones((3, 40, 60), np.uint8))), *PLACE, "--json")
    judge_flights(Scene.objects.all())
    assert problems() == []
