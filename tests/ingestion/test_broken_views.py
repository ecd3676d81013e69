"""A view is stored only if it is whole and shows its scene; a disk that is full is told as such."""

import errno
import shutil

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp

from damage.errors import Refused
from damage.ingestion import viewing
from damage.ingestion.models import Scene
from damage.ingestion.opening import open_raster
from damage.ingestion.reports import ingest_files
from damage.ingestion.services import ingest_mosaic
from damage.ingestion.tiff_structure import read_blocks
from damage.ingestion.view_checks import BrokenView, check_view, squares_of_raster, written_bytes
from damage.ingestion.viewing import write_mosaic_view, write_photo_view
from tests.tiny_disk import fill, tiny_disk

PLACE = {"event": "Quake", "town": "Altamira"}
SIZE = {"width_px": 1000, "height_px": 800}


@pytest.fixture
def pixels():
    """3 x 800 x 1000, of squares of 8 px: JPEG keeps what it is given well."""
    return np.random.default_rng(2).integers(1, 255, (3, 100, 125), dtype=np.uint8).repeat(8, 1).repeat(8, 2)


@pytest.fixture
def view(geotiff, pixels, tmp_path):
    write_mosaic_view(geotiff(pixels=pixels), tmp_path / "view.tif")
    return tmp_path / "view.tif"


def square_of(pixels):
    return lambda x, y, size: pixels[:, y : y + size, x : x + size].transpose(1, 2, 0)


def test_a_whole_view_passes(view, pixels):
    assert check_view(view, **SIZE, like=square_of(pixels), thorough=True)


def test_what_writing_needs_is_counted_in_whole_tiles():
    """1000 x 800 px are 4 x 4 tiles of 256 px, halved 2 x 2, and 1 x 1: 21 tiles of 196,608 bytes."""
    assert written_bytes(1000, 800) == 21 * 3 * 256 * 256
    assert written_bytes(80, 60) == 3 * 256 * 256


@pytest.mark.parametrize("kept", [0.3, 0.8, 0.95, 0.999])
def test_a_view_that_was_cut_off_does_not_pass(view, kept):
    view.write_bytes(view.read_bytes()[: int(view.stat().st_size * kept)])
    with pytest.raises(BrokenView, match="truncated"):
        check_view(view, **SIZE)


@pytest.mark.parametrize("lost", [0, 7, 15])
def test_a_view_with_a_tile_that_was_never_written_does_not_pass(view, lost):
    """As a full disk leaves it: the tile's offset and size are 0, and it is read as black."""
    image = next(read_blocks(view))
    content = view.read_bytes()
    for numbers in (image.offsets, image.sizes):
        listed = numbers.astype("<u4").tobytes()
        assert content.count(listed) == 1
        content = content.replace(
            listed, np.where(np.arange(len(numbers)) == lost, 0, numbers).astype("<u4").tobytes()
        )
    view.write_bytes(content)
    with rasterio.open(view) as dataset:
        assert dataset.read(1)[256 * (lost // 4) :][:256, 256 * (lost % 4) :][:, :256].max() == 0
    with pytest.raises(BrokenView, match="never written"):
        check_view(view, **SIZE)


def test_a_view_without_overviews_does_not_pass(geotiff, pixels):
    with pytest.raises(BrokenView, match="overviews are missing"):
        check_view(geotiff(pixels=pixels), **SIZE)


def test_another_scenes_view_does_not_pass(geotiff, pixels, view, tmp_path):
    with pytest.raises(BrokenView, match="as large as"):
        check_view(view, width_px=1001, height_px=800)
    write_mosaic_view(geotiff(pixels=255 - pixels), tmp_path / "other.tif")
    with pytest.raises(BrokenView, match="something else"):
        check_view(tmp_path / "other.tif", **SIZE, like=square_of(pixels))


def test_a_view_with_blue_for_red_does_not_pass(geotiff, pixels, view, tmp_path):
    """As the views of mosaics in the order blue, green, red were written; `view` is of the same bands as red first."""
    mosaic = geotiff(
        "bgr.tif", pixels=pixels, meanings=(ColorInterp.blue, ColorInterp.green, ColorInterp.red)
    )
    write_mosaic_view(mosaic, tmp_path / "right.tif")
    with open_raster(mosaic) as dataset:
        assert check_view(tmp_path / "right.tif", **SIZE, like=squares_of_raster(dataset), thorough=True)
        with pytest.raises(BrokenView, match="something else"):
            check_view(view, **SIZE, like=squares_of_raster(dataset))


def test_an_all_black_view_of_a_scene_that_is_not_does_not_pass(geotiff, pixels, tmp_path):
    write_mosaic_view(geotiff(pixels=np.zeros_like(pixels)), tmp_path / "black.tif")
    assert check_view(tmp_path / "black.tif", **SIZE) is False
    with pytest.raises(BrokenView, match="something else"):
        check_view(tmp_path / "black.tif", **SIZE, like=square_of(pixels))


def test_a_view_that_cannot_be_decoded_does_not_pass(view):
    image = next(read_blocks(view))
    content = bytearray(view.read_bytes())
    start, size = int(image.offsets[5]), int(image.sizes[5])
    content[start : start + size] = bytes(size)
    view.write_bytes(content)
    check_view(view, **SIZE)  # seen from afar it is whole
    with pytest.raises(BrokenView, match="cannot be read"):
        check_view(view, **SIZE, thorough=True)


@pytest.mark.parametrize("write", ["mosaic", "photo"])
def test_what_came_out_wrong_is_never_handed_on(geotiff, pixels, tmp_path, monkeypatch, write):
    """Without a word from GDAL, as it is with errors on closing a file."""
    black = tmp_path / "black.tif"
    write_mosaic_view(geotiff(pixels=np.zeros_like(pixels)), black)
    for name in ("_write_cog", "write_tiled_jpeg"):
        monkeypatch.setattr(viewing, name, lambda source, target, **form: shutil.copy(black, target))
    path = geotiff(pixels=pixels)
    writings = {
        "mosaic": lambda: write_mosaic_view(path, tmp_path / "view.tif"),
        "photo": lambda: write_photo_view(Image.fromarray(pixels.transpose(1, 2, 0)), tmp_path / "view.tif"),
    }
    with pytest.raises(BrokenView, match="something else"):
        writings[write]()


def test_the_source_is_blamed_only_where_it_cannot_be_read(geotiff, pixels, tmp_path, monkeypatch):
    def fail(dataset, target):
        raise rasterio.errors.RasterioIOError("Read failed.")

    monkeypatch.setattr(viewing, "_write_cog", fail)
    path = geotiff(pixels=pixels, compress="lzw", tiled=True, blockxsize=256, blockysize=256)
    with pytest.raises(BrokenView, match="site's disk"):
        write_mosaic_view(path, tmp_path / "view.tif")
    broken = bytearray(path.read_bytes())
    broken[len(broken) // 2 : len(broken) // 2 + 20_000] = bytes(20_000)
    path.write_bytes(broken)
    with pytest.raises(Refused, match="Some of its pixels") as refusal:
        write_mosaic_view(path, tmp_path / "view.tif")
    assert "Copy it again" in refusal.value.remedy


def test_a_disk_that_fills_up_while_a_view_is_written(geotiff, pixels, tmp_path):
    """From too little for an unpacked copy (4,032 KiB) to enough for copy and view: told, or the view is whole.

    GDAL complains on standard error and goes on: some of these views were all black, others could not be opened.
    """
    path, outcomes = geotiff(pixels=pixels), []
    write_mosaic_view(path, tmp_path / "whole.tif")
    with rasterio.open(tmp_path / "whole.tif") as whole:
        expected = [whole.read(), whole.read(out_shape=(3, 200, 250))]
    for room_kb in (200, 3000, 4040, 4060, 4080, 4100, 4120, 4200, 4300, 6000):
        with tiny_disk(tmp_path / "tiny", 12) as disk:
            fill(disk, leave_bytes=room_kb * 1024)
            try:
                write_mosaic_view(path, disk / "view.tif")
            except OSError as error:
                outcomes.append(error.errno)
                continue
            with rasterio.open(disk / "view.tif") as view:
                assert (view.read() == expected[0]).all()
                assert (view.read(out_shape=(3, 200, 250)) == expected[1]).all()
            outcomes.append(0)
    assert outcomes[:2] == [errno.ENOSPC, errno.ENOSPC]
    assert outcomes[-1] == 0
    assert set(outcomes) == {errno.ENOSPC, 0}


@pytest.mark.django_db
def test_a_mosaic_that_found_the_disk_full_comes_in_once_there_is_room(geotiff, pixels, tmp_path, settings):
    path = geotiff(pixels=pixels)
    with tiny_disk(tmp_path / "tiny", 12) as disk:
        settings.DATA_DIR = disk
        settings.MEDIA_ROOT = disk / "files"
        filler = fill(disk, leave_bytes=3000 * 1024)
        (full,) = ingest_files([path], lambda file: ingest_mosaic(file, in_place=True, **PLACE))
        assert full.status == "refused"
        assert "The disk is full." in full.reason
        assert "opy it again" not in full.reason
        assert not Scene.objects.exists()
        filler.unlink()
        (roomy,) = ingest_files([path], lambda file: ingest_mosaic(file, in_place=True, **PLACE))
        assert roomy.status == "added"
        check_view(Scene.objects.get().view_path, **SIZE, like=square_of(pixels))
