"""Crops that show the same ground never stand in two parts."""

import hashlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from damage.errors import Refused
from damage.ingestion.models import Town
from tagging.models import Crop
from training.data.near_duplicates import (
    MOST_BITS,
    crossing,
    ground_numbers,
    ground_place,
    image_hashes,
    near_in_place,
    scene_place,
)
from training.models import ModelRunCrop
from training.services import request_training

METRES_PER_DEGREE = 111_195  # of latitude, on a sphere of 6371 km


def picture(seed, size=90):
    """Something with shapes: blurred noise."""
    random = np.random.default_rng(seed).integers(0, 255, (9, 9, 3)).astype(np.uint8)
    return Image.fromarray(random).resize((size, size), Image.Resampling.BICUBIC)


def bits_apart(one, other):
    return int(np.bitwise_count(image_hashes(other)[:, None] ^ image_hashes(one)[:1]).sum(axis=2).min())


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_copy_is_known_however_it_was_turned_scaled_and_saved(quarters, is_mirrored):
    turned = np.rot90(np.asarray(picture(1))[:, ::-1] if is_mirrored else np.asarray(picture(1)), quarters)
    saved = BytesIO()
    Image.fromarray(np.ascontiguousarray(turned)).resize((70, 70)).save(saved, "JPEG", quality=60)
    assert bits_apart(picture(1), Image.open(saved)) <= MOST_BITS


def test_different_pictures_are_told_apart():
    assert min(bits_apart(picture(1), picture(seed)) for seed in range(2, 30)) > MOST_BITS


@pytest.mark.parametrize(("gap_m", "is_near"), [(-10, True), (0, True), (39, True), (41, False)])
@pytest.mark.parametrize("latitude", [0.0, 37.5, -63.0])
def test_squares_within_one_side_of_each_other_are_neighbours(gap_m, is_near, latitude):
    """Two squares of 40 m whose edges are so far apart, one east of the other."""
    degrees = (40 + gap_m) / (METRES_PER_DEGREE * np.cos(np.radians(latitude)))
    first, second = ground_place(37.0, latitude, 40.0), ground_place(37.0 + degrees, latitude, 40.0)
    assert near_in_place([first], [second]).tolist() == [is_near]


def test_without_coordinates_a_scenes_pixels_tell():
    here, beside, elsewhere = scene_place(1, 0, 0, 50), scene_place(1, 60, 0, 50), scene_place(2, 0, 0, 50)
    assert near_in_place([here], [beside, elsewhere, None]).tolist() == [True, False, False]


def test_crops_of_one_ground_share_a_number_and_neighbours_do_not():
    """Of 30 and 40 m, middles up to 15 m apart show the same ground; in a grid they are 30 m apart."""
    degrees = 1 / METRES_PER_DEGREE
    here, again = ground_place(36, 37, 30), ground_place(36, 37 + 14.9 * degrees, 40)
    near, neighbour = ground_place(36, 37 - 15.1 * degrees, 40), ground_place(36, 37 + 30 * degrees, 30)
    photo, same_photo, other = scene_place(1, 0, 0, 50), scene_place(1, 20, 0, 50), scene_place(2, 0, 0, 50)
    places = [here, neighbour, None, again, None, near, photo, same_photo, other]
    numbers = ground_numbers(places).tolist()
    assert numbers[0] == numbers[3]
    assert numbers[6] == numbers[7]
    assert len(set(numbers)) == len(places) - 2
    assert ground_numbers([]).tolist() == []


def test_the_part_that_judges_keeps_its_crops():
    hashes = [image_hashes(picture(seed)) for seed in range(4)]
    parts = {
        "train": [(None, hashes[0]), (None, hashes[1]), (None, hashes[2])],
        "validation": [(None, hashes[1]), (None, hashes[3])],
        "test": [(None, hashes[0]), (None, hashes[3])],
    }
    marked = crossing(parts, ("test", "validation", "train"))
    assert {part: marks.tolist() for part, marks in marked.items()} == {
        "test": [False, False],
        "validation": [False, True],
        "train": [True, True, False],
    }


def test_no_training_learns_from_ground_that_it_is_measured_on(question, towns, training_config):
    """One crop of Norte lies beside one of Sur; another shows a crop of Este, turned and saved again."""
    norte, este, sur = (list(Crop.objects.filter(town=town).order_by("pk")) for town in towns)
    Crop.objects.filter(pk=norte[0].pk).update(lon=36.0, lat=37.0)
    Crop.objects.filter(pk=sur[5].pk).update(lon=36.0, lat=37.0 + 20 / METRES_PER_DEGREE)
    with este[7].image.open("rb") as file:
        turned = Image.open(file).transpose(Image.Transpose.ROTATE_90)
    with norte[3].image.storage.open(norte[3].image.name, "wb") as file:
        turned.save(file, "PNG")
    with norte[3].image.open("rb") as file:
        Crop.objects.filter(pk=norte[3].pk).update(sha256=hashlib.sha256(file.read()).hexdigest())

    run = request_training(question, training_config, requested_by=None)
    used = set(ModelRunCrop.objects.filter(model_run=run).values_list("crop", flat=True))
    assert {crop.pk for crop in (*norte, *este, *sur)} - used == {norte[0].pk, norte[3].pk}
    assert run.parameters["left_out"] == {
        "unsure": 0,
        "tied": 0,
        "shown_again": 2,
        "unreviewed": 0,
        "pending": 0,
    }


def test_a_second_town_on_the_same_ground_is_refused(question, towns, training_config, event):
    """The same flight under two names teaches nothing about another town."""
    Crop.objects.filter(town=Town.objects.get(name="Norte")).update(lon=36.0, lat=37.0)
    Crop.objects.filter(town=Town.objects.get(name="Sur")).update(lon=36.0, lat=37.0)
    with pytest.raises(Refused, match="24 crops for training show ground of another part"):
        request_training(question, training_config, requested_by=None)
