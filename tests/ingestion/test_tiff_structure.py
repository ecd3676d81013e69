"""A TIFF that ends too early is known, wherever it ends: before pixels, overviews or masks."""

import numpy as np
import pytest
import rasterio
from PIL import Image

from damage.errors import Refused
from damage.ingestion.mosaics import read_mosaic_facts
from damage.ingestion.photos import read_usable_photo
from damage.ingestion.reports import ingest_files
from damage.ingestion.services import ingest_mosaic
from damage.ingestion.tiff_structure import Truncated, check_whole, read_blocks
from damage.ingestion.viewing import write_mosaic_view

PLACE = {"event": "Quake", "town": "Altamira"}
TILES = {"tiled": True, "blockxsize": 64, "blockysize": 64}


@pytest.fixture
def pixels():
    return np.random.default_rng(2).integers(1, 255, (3, 700, 800), dtype=np.uint8)


def cut(path, kept):
    """The first so many bytes of a file, or that share of them."""
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(len(content) * kept)])
    return path


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"interleave": "band"},
        {"compress": "lzw", **TILES},
        {"compress": "jpeg", "photometric": "ycbcr", **TILES},
        {"BIGTIFF": "YES", "compress": "deflate"},
        {"ENDIANNESS": "BIG", **TILES},
        {"BIGTIFF": "YES", "ENDIANNESS": "BIG"},
    ],
)
def test_whole_files_are_whole_and_end_exactly_where_they_end(geotiff, pixels, form):
    path = geotiff(pixels=pixels, overviews=[2, 4], mask=np.full((700, 800), 255, np.uint8), **form)
    check_whole(path)
    assert len(list(read_blocks(path))) == 6  # an image and two overviews, and a mask of each
    last = max(int((blocks.offsets + blocks.sizes).max()) for blocks in read_blocks(path))
    assert last <= path.stat().st_size
    with pytest.raises(Truncated):
        check_whole(cut(path, last - 1))


def test_blocks_are_counted_as_they_lie_in_the_file(geotiff):
    """130 x 70 px in tiles of 64 px are 3 x 2 tiles, of 64 * 64 * 3 bytes each."""
    path = geotiff(pixels=np.full((3, 70, 130), 9, np.uint8), **TILES)
    (blocks,) = read_blocks(path)
    assert blocks.sizes.tolist() == [64 * 64 * 3] * 6
    assert blocks.are_all_there


def test_blocks_that_are_left_out_are_no_truncation(geotiff, tmp_path):
    path = tmp_path / "sparse.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=640, height=640, count=3, dtype="uint8", sparse_ok=True, **TILES
    ):
        pass
    check_whole(path)
    assert not any(blocks.are_all_there for blocks in read_blocks(path))


@pytest.mark.django_db
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("kept", [0.8, 0.95, 0.999])
def test_a_cloud_optimised_mosaic_that_was_cut_off_is_refused(geotiff, pixels, tmp_path, kept, in_place):
    path = tmp_path / "cog.tif"
    mask = np.full((700, 800), 255, np.uint8)
    mask[:, :100] = 0
    write_mosaic_view(geotiff(pixels=pixels, mask=mask), path)
    assert read_mosaic_facts(path).width_px == 800
    (report,) = ingest_files([cut(path, kept)], lambda file: ingest_mosaic(file, in_place=in_place, **PLACE))
    assert report.status == "refused"
    assert "truncated" in report.reason


@pytest.mark.parametrize("kept", [0.8, 0.95, 0.999])
def test_a_mosaic_whose_overviews_were_appended_and_cut_off_is_refused(geotiff, pixels, kept):
    """GDAL writes the full size first: most of a file that is cut off a little is there, and looks whole."""
    path = geotiff(pixels=pixels, overviews=[2, 4, 8], compress="deflate", **TILES)
    with pytest.raises(Refused, match="truncated"):
        read_mosaic_facts(cut(path, kept))


def test_ground_does_not_appear_where_a_cut_took_the_mask(geotiff, pixels):
    """What the check is for: GDAL opens such a file, without its mask and without a word."""
    path = geotiff(pixels=pixels, mask=np.zeros((700, 800), np.uint8))
    image, _mask = read_blocks(path)
    cut(path, int((image.offsets + image.sizes).max()))
    with rasterio.open(path) as dataset:
        assert dataset.dataset_mask().all()
    with pytest.raises(Refused, match="truncated"):
        read_mosaic_facts(path)


def test_a_tiff_photo_is_looked_at_as_well(tmp_path):
    pixels = np.random.default_rng(2).integers(1, 255, (60, 80, 3), dtype=np.uint8)
    path = tmp_path / "photo.tif"
    Image.fromarray(pixels).save(path, save_all=True, append_images=[Image.fromarray(pixels)])
    assert read_usable_photo(path, max_mpx=200).pixels.shape == (60, 80, 3)
    with pytest.raises(Truncated):
        read_usable_photo(cut(path, 0.9), max_mpx=200)


def test_directories_in_a_circle_come_to_an_end(geotiff):
    path = geotiff()
    content = bytearray(path.read_bytes())
    first = int.from_bytes(content[4:8], "little")
    count = int.from_bytes(content[first : first + 2], "little")
    following = first + 2 + 12 * count
    content[following : following + 4] = content[4:8]
    path.write_bytes(content)
    assert len(list(read_blocks(path))) == 1


@pytest.mark.parametrize("content", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff"])
def test_what_breaks_off_in_its_header_is_truncated(tmp_path, content):
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(Truncated):
        check_whole(tmp_path / "a.tif")


def test_what_is_no_tiff_is_refused(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"\x89PNG" + bytes(100))
    with pytest.raises(Refused, match="not a TIFF"):
        check_whole(tmp_path / "a.tif")
