"""Augmented copies: what is turned, what is never made up, and what a seed decides."""

from dataclasses import replace

import numpy as np
import pytest

from training.networks.augmentation import (
    ANGLES_DEG,
    THESIS_TURNS,
    Augmentation,
    Jitter,
    Turn,
    hazy,
    margin_px,
    mirrored_around,
    sampled,
    squared,
    turned,
)

STILL = Jitter(
    most_brightness_levels=0,
    most_contrast_factor=1,
    most_haze_share=0,
    most_blur_px=0,
    most_gsd_factor=1,
)


@pytest.fixture
def crop():
    """A square without any symmetry: red grows to the right, green downwards, one corner is blue."""
    crop = np.zeros((30, 30, 3), np.uint8)
    crop[..., 0] = np.arange(30) * 8
    crop[..., 1] = (np.arange(30) * 6)[:, None]
    crop[:8, :8, 2] = 255
    return crop


def test_the_thesis_has_36_rotations_by_two_reflections_by_two():
    assert len(set(THESIS_TURNS)) == len(THESIS_TURNS) == 144
    assert {turn.angle_deg for turn in THESIS_TURNS} == set(range(0, 360, 10))
    assert THESIS_TURNS[0] == Turn(0)


@pytest.mark.parametrize(("size", "margin"), [(10, 3), (100, 21), (299, 62)])
def test_the_enlarged_square_is_at_least_root_two_larger(size, margin):
    """By hand: (1.41421 x 100 - 100) / 2 = 20.7, and whole pixels."""
    assert margin_px(size) == margin
    assert mirrored_around(np.zeros((size, size, 3), np.uint8)).shape[0] == size + 2 * margin


def test_around_a_crop_without_surroundings_lies_its_mirror_image(crop):
    square, margin = mirrored_around(crop), margin_px(30)
    assert np.array_equal(square[margin:-margin, margin:-margin], crop)
    assert np.array_equal(square[margin:-margin, margin - 1], crop[:, 0])
    assert np.array_equal(square[margin - 2, margin:-margin], crop[1])


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_quarter_turns_are_exact(crop, quarter):
    square, margin = mirrored_around(crop), margin_px(30)
    assert np.array_equal(turned(square, margin, Turn(90 * quarter)), np.rot90(crop, quarter))
    both = turned(square, margin, Turn(90 * quarter, left_right=True, top_bottom=True))
    assert np.array_equal(both, np.rot90(crop, quarter)[::-1, ::-1])


def test_a_turn_by_45_degrees_brings_the_top_to_the_upper_left():
    """A white pixel 10 above the centre of a black square lies, turned counter-clockwise, 7.07 up and 7.07 left."""
    square = np.zeros((41, 41, 3), np.uint8)
    square[9:12, 19:22] = 255
    found = turned(square, 5, Turn(45))[..., 0].astype(float)
    rows, columns = np.indices(found.shape)
    assert (rows * found).sum() / found.sum() == pytest.approx(15 - 7.07, abs=0.1)
    assert (columns * found).sum() / found.sum() == pytest.approx(15 - 7.07, abs=0.1)


@pytest.mark.parametrize("size", [16, 31, 60])
def test_no_pixel_of_any_copy_is_made_up(size):
    """Whatever is filled in would be darker than the least of the pixels that are there."""
    margin = margin_px(size)
    square = np.random.default_rng(0).integers(100, 256, (size + 2 * margin,) * 2 + (3,), dtype=np.uint8)
    angles = [Turn(angle) for angle in np.random.default_rng(1).uniform(0, 360, 50)]
    for turn in (*THESIS_TURNS, *angles):
        copy = turned(square, margin, turn)
        assert copy.shape == (size, size, 3)
        assert copy.min() >= 100


def test_the_144_are_72_orientations_each_of_them_twice(crop):
    """Both reflections are half a turn; apart from that no two copies are alike."""
    square, margin = mirrored_around(crop), margin_px(30)
    copies = np.array([turned(square, margin, turn) for turn in THESIS_TURNS], np.float32)
    difference = np.array([np.abs(copies - copy).mean(axis=(1, 2, 3)) for copy in copies])
    twins = (difference < 1).sum(axis=1)
    assert set(twins) == {2}
    first, twin = THESIS_TURNS.index(Turn(50)), THESIS_TURNS.index(Turn(230, True, True))
    assert difference[first, twin] < 1


def test_haze_dims_the_scene_and_adds_airlight():
    """By hand: 100 x 0.75 + 200 x 0.25 = 125; 40 x 0.75 + 240 x 0.25 = 90."""
    light = np.array([[[100.0, 40.0, 0.0]]])
    assert hazy(light, 0.25, (200.0, 240.0, 100.0)).tolist() == [[[125.0, 90.0, 25.0]]]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(crop):
    square, margin = mirrored_around(crop), margin_px(30)

    def copy(seed):
        return sampled(square, margin, np.random.default_rng(seed), Jitter())

    assert copy(3).dtype == np.uint8
    assert copy(3).shape == crop.shape
    assert np.array_equal(copy(3), copy(3))
    assert not np.array_equal(copy(3), copy(4))


def test_without_jitter_a_sampled_copy_is_only_turned():
    """A plain grey square stays the same grey."""
    square = np.full((60, 60, 3), 90, np.uint8)
    for seed in range(5):
        assert (sampled(square, 9, np.random.default_rng(seed), STILL) == 90).all()


@pytest.mark.parametrize(
    ("setting", "most"),
    [("most_brightness_levels", 30.0), ("most_haze_share", 0.5)],
    ids=["brighter", "hazy"],
)
def test_jitter_stays_within_its_bounds(setting, most):
    """Grey 90: at most 30 levels up or down; haze of a half at most halfway to the airlight of 200."""
    jitter = replace(STILL, airlight_levels=(200.0,) * 3, **{setting: most})
    low, high = (60, 120) if setting == "most_brightness_levels" else (90, 145)
    square = np.full((30, 30, 3), 90, np.uint8)
    greys = [int(sampled(square, 4, np.random.default_rng(seed), jitter)[0, 0, 0]) for seed in range(40)]
    assert low <= min(greys) < max(greys) <= high
    assert max(greys) - min(greys) > (high - low) / 2


@pytest.mark.parametrize(
    ("setting", "most"), [("most_blur_px", 2.0), ("most_gsd_factor", 4.0)], ids=["blurred", "coarser"]
)
def test_blur_and_a_coarser_sensor_take_detail_and_keep_the_light(setting, most):
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)

    def copies(jitter):
        return [
            sampled(noise, margin_px(56), np.random.default_rng(seed), jitter).astype(float)
            for seed in range(8)
        ]

    pairs = list(zip(copies(STILL), copies(replace(STILL, **{setting: most})), strict=True))
    assert all(soft.std() <= sharp.std() for sharp, soft in pairs)
    assert min(soft.std() / sharp.std() for sharp, soft in pairs) < 0.7
    assert all(soft.mean() == pytest.approx(sharp.mean(), abs=3) for sharp, soft in pairs)


@pytest.mark.parametrize("form", ["thesis", "sampled"])
def test_a_copy_depends_on_crop_and_number_and_the_first_is_the_crop(crop, form):
    square, margin, augmentation = mirrored_around(crop), margin_px(30), Augmentation(form, 10, seed=1)

    def copy(number, digest="ab" * 32):
        return augmentation.copy(square, margin, crop_sha256=digest, number=number)

    assert np.array_equal(copy(0), crop)
    assert np.array_equal(copy(3), copy(3))
    assert not np.array_equal(copy(3), copy(4))
    assert not np.array_equal(copy(3), copy(3, "cd" * 32))


def test_all_copies_of_the_thesis_are_its_144_turns(crop):
    square, margin, augmentation = mirrored_around(crop), margin_px(30), Augmentation("thesis", 144)
    copies = {
        augmentation.copy(square, margin, crop_sha256="ab" * 32, number=number).tobytes()
        for number in range(144)
    }
    assert copies == {turned(square, margin, turn).tobytes() for turn in THESIS_TURNS}


def test_a_recipe_is_named_by_what_decides_its_copies():
    ids = {
        Augmentation("thesis").recipe_id,
        Augmentation("sampled").recipe_id,
        Augmentation("sampled", seed=1).recipe_id,
        Augmentation("sampled", jitter=Jitter(most_blur_px=2)).recipe_id,
    }
    assert len(ids) == 4
    assert Augmentation("sampled", 5).recipe_id == Augmentation("sampled", 50).recipe_id
    assert Augmentation("thesis", seed=1).recipe_id == Augmentation("thesis").recipe_id


def test_an_oblong_crop_is_squeezed_into_a_square_of_its_area():
    assert squared(np.zeros((32, 50, 3), np.uint8)).shape == (40, 40, 3)
    assert len(ANGLES_DEG) == 36
