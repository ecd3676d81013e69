import json

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from PIL import Image

from damage.accounts.models import User
from damage.errors import Refused
from damage.ingestion.models import Event, Scene, Town
from tagging import importing
from tagging.importing import import_crops
from tagging.models import Crop, Tag, TagChange

HEADER = "file,town,label,kind,scene,x,y,size_px,gsd_m,lon,lat"

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path):
    """Four crops of different greys and sizes, and a text that is none."""
    for grey, (name, size) in enumerate({"a": (40, 40), "b": (60, 60), "c": (32, 50), "d": (40, 40)}.items()):
        Image.new("RGB", size, (grey, grey, grey)).save(tmp_path / f"{name}.png")
    (tmp_path / "text.png").write_text("not an image")
    return tmp_path


def listed(folder, *lines, header=HEADER):
    (folder / "crops.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return folder / "crops.csv"


def stored_files():
    return sorted(default_storage.listdir("crops")[1]) if default_storage.exists("crops") else []


def test_crops_come_with_their_place_and_their_label_as_a_tag_of_an_account_nobody_can_use(folder):
    csv = listed(
        folder,
        "a.png,Adıyaman,damage,building,,7,8,40,0.5,38.25,37.75",
        "b.png,Adiyaman,no_damage,,,,,,,,",
        "c.png,Islahiye,unsure,,,,,,0.3,,",
    )
    result = import_crops(csv, event="Türkiye 2023")
    assert (result.added, result.already, result.changed, result.in_scenes) == (3, 0, 0, 0)
    assert result.towns == {
        "Adıyaman": {"damage": 1, "no_damage": 1, "unsure": 0},
        "Islahiye": {"damage": 0, "no_damage": 0, "unsure": 1},
    }
    assert [town.slug for town in Town.objects.all()] == ["adiyaman", "islahiye"]
    a, b, c = Crop.objects.order_by("id")
    assert (a.x_px, a.y_px, a.size_px, a.gsd_m, a.lon, a.lat) == (7, 8, 40, 0.5, 38.25, 37.75)
    assert (b.x_px, b.size_px, b.gsd_m, b.lon) == (None, 60, None, None)
    assert c.size_px == 40  # a square of 32 x 50 = 1600 pixels
    assert [crop.tags.get().answer for crop in (a, b, c)] == ["positive", "negative", "unsure"]
    importer = User.objects.get()
    assert not importer.is_active
    assert not importer.has_usable_password()
    assert TagChange.objects.filter(tagger=importer, changed_by=importer).count() == 3
    with a.image.open() as stored:
        assert stored.read() == (folder / "a.png").read_bytes()


def test_the_short_column_names_are_understood(folder):
    csv = listed(folder, "a.png,Adiyaman,damage,20,0.25", header="file,town,label,size,gsd")
    import_crops(csv, event="E")
    crop = Crop.objects.get()
    assert (crop.size_px, crop.gsd_m) == (20, 0.25)


def test_a_crop_imported_twice_is_already_there(folder):
    csv = listed(folder, "a.png,Adiyaman,damage,,,,,,,,", "a.png,Adiyaman,damage,,,,,,,,")
    assert import_crops(csv, event="E").already == 1
    again = import_crops(csv, event="E")
    assert (again.added, again.already) == (0, 2)
    assert (Crop.objects.count(), Tag.objects.count(), len(stored_files())) == (1, 1, 1)


def test_the_same_pixels_at_two_places_are_two_crops(folder):
    lines = [
        "a.png,Adiyaman,damage,,one.tif,7,8,40,,,",
        "a.png,Adiyaman,no_damage,,one.tif,9,8,40,,,",
        "a.png,Adiyaman,damage,,two.tif,7,8,40,,,",
        "b.png,Adiyaman,damage,,,,,,,38.25,37.75",
        "b.png,Adiyaman,damage,,,,,,,38.25,37.5",
    ]
    assert import_crops(listed(folder, *lines), event="E").added == 5
    again = import_crops(listed(folder, *lines), event="E")
    assert (again.added, again.already) == (0, 5)
    assert Crop.objects.count() == 5


def test_a_line_without_a_place_names_the_crop_that_has_one(folder):
    import_crops(listed(folder, "a.png,Adiyaman,damage,,one.tif,7,8,40,,,"), event="E")
    assert import_crops(listed(folder, "a.png,Adiyaman,damage,,,,,,,,"), event="E").already == 1
    assert Crop.objects.count() == 1


def test_a_list_from_any_spreadsheet_comes_in(folder):
    lines = [
        "sep=;",
        "File;Town;LABEL;GSD_M;;",
        '"a.png";Cañón;Damage;0,25;;',
        ";;;;;",
        "b.png;Cañón;unsure;;;",
    ]
    (folder / "crops.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    result = import_crops(folder / "crops.csv", event="E")
    assert result.towns == {"Cañón": {"damage": 1, "no_damage": 0, "unsure": 1}}
    assert result.guessed_code == "Windows-1252"
    assert Crop.objects.get(source_name="a.png").gsd_m == 0.25


def test_the_command_says_which_code_was_guessed(folder, capsys):
    (folder / "crops.csv").write_bytes("file,town,label\na.png,Cañón,damage\n".encode("cp1252"))
    call_command("import_crops", str(folder / "crops.csv"), "--event", "E")
    assert "read as Windows-1252" in capsys.readouterr().out


def test_a_corrected_label_replaces_the_one_before_and_history_keeps_both(folder):
    import_crops(listed(folder, "a.png,Adiyaman,damage,,,,,,,,"), event="E")
    assert import_crops(listed(folder, "a.png,Adiyaman,unsure,,,,,,,,"), event="E").changed == 1
    assert Tag.objects.get().answer == "unsure"
    assert list(TagChange.objects.values_list("answer", flat=True)) == ["positive", "unsure"]


@pytest.fixture
def scene(db):
    town = Town.objects.create(
        event=Event.objects.create(name="E", slug="e"), name="Adiyaman", slug="adiyaman"
    )
    return Scene.objects.create(
        town=town,
        kind="photo",
        name="s.jpg",
        sha256="0" * 64,
        size_bytes=1,
        in_place_path="/s.jpg",
        width_px=100,
        height_px=90,
        band_count=3,
    )


@pytest.mark.parametrize(
    ("square", "is_linked"),
    [("60,50,40", True), ("61,50,40", False), ("60,51,40", False), (",,40", False)],
)
def test_a_crop_is_linked_to_its_scene_where_its_square_lies_inside(folder, scene, square, is_linked):
    import_crops(listed(folder, f"a.png,Adiyaman,damage,,s.jpg,{square},,,"), event="E")
    assert (Crop.objects.get().scene == scene) is is_linked


@pytest.mark.parametrize("stored", ["D\u00edaz.tif", "Di\u0301az.tif"])
@pytest.mark.parametrize("listed_name", ["D\u00edaz.tif", "Di\u0301az.tif"])
def test_a_scenes_name_is_one_whichever_way_its_accents_are_written(folder, scene, stored, listed_name):
    Scene.objects.update(name=stored)
    csv = listed(folder, f"a.png,{scene.town.name},damage,,{listed_name},5,6,40,,,")
    assert import_crops(csv, event=scene.town.event.name).in_scenes == 1


def test_a_square_that_somebody_tagged_in_the_browser_is_not_stored_again(folder, scene):
    there = Crop.objects.create(
        town=scene.town, scene=scene, x_px=5, y_px=6, size_px=40, image="crops/there.png", sha256="1" * 64
    )
    import_crops(listed(folder, "a.png,Adiyaman,damage,,s.jpg,5,6,40,,,"), event="E")
    assert Crop.objects.get() == there
    assert there.tags.get().answer == "positive"
    assert stored_files() == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a.png,Adiyaman,rubble,,,,,,,,", "label 'rubble'"),
        (",Adiyaman,damage,,,,,,,,", "file is empty"),
        ("a.png,,damage,,,,,,,,", "town is empty"),
        ("a.png", "town is empty"),
        ("e.png,Adiyaman,damage,,,,,,,,", "no file e.png"),
        ("text.png,Adiyaman,damage,,,,,,,,", "text.png is no JPEG"),
        ("../outside.png,Adiyaman,damage,,,,,,,,", "outside the folder"),
        ("/etc/hostname,Adiyaman,damage,,,,,,,,", "outside the folder"),
        ("a.png,Adiyaman,damage,,,1.5,2,40,,,", "x '1.5' is not a whole number"),
        ("a.png,Adiyaman,damage,,,-1,2,40,,,", "x -1 is not between"),
        ("a.png,Adiyaman,damage,,,1,,40,,,", "x goes with y"),
        ("a.png,Adiyaman,damage,,,,,8,,,", "size_px 8 is not between"),
        ("a.png,Adiyaman,damage,,,,,40,nan,,", "gsd_m nan is not between"),
        ("a.png,Adiyaman,damage,,,,,40,0,,", "gsd_m is 0"),
        ("a.png,Adiyaman,damage,,,,,40,half,,", "gsd_m 'half' is not a number"),
        ("a.png,Adiyaman,damage,,,,,40,,200,0", "lon 200 is not between"),
        ("b.png,Adiyaman,no_damage,,,,,,,,", "labelled damage on line 2"),
        ("a.png,!!,damage,,,,,,,,", "'!!' is no name"),
        (
            "a.png,San Juan, Oaxaca,damage,,,,,,,,",
            "it has 12 cells, the first line 11; quote cells that hold",
        ),
        (f"a.png,{'x' * 300},damage,,,,,,,,", "town has 300 letters, more than 255"),
        (f"{'a' * 300}.png,Adiyaman,damage,,,,,,,,", "file has 304 letters"),
        ("a.png,Adi\0yaman,damage,,,,,,,,", "town holds a NUL character"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_nothing_is_imported(folder, line, problem):
    Image.new("RGB", (40, 40)).save(folder.parent / "outside.png")
    with pytest.raises(Refused, match=problem) as refusal:
        import_crops(listed(folder, "b.png,Adiyaman,damage,,,,,,,,", line), event="E")
    assert "line 3" in str(refusal.value)
    assert (Crop.objects.count(), Event.objects.count(), stored_files()) == (0, 0, [])


def test_a_link_out_of_the_folder_is_not_followed(folder):
    Image.new("RGB", (40, 40)).save(folder.parent / "outside.png")
    (folder / "link.png").symlink_to(folder.parent / "outside.png")
    with pytest.raises(Refused, match="outside the folder"):
        import_crops(listed(folder, "link.png,Adiyaman,damage,,,,,,,,"), event="E")


def test_missing_columns_are_named(folder):
    with pytest.raises(Refused, match="lacks the columns town, label"):
        import_crops(listed(folder, "a.png,1", header="file,x"), event="E")


def test_what_is_no_list_is_refused(folder):
    with pytest.raises(Refused, match="lists no crops"):
        import_crops(listed(folder), event="E")
    Image.new("RGB", (4, 4)).save(folder / "crops.jpg")
    with pytest.raises(Refused, match="no CSV in UTF-8"):
        import_crops(folder / "crops.jpg", event="E")
    for path, words in ((folder, "is no file"), (folder / "nowhere.csv", "cannot be read")):
        with pytest.raises(Refused, match=words):
            import_crops(path, event="E")


@pytest.mark.parametrize("failure", [DatabaseError("the disk is full"), KeyboardInterrupt()])
def test_when_the_rows_cannot_be_written_no_file_stays(folder, monkeypatch, failure):
    def fail(*args, **kwargs):
        raise failure

    monkeypatch.setattr(importing, "store_many", fail)
    with pytest.raises(type(failure)):
        import_crops(listed(folder, "a.png,Adiyaman,damage,,,,,,,,"), event="E")
    assert (Crop.objects.count(), stored_files()) == (0, [])


def test_a_square_that_is_tagged_and_cannot_be_cut_gets_the_label_and_nobody_elses_pixels(folder, scene):
    there = Crop.objects.create(town=scene.town, scene=scene, x_px=5, y_px=6, size_px=40)
    csv = listed(folder, f"a.png,{scene.town.name},damage,,{scene.name},5,6,40,,,")
    assert import_crops(csv, event=scene.town.event.name).in_scenes == 1
    assert Crop.objects.get() == there
    assert there.tags.get().answer == "positive"
    assert (Crop.objects.get().sha256, stored_files()) == ("", [])


def test_the_number_of_queries_does_not_grow_with_the_list(folder, django_assert_num_queries):
    csv = listed(folder, *(f"{name}.png,Adiyaman,damage,,,,,,,," for name in "abcd"))
    import_crops(csv, event="E")
    # question, pending crops, scenes, crops; event, town, account, tags
    with django_assert_num_queries(8):
        import_crops(csv, event="E")


def test_the_command_counts_labels_by_town(folder, capsys):
    csv = listed(folder, "a.png,Adiyaman,damage,,,,,,,,", "b.png,Adiyaman,damage,,,,,,,,")
    call_command("import_crops", str(csv), "--event", "E", "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed["towns"] == {"Adiyaman": {"damage": 2, "no_damage": 0, "unsure": 0}}
    with pytest.raises(CommandError, match="no question water"):
        call_command("import_crops", str(csv), "--event", "E", "--question", "water")


def test_the_crops_of_the_2023_earthquakes_come_in_with_the_counts_of_their_readme(shared):
    result = import_crops(shared / "data" / "crops.csv", event="Türkiye 2023")
    assert result.added == 1733
    assert {town: tuple(labels.values()) for town, labels in result.towns.items()} == {
        "adiyaman": (96, 147, 211),
        "kahramanmaras": (128, 465, 89),
        "islahiye": (101, 300, 0),
        "turkoglu": (7, 74, 55),
        "gaziantep": (1, 48, 11),
    }


def test_towns_of_a_list_are_told_apart_in_any_script_and_spellings_are_one(folder):
    csv = listed(
        folder,
        "a.png,Barrio 東,damage,,,,,,,,",
        "a.png,Barrio 西,no_damage,,,,,,,,",
        "b.png,Kahramanmaraş,damage,,,,,,,,",
        "b.png,KAHRAMANMARAS\u0327,damage,,,,,,,,",  # composed of S and a cedilla
        "c.png,barrio\u3000東,damage,,,,,,,,",
    )
    result = import_crops(csv, event="درنة 2023")
    assert {name: sum(labels.values()) for name, labels in result.towns.items()} == {
        "Barrio 東": 2, "Barrio 西": 1, "Kahramanmaraş": 2
    }  # fmt: skip
    assert sorted(Crop.objects.values_list("town__name", flat=True)) == [
        "Barrio 東", "Barrio 東", "Barrio 西", "Kahramanmaraş"
    ]  # fmt: skip
    import_crops(csv, event="مراكش 2023")
    assert Event.objects.count() == 2
    assert Crop.objects.count() == 8


def test_one_image_of_one_town_in_two_spellings_has_one_label(folder):
    csv = listed(folder, "a.png,Norte,damage,,,,,,,,", "a.png,NORTE ,no_damage,,,,,,,,")
    with pytest.raises(Refused, match="line 3: the same image is labelled damage on line 2"):
        import_crops(csv, event="E")


def test_a_list_whose_towns_differ_in_accents_alone_leaves_nothing(folder):
    csv = listed(folder, "a.png,Peñón,damage,,,,,,,,", "b.png,Penon,damage,,,,,,,,")
    with pytest.raises(Refused, match="“Penon” is not there, but “Peñón” is"):
        import_crops(csv, event="E")
    assert (Event.objects.count(), Town.objects.count(), Crop.objects.count()) == (0, 0, 0)
    assert stored_files() == []


def test_towns_with_names_that_are_too_long_are_named_with_their_lines(folder):
    csv = listed(folder, f"a.png,{'東' * 121},damage,,,,,,,,")
    with pytest.raises(
        Refused, match="line 2: The name “東東東東東東東東東東東東東東東東東東東東…” has 121 letters"
    ):
        import_crops(csv, event="E")
