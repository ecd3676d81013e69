import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from damage.errors import Refused
from damage.ingestion.photos import read_usable_photo


def test_pixels_are_those_that_are_shown(photo):
    path = photo("turned.png", orientation=6)
    with Image.open(path) as stored:
        shown = np.asarray(ImageOps.exif_transpose(stored))  # Pillow's own reading of the tag
    usable = read_usable_photo(path, max_mpx=1)
    assert usable.pixels.shape == (80, 60, 3)
    assert (usable.pixels == shown).all()


@pytest.mark.parametrize("orientation", [1, 8])
def test_the_ground_sample_distance_counts_the_cameras_own_columns(photo, orientation):
    xmp = {"RelativeAltitude": "+40.0", "GimbalPitchDegree": "-90"}
    path = photo("a.jpg", details={41989: 24}, xmp=xmp, orientation=orientation)
    assert read_usable_photo(path, max_mpx=1).gsd_m == pytest.approx(60 / 80)  # 1.5 times 40 m over 80 px


def png_that_claims(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [1_001, 15_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_goes_off(tmp_path, side):
    (tmp_path / "bomb.png").write_bytes(png_that_claims(side, side))
    with pytest.raises(Refused, match="more than 1 megapixels") as refusal:
        read_usable_photo(tmp_path / "bomb.png", max_mpx=1)
    assert "DAMAGE_MAX_PHOTO_MPX" in refusal.value.remedy


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(Refused, match="empty"):
        read_usable_photo(tmp_path / "a.jpg", max_mpx=1)


@pytest.mark.parametrize("content", [b"not an image", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\x00"])
def test_what_is_no_image_is_refused_whatever_its_name(tmp_path, content):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(Refused, match="not a JPEG, PNG, TIFF or HEIC"):
        read_usable_photo(tmp_path / "a.jpg", max_mpx=1)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_a_truncated_photo_is_refused(photo, name):
    path = photo(name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(Refused, match=r"truncated|not a JPEG"):
        read_usable_photo(path, max_mpx=1)


@pytest.mark.parametrize(
    ("mode", "reason"), [("L", "not a colour photo"), ("P", "not a colour photo"), ("I;16", "not 8-bit")]
)
def test_other_pixels_than_8_bit_colour_are_refused(tmp_path, mode, reason):
    Image.new(mode, (20, 20)).save(tmp_path / "a.png")
    with pytest.raises(Refused, match=reason):
        read_usable_photo(tmp_path / "a.png", max_mpx=1)


def test_an_orthomosaic_is_sent_to_its_own_command(geotiff):
    with pytest.raises(Refused, match="orthomosaic") as refusal:
        read_usable_photo(geotiff(), max_mpx=1)
    assert "ingest_mosaic" in refusal.value.remedy


def test_a_jpeg_that_carries_a_second_picture_is_a_photo(tmp_path):
    first, second = Image.new("RGB", (40, 30), "red"), Image.new("RGB", (8, 6))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    assert read_usable_photo(tmp_path / "a.jpg", max_mpx=1).pixels.shape == (30, 40, 3)


def test_a_raw_photo_is_refused_whatever_its_name(tmp_path):
    """A DNG is a TIFF; the first image in it is a small preview (DNG 1.7, chapter 2)."""
    preview = Image.new("RGB", (64, 48), "red")
    preview.save(tmp_path / "photo.tif", tiffinfo={50706: b"\x01\x04\x00\x00"})
    with pytest.raises(Refused, match="raw photo") as refusal:
        read_usable_photo(tmp_path / "photo.tif", max_mpx=1)
    assert "JPEG" in refusal.value.remedy


def test_a_photo_in_a_format_that_is_not_read_is_refused(tmp_path):
    Image.new("RGB", (64, 48)).save(tmp_path / "photo.webp")
    with pytest.raises(Refused, match="not a JPEG, PNG, TIFF or HEIC") as refusal:
        read_usable_photo(tmp_path / "photo.webp", max_mpx=1)
    assert "Convert" in refusal.value.remedy
