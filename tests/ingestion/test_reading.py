"""Parts of a scene as they are read, also beyond its edges."""

import numpy as np
import pytest

from damage.ingestion.reading import Pixels


@pytest.mark.parametrize(
    ("x", "y", "width", "height"),
    [
        pytest.param(3, 2, 4, 5, id="inside"),
        pytest.param(-4, -3, 8, 9, id="beyond the upper left corner"),
        pytest.param(8, 5, 9, 8, id="beyond the lower right corner"),
        pytest.param(-5, -5, 22, 18, id="beyond all sides"),
    ],
)
def test_what_lies_beyond_the_edge_is_the_mirror_image_as_numpy_pads(x, y, width, height):
    """Of what is asked for: the same whatever was read beside it."""
    random = np.random.default_rng(0)
    bands = random.integers(0, 256, (3, 9, 12), dtype=np.uint8)
    valid = random.random((9, 12)) < 0.5
    part = Pixels(bands, valid, 0, 0).cut(x, y, width, height)
    rows, columns = slice(max(y, 0), min(y + height, 9)), slice(max(x, 0), min(x + width, 12))
    sides = (
        (rows.start - y, y + height - rows.stop),
        (columns.start - x, x + width - columns.stop),
    )
    assert part.valid is not None
    assert np.array_equal(part.bands, np.pad(bands[:, rows, columns], ((0, 0), *sides), mode="reflect"))
    assert np.array_equal(part.valid, np.pad(valid[rows, columns], sides, mode="reflect"))


def test_a_scene_far_smaller_than_what_is_cut_is_mirrored_over_and_over():
    bands = np.array([[[1, 2, 3]]] * 3, dtype=np.uint8)
    part = Pixels(bands, None, 0, 0).cut(-2, -1, 9, 2)
    assert part.bands[0].tolist() == [[3, 2, 1, 2, 3, 2, 1, 2, 3]] * 2


def test_the_corner_of_what_was_read_counts():
    bands = np.arange(12, dtype=np.uint8).reshape(1, 3, 4).repeat(3, axis=0)
    part = Pixels(bands, None, 100, 50).cut(102, 51, 2, 2)
    assert part.bands[0].tolist() == [[6, 7], [10, 11]]
