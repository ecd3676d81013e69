"""Photos of every kind of file: seen alike through tile, crop and prediction, or refused with how to convert them."""

import struct
import warnings
import zlib

import numpy as np
import pytest
import rasterio
from PIL import ExifTags, Image, ImageOps
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning

from damage.errors import Refused
from damage.ingestion.decoding import decode_image
from damage.ingestion.file_formats import bits_per_value
from damage.ingestion.photos import read_usable_photo
from damage.ingestion.rasters import read_square
from damage.ingestion.services import ingest_photo, make_view
from damage.ingestion.viewing import write_photo_view
from tests.ingestion.pictures import check_is_seen, picture

pytestmark = pytest.mark.one_database  # is about pixels

PLACE = {"event": "Quake", "town": "Altamira"}
LOSSY = 8


def save(path, image, **options):
    image.save(path, **options)
    return path


@pytest.mark.django_db
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.jpg", {"quality": 100, "subsampling": 0}),
        ("a.tif", {}),
        ("lzw.tif", {"compression": "tiff_lzw"}),
        ("jpeg.tif", {"compression": "jpeg", "quality": 100}),
    ],
)
def test_photos_of_all_orientations_are_seen_as_viewers_show_them(tmp_path, orientation, name, options):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path = save(tmp_path / name, Image.fromarray(picture()), exif=exif, **options)
    with Image.open(save(tmp_path / "twin.png", Image.fromarray(picture()), exif=exif)) as twin:
        shown = np.asarray(ImageOps.exif_transpose(twin))  # Pillow's own reading of the tag
    assert shown.shape == ((96, 64, 3) if orientation > 4 else (64, 96, 3))
    scene = ingest_photo(path, **PLACE).scene
    assert scene.exif_orientation == orientation
    check_is_seen(scene, shown, lossy=LOSSY if "jp" in name else 0)


@pytest.mark.django_db
def test_a_turned_tiff_of_before_gets_the_view_and_the_size_that_it_should_have(tmp_path):
    """It used to be turned twice: by Pillow, and by us."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = save(tmp_path / "a.tif", Image.fromarray(picture()), exif=exif)
    scene = ingest_photo(path, **PLACE).scene
    write_photo_view(Image.fromarray(picture()[::-1, ::-1]), scene.view_path)
    scene.width_px, scene.height_px = 96, 64
    scene.save()
    make_view(scene)
    scene.refresh_from_db()
    check_is_seen(scene, np.rot90(picture(), -1))


def tiff(path, pixels, *, meanings=None, **form):
    """Write bands (n, h, w) as a TIFF without a place."""
    count, height, width = pixels.shape
    form = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": pixels.dtype} | form
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        file = rasterio.open(path, "w", **form)
    with file:
        if meanings:
            file.colorinterp = meanings
        file.write(pixels)
    return path


@pytest.mark.django_db
@pytest.mark.parametrize(
    "form",
    [
        {"interleave": "band"},
        {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"},
        {"photometric": "rgb", "BIGTIFF": "YES"},
    ],
)
def test_tiffs_in_other_forms_are_seen_alike(tmp_path, form):
    path = tiff(tmp_path / "a.tif", picture().transpose(2, 0, 1), **form)
    check_is_seen(ingest_photo(path, **PLACE).scene, picture())


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_what_is_transparent_in_a_photo_is_black_for_everybody(tmp_path, name):
    alpha = np.full((64, 96), 255, np.uint8)
    alpha[:, :32] = 127
    rgba = np.dstack([picture(), alpha])
    scene = ingest_photo(save(tmp_path / name, Image.fromarray(rgba)), **PLACE).scene
    expected = picture()
    expected[:, :32] = 0
    check_is_seen(scene, expected)


def png_of_16_bits(path, channels):
    """A PNG of 2 x 2 pixels of this kind (2: RGB, 6: RGBA, 4: gray and alpha, 0: gray)."""
    count = {0: 1, 2: 3, 4: 2, 6: 4}[channels]
    rows = (b"\0" + b"\x12\x34" * 2 * count) * 2
    header = struct.pack(">IIBBBBB", 2, 2, 16, channels, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def jpeg_of_12_bits(path):
    """A JPEG whose frame says so (baseline frames have 8 bits)."""
    Image.fromarray(picture()).save(path, "JPEG")
    content = bytearray(path.read_bytes())
    frame = content.index(b"\xff\xc0")
    content[frame + 1], content[frame + 4] = 0xC1, 12
    path.write_bytes(content)
    return path


DEEP = {
    "PNG of 16-bit RGB": lambda path: png_of_16_bits(path, 2),
    "PNG of 16-bit RGBA": lambda path: png_of_16_bits(path, 6),
    "PNG of 16-bit gray": lambda path: png_of_16_bits(path, 0),
    "PNG of 16-bit gray and alpha": lambda path: png_of_16_bits(path, 4),
    "JPEG of 12 bits": jpeg_of_12_bits,
    "TIFF of 16-bit RGB": lambda path: tiff(path, np.ones((3, 8, 8), "uint16"), photometric="rgb"),
    "TIFF of 16-bit RGBA": lambda path: tiff(path, np.ones((4, 8, 8), "uint16"), photometric="rgb"),
    "TIFF of 16-bit gray": lambda path: tiff(path, np.ones((1, 8, 8), "uint16")),
    "TIFF of 12-bit RGB": lambda path: tiff(path, np.ones((3, 8, 8), "uint16"), photometric="rgb", nbits=12),
    "TIFF of 4-bit RGB": lambda path: tiff(path, np.ones((3, 8, 8), "uint8"), photometric="rgb", nbits=4),
    "TIFF of floats": lambda path: tiff(path, np.ones((3, 8, 8), "float32"), photometric="rgb"),
    "TIFF of one float": lambda path: tiff(path, np.ones((1, 8, 8), "float32")),
}


@pytest.mark.parametrize("kind", DEEP)
def test_other_depths_than_eight_bits_are_refused_with_how_to_convert_them(tmp_path, kind):
    path = DEEP[kind](tmp_path / "a.img")
    with pytest.raises(Refused, match="not 8-bit") as refusal:
        read_usable_photo(path, max_mpx=1)
    assert "gdal_translate -ot Byte -scale 0" in refusal.value.remedy


@pytest.mark.parametrize("kind", ["PNG of 16-bit RGB", "TIFF of 16-bit RGB", "PNG of 16-bit RGBA"])
def test_crops_of_16_bits_are_told_apart_from_those_of_8(tmp_path, kind):
    """Pillow calls both RGB."""
    assert decode_image(DEEP[kind](tmp_path / "a.img"), most_px=100).mode not in {"RGB", "RGBA"}
    for name in ("a.png", "a.tif", "a.jpg"):
        assert decode_image(save(tmp_path / name, Image.new("RGB", (9, 9))), most_px=100).mode == "RGB"


def test_a_16_bit_tiff_of_before_is_explained_when_it_is_cut(tmp_path):
    path = tiff(tmp_path / "a.tif", np.ones((3, 8, 8), "uint16"), photometric="rgb")
    with pytest.raises(Refused, match="not 8-bit"):
        read_square(path, 0, 0, 4)


@pytest.mark.parametrize(
    ("name", "mode", "remedy"),
    [
        ("a.png", "P", "gdal_translate -expand rgb"),
        ("a.tif", "P", "gdal_translate -expand rgb"),
        ("a.jpg", "CMYK", "-colorspace sRGB"),
        ("a.tif", "CMYK", "-colorspace sRGB"),
        ("a.png", "1", "camera's colour photo"),
        ("a.tif", "1", "camera's colour photo"),
        ("a.png", "LA", "camera's colour photo"),
        ("a.tif", "LA", "camera's colour photo"),
        ("a.jpg", "L", "camera's colour photo"),
        ("a.tif", "LAB", "camera's colour photo"),
        ("a.tif", "YCbCr", "camera's colour photo"),
    ],
)
def test_what_is_no_8_bit_colour_is_refused_with_what_to_do(tmp_path, name, mode, remedy):
    with pytest.raises(Refused, match="not a colour photo") as refusal:
        read_usable_photo(save(tmp_path / name, Image.new(mode, (20, 20))), max_mpx=1)
    assert remedy in refusal.value.remedy


def test_a_tiff_in_another_order_of_bands_is_told_how_to_be_put_in_order(tmp_path):
    """GDAL reads it, but Pillow, which reads EXIF, does not."""
    order = (ColorInterp.blue, ColorInterp.green, ColorInterp.red)
    path = tiff(
        tmp_path / "a.tif", picture().transpose(2, 0, 1)[::-1], meanings=order, photometric="minisblack"
    )
    with pytest.raises(Refused, match="not marked as an image in red") as refusal:
        read_usable_photo(path, max_mpx=1)
    assert "gdal_translate -b 3 -b 2 -b 1 -co PHOTOMETRIC=RGB" in refusal.value.remedy


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WEBP"),
        (b"NITF02.10", "NITF"),
    ],
)
def test_a_format_that_is_not_read_is_named(tmp_path, content, kind):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(Refused, match=f"It is a {kind} file") as refusal:
        read_usable_photo(tmp_path / "a.jpg", max_mpx=1)
    assert "Convert it to JPEG" in refusal.value.remedy


def test_the_depth_of_a_jpeg_is_found_after_filling_and_long_segments(tmp_path):
    path = jpeg_of_12_bits(tmp_path / "a.jpg")
    content = path.read_bytes()
    path.write_bytes(
        content[:2] + b"\xff\xe5" + struct.pack(">H", 60_000) + bytes(59_998) + b"\xff\xff" + content[2:]
    )
    assert bits_per_value(path) == 12


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd8\xff\xc0\0\x0b", b"\xff\xd8\xff\xe0\0\0"]
)
def test_a_header_that_is_cut_off_tells_no_depth(tmp_path, content):
    (tmp_path / "a.jpg").write_bytes(content)
    assert bits_per_value(tmp_path / "a.jpg") is None
