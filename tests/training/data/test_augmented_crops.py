"""Copies of crops: cut from their scene where it reaches far enough, and learnt from in the training part alone."""

import csv
import io
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from django.core.management import CommandError, call_command
from PIL import Image

from damage.errors import Refused
from damage.ingestion.models import Town
from damage.ingestion.services import ingest_mosaic, ingest_photo
from tagging.cutting import cut_pending_crops
from tagging.importing import import_crops
from tagging.models import Crop
from tagging.services import image_bytes, record_tag
from training.config import TrainingConfig
from training.data import augmented_crops
from training.data.augmented_crops import Copies, enlarged, surroundings
from training.data.crop_files import read_pixels
from training.executor import carry_out
from training.models import ModelRun
from training.networks.augmentation import Augmentation, margin_px, mirrored_around
from training.reproduction import reproduce
from training.services import request_training, train

pytestmark = pytest.mark.one_database  # is about pixels


@pytest.fixture
def cut(question, volunteer, tmp_path):
    """Cut a crop of 32 px from a scene of noise, 100 px wide, that may have a black pixel or a hole beside it."""
    pixels = np.random.default_rng(0).integers(1, 256, (100, 100, 3), dtype=np.uint8)

    def crop_at(x_px, y_px, *, black=False, marked=None):
        shown = pixels.copy()
        if black:
            shown[y_px - 2, x_px + 5] = 0
        ingested = mosaic_of(shown, marked) if marked else photo_of(shown)
        scene = ingested.scene
        place = {"x_px": x_px, "y_px": y_px, "size_px": 32}
        tag = record_tag(tagger=volunteer, question=question, scene=scene, **place, answer="positive")
        cut_pending_crops()
        tag.crop.refresh_from_db()
        return tag.crop, shown

    def photo_of(shown):
        Image.fromarray(shown).save(tmp_path / "noise.png")
        return ingest_photo(tmp_path / "noise.png", event="Practice quake", town="Altamira")

    def mosaic_of(shown, marked):
        """Black is ground in a mosaic that marks nothing, or whose mask says so, and none where it is nodata."""
        transform = Affine(0.5, 0, 500_000, 0, -0.5, 4_160_000)
        profile = {"count": 3, "dtype": "uint8", "crs": "EPSG:32637", "transform": transform}
        if marked == "nodata":
            profile["nodata"] = 0
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", width=100, height=100, **profile) as file,
        ):
            file.write(shown.transpose(2, 0, 1))
            if marked == "mask":
                file.write_mask(np.full((100, 100), 255, np.uint8))
        return ingest_mosaic(tmp_path / "a.tif", event="Practice quake", town="Altamira")

    return crop_at


def test_what_lies_around_a_crop_comes_from_its_scene(cut):
    crop, scene = cut(40, 20)
    square, margin = enlarged(crop)
    assert margin == margin_px(32) == 7
    assert np.array_equal(square, scene[13:59, 33:79])


@pytest.mark.parametrize("corner", [(3, 40), (40, 62)])
def test_at_the_edge_of_its_scene_a_crop_is_mirrored(cut, corner):
    crop, scene = cut(*corner)
    x, y = corner
    assert surroundings(crop) is None
    assert np.array_equal(enlarged(crop)[0], mirrored_around(scene[y : y + 32, x : x + 32]))


@pytest.mark.parametrize("marked", [None, "nothing", "mask"])
def test_a_black_pixel_is_no_hole(cut, marked):
    crop, scene = cut(40, 20, black=True, marked=marked)
    assert np.array_equal(enlarged(crop)[0], scene[13:59, 33:79])


def test_beside_ground_that_was_not_flown_a_crop_is_mirrored(cut):
    crop, scene = cut(40, 20, black=True, marked="nodata")
    assert surroundings(crop) is not None
    assert np.array_equal(enlarged(crop)[0], mirrored_around(scene[20:52, 40:72]))


def test_a_crop_without_a_scene_is_mirrored(towns):
    crop = Crop.objects.first()
    square, margin = enlarged(crop)
    assert square.shape == (46, 46, 3)
    image = Image.open(BytesIO(image_bytes(crop)))
    assert np.array_equal(square[margin:-margin, margin:-margin], np.asarray(image))


def test_a_copy_is_known_by_its_crop_its_scene_its_recipe_and_its_number(cut):
    crop, _ = cut(40, 20)
    copies = Copies(Augmentation("sampled", 3))
    digests = {each.sha256 for each in copies.of(crop, range(3))}
    digests |= {each.sha256 for each in Copies(Augmentation("sampled", 3, seed=1)).of(crop, range(3))}
    crop.scene = None
    digests |= {each.sha256 for each in copies.of(crop, range(3))}
    assert len(digests) == 9
    assert not digests & {crop.sha256}


def test_an_epoch_draws_every_crop_once(towns):
    crops = list(Crop.objects.all()[:3])
    first, second = (Copies(Augmentation("sampled", 2)).redrawn(crops, epoch) for epoch in (1, 2))
    assert len(first) == len(second) == 3
    assert not np.array_equal(read_pixels(first[0]), read_pixels(second[0]))


def kept_features(data_folder):
    return [path for path in (data_folder / "features").rglob("*.npy") if "tiny" in str(path)]


@pytest.mark.parametrize("head", ["softmax", "logistic-regression"])
def test_only_the_training_part_is_augmented(question, towns, training_config, data_folder, head):
    """24 crops with two further copies each, and 48 crops that validate and test."""
    told = []
    wish = replace(training_config, augment="sampled", copies=3, head=head)
    run = train(question, wish, progress=lambda *seen: told.append(seen))
    assert len(kept_features(data_folder)) == 24 * 3 + 48
    assert told[-1] == (120, 120)
    assert run.metrics["train"]["crops"] == 24
    assert run.metrics["test"]["auc"] == 1.0
    recorded = run.parameters["augmentation"]
    assert (recorded["form"], recorded["copies"], recorded["seed"]) == ("sampled", 3, 0)
    assert (recorded["in_scenes"], recorded["mirrored"]) == (0, 24)
    assert recorded["jitter"]["most_blur_px"] > 0


def test_more_copies_later_take_up_those_there_are(question, towns, training_config, data_folder):
    train(question, replace(training_config, augment="thesis", copies=3))
    before = set(kept_features(data_folder))
    train(question, replace(training_config, augment="thesis", copies=5))
    assert before < set(kept_features(data_folder))
    assert len(kept_features(data_folder)) == 24 * 5 + 48


def test_an_augmented_training_done_again_is_equal(question, towns, training_config, data_folder):
    run = train(question, replace(training_config, augment="sampled", copies=3, seed=4))
    for path in kept_features(data_folder):
        path.unlink()
    assert reproduce(run).is_equal


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"augment": "magic"}, r"no augmentation magic.*thesis"),
        ({"copies": 3}, "need a form"),
        ({"augment": "thesis", "copies": 145}, "2 to 144"),
        ({"augment": "sampled", "copies": 1}, "2 to 1000"),
        ({"augment": "thesis"}, r"144 images of each of 24 crops are too many.*41 copies"),
    ],
)
def test_what_cannot_be_augmented_is_refused_before_any_row(
    question, towns, training_config, monkeypatch, changes, words
):
    monkeypatch.setattr(augmented_crops, "MOST_IMAGES", 1000)
    with pytest.raises(Refused, match=words):
        train(question, replace(training_config, **changes))
    assert not ModelRun.objects.exists()


def test_a_run_from_before_there_were_copies_is_done_again_without(
    question, towns, training_config, shared_training
):
    run = request_training(question, training_config, requested_by=None)
    del run.parameters["augmentation"], run.parameters["fine_tune_blocks"]
    run.save()
    assert carry_out(run).status == "done"


def test_the_api_takes_the_same_fields(api, site_admin, towns, tiny):
    api.force_authenticate(site_admin)
    wish = {"question": "damage", "backbone": tiny, "augment": "sampled", "copies": 4}
    answer = api.post("/api/v1/model-runs/", wish)
    assert answer.status_code == 202
    assert answer.data["parameters"]["augmentation"]["copies"] == 4
    assert api.post("/api/v1/model-runs/", wish | {"fine_tune_blocks": 2}).status_code == 400


def augment(*arguments):
    out = io.StringIO()
    call_command("augment", "--question", "damage", "--town", "Norte", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_files_are_a_list_that_import_crops_takes(towns, tmp_path):
    said = augment("--out", str(tmp_path / "more" / "copies"), "--copies", "3", "--limit", "4")
    assert (said["crops"], said["images"]) == (4, 12)
    with Path(said["list"]).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["file"] for row in rows}) == 12
    assert {(row["town"], row["size_px"], row["gsd_m"]) for row in rows} == {("Norte", "32", "0.5")}
    imported = import_crops(tmp_path / "more" / "copies" / "crops.csv", event="Copies")
    assert imported.added == 12
    labels = {label: sum(row["label"] == label for row in rows) for label in ("damage", "no_damage")}
    assert imported.towns["Norte"] == labels | {"unsure": 0}


def test_without_a_number_a_crop_gets_the_thesis_144(towns, tmp_path):
    assert augment("--out", str(tmp_path / "copies"), "--limit", "1")["images"] == 144


def test_a_folder_that_is_in_use_is_refused(towns, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    with pytest.raises(CommandError, match=r"not empty.*new or an empty"):
        augment("--out", str(tmp_path / "full"))
    (tmp_path / "empty").mkdir()
    assert augment("--out", str(tmp_path / "empty"), "--copies", "2", "--limit", "1")["images"] == 2


def test_a_folder_that_cannot_be_made_is_refused(towns, tmp_path):
    (tmp_path / "list.txt").write_text("a file")
    with pytest.raises(CommandError, match=r"cannot be written: .*Name a new"):
        augment("--out", str(tmp_path / "list.txt" / "copies"))


def test_ctrl_c_leaves_nothing_behind(towns, tmp_path, monkeypatch):
    written = []

    def interrupted(pixels):
        written.append(pixels)
        if len(written) == 5:
            raise KeyboardInterrupt
        return b"png"

    monkeypatch.setattr("training.data.augmented_files.encoded_png", interrupted)
    with pytest.raises(CommandError) as raised:
        augment("--out", str(tmp_path / "here" / "copies"))
    assert raised.value.returncode == 130
    assert list((tmp_path / "here").iterdir()) == []


def test_a_town_without_tags_is_refused(question, town, tmp_path):
    with pytest.raises(CommandError, match="no crop has an agreed answer"):
        call_command("augment", "--question", "damage", "--town", "Altamira", "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_the_default_recipe_changes_no_crop():
    assert (TrainingConfig().augment, TrainingConfig().copies, TrainingConfig().fine_tune_blocks) == (
        "none",
        None,
        0,
    )


def test_a_list_of_copies_holds_no_formula_and_names_its_town_all_the_same(towns, tmp_path):
    Town.objects.filter(pk=towns[0].pk).update(name="=1+1 Norte")
    said = augment("--out", str(tmp_path / "copies"), "--copies", "2", "--limit", "1")
    with Path(said["list"]).open(newline="") as file:
        assert {row["town"] for row in csv.DictReader(file)} == {"'=1+1 Norte"}
    import_crops(Path(said["list"]), event="Copies")
    assert Town.objects.get(event__name="Copies").name == "=1+1 Norte"
