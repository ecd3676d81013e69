"""What is said of mosaics with something odd, and of those that are refused for another reason than their bands."""

import struct

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.rpc import RPC
from rasterio.windows import Window

from damage.errors import Refused
from damage.ingestion.mosaics import read_mosaic_facts
from damage.ingestion.opening import open_raster
from damage.ingestion.reports import ingest_files
from damage.ingestion.services import ingest_mosaic
from damage.ingestion.view_checks import check_view, squares_of_raster
from tests.ingestion.conftest import NORTH_UP, UTM_37N
from tests.ingestion.pictures import check_is_seen, picture

PLACE = {"event": "Quake", "town": "Altamira"}
RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
NOWHERE = {"crs": None, "transform": Affine.identity()}


def warnings_of(path):
    return [str(warning) for warning in read_mosaic_facts(path).warnings]


def ground(seed=1, *, rows=200, columns=300):
    return np.random.default_rng(seed).integers(60, 200, (3, rows, columns), dtype=np.uint8)


def with_fourth(band, meaning):
    return {"pixels": np.concatenate([ground(), band[None].astype(np.uint8)]), "meanings": (*RGB, meaning)}


def test_nothing_is_said_of_a_mosaic_as_it_should_be(geotiff):
    inside = np.zeros((200, 300))
    inside[20:180, 20:280] = 255
    assert warnings_of(geotiff(pixels=ground())) == []
    assert warnings_of(geotiff("alpha.tif", **with_fourth(inside, ColorInterp.alpha))) == []
    assert warnings_of(geotiff("mask.tif", pixels=ground(), mask=inside.astype(np.uint8))) == []
    assert warnings_of(geotiff("nir.tif", **with_fourth(ground(2)[0], ColorInterp.nir))) == []
    assert warnings_of(geotiff("more.tif", **with_fourth(ground(2)[0], ColorInterp.undefined))) == []


def test_near_infrared_that_is_called_alpha_is_said(geotiff):
    """Half of it is below 128: so much ground is lost."""
    infrared = np.random.default_rng(3).integers(60, 196, (200, 300))
    (warning,) = warnings_of(geotiff(**with_fourth(infrared, ColorInterp.alpha)))
    assert "its alpha (band 4) is neither clear nor opaque in 100 % of the pixels" in warning
    assert "gdal_translate -b 1 -b 2 -b 3 IN.tif OUT.tif" in warning


def test_the_command_that_drops_an_alpha_names_the_colours_where_they_stand(geotiff):
    meanings = (ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.alpha)
    pixels = np.concatenate([ground(), ground(4)[:1]])
    (warning,) = warnings_of(geotiff(pixels=pixels, meanings=meanings))
    assert "gdal_translate -b 3 -b 2 -b 1 IN.tif OUT.tif" in warning


def test_alpha_that_marks_all_as_empty_is_refused_with_how_to_leave_it_out(geotiff):
    with pytest.raises(Refused, match="every pixel is marked as empty") as refusal:
        read_mosaic_facts(geotiff(**with_fourth(np.full((200, 300), 90), ColorInterp.alpha)))
    assert "gdal_translate -b 1 -b 2 -b 3" in refusal.value.remedy


def test_a_band_of_0_and_255_that_is_not_called_alpha_is_said(geotiff):
    flag = np.zeros((200, 300))
    flag[:, 100:] = 255
    (warning,) = warnings_of(geotiff(**with_fourth(flag, ColorInterp.undefined)))
    assert "its band 4 is 0 or 255" in warning
    assert "gdal_translate -colorinterp_4 alpha" in warning
    mask = flag.astype(np.uint8)
    assert warnings_of(geotiff("masked.tif", **with_fourth(flag, ColorInterp.undefined), mask=mask)) == []


@pytest.mark.parametrize(
    ("border", "words"), [(255, "white"), (252, "white"), (0, "black"), (3, "black"), (100, None)]
)
def test_a_border_that_nothing_tells_from_ground_is_said(geotiff, border, words):
    pixels = np.full((3, 200, 300), border, np.uint8)
    pixels[:, 30:170, 30:270] = ground(rows=140, columns=240)
    found = warnings_of(geotiff(pixels=pixels))
    assert [words in warning and "nearblack" in warning for warning in found] == ([True] if words else [])
    assert warnings_of(geotiff("nodata.tif", pixels=pixels, nodata=border)) == []


def test_one_white_corner_may_be_a_roof(geotiff):
    pixels = ground()
    pixels[:, :40, :40] = 255
    assert warnings_of(geotiff(pixels=pixels)) == []


@pytest.mark.parametrize(
    ("crs", "transform", "sides"),
    [
        (UTM_37N, Affine(0.4, 0, 499_988, 0, -0.9, 4_160_000), "0.4 m x 0.9 m"),
        (UTM_37N, Affine(0.4, 0, 499_988, 0, -0.9, 4_160_000) @ Affine.rotation(90), "0.9 m x 0.4 m"),
        # A degree at 60 degrees north is half as long from west to east.
        ("EPSG:4326", Affine(1e-5, 0, 10, 0, -1e-5, 60), "0.56 m x 1.1 m"),
        (UTM_37N, Affine(0.5, 0, 499_985, 0, -0.51, 4_160_000), None),
        ("EPSG:3857", Affine(0.2, 0, 1_000_000, 0, -0.2, 8_399_741), None),
    ],
)
def test_pixels_that_are_not_square_on_the_ground_are_said(geotiff, crs, transform, sides):
    found = warnings_of(geotiff(crs=crs, transform=transform))
    assert [sides in warning and "gdalwarp -t_srs" in warning for warning in found] == (
        [True] if sides else []
    )


@pytest.mark.django_db
def test_what_is_odd_stands_in_the_file_s_line(geotiff):
    path = geotiff(transform=Affine(0.4, 0, 499_988, 0, -0.9, 4_160_000))
    (report,) = ingest_files([path], lambda path: ingest_mosaic(path, **PLACE))
    assert report.status == "added"
    assert "not square on the ground" in report.note


GCPS = [
    GroundControlPoint(row, column, 500_000 + column / 2, 4_160_000 - row / 2)
    for row, column in ((0, 0), (0, 60), (40, 0), (40, 60))
]
# Line and sample grow with latitude and longitude.
RATIO = {"line_num_coeff": [0, 0, 1] + [0] * 17, "samp_num_coeff": [0, 1] + [0] * 18}
OFFSETS = {"height_off": 0, "lat_off": 37, "long_off": 37, "line_off": 20, "samp_off": 30}
SCALES = {"height_scale": 500, "lat_scale": 1, "long_scale": 1, "line_scale": 20, "samp_scale": 30}
CAMERA = RPC(**RATIO, **OFFSETS, **SCALES, line_den_coeff=[1] + [0] * 19, samp_den_coeff=[1] + [0] * 19)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("changes", "reason", "remedy"),
    [
        ({"gcps": (GCPS, CRS.from_epsg(32637))}, "control points only", "gdalwarp -r cubic"),
        ({"rpcs": CAMERA}, r"\(RPC\) only", "gdalwarp -rpc"),
        ({"rpcs": CAMERA, "crs": "EPSG:4326"}, r"\(RPC\) only", "gdalwarp -rpc"),
        ({"crs": "EPSG:4978", "transform": NORTH_UP}, "geocentric", "gdal_translate -a_srs"),
    ],
)
def test_what_lies_nowhere_on_a_map_is_refused_with_how_to_lay_it_there(geotiff, changes, reason, remedy):
    with pytest.raises(Refused, match=reason) as refusal:
        read_mosaic_facts(geotiff(**NOWHERE | changes))
    assert remedy in refusal.value.remedy


def test_a_place_with_a_camera_model_beside_it_is_one(geotiff):
    assert read_mosaic_facts(geotiff(rpcs=CAMERA)).gsd_m == pytest.approx(0.5 / 0.9996, rel=1e-4)


@pytest.mark.parametrize("crs", ["EPSG:32637+5773", "EPSG:4979"])
def test_heights_in_a_coordinate_system_do_no_harm(geotiff, crs):
    transform = NORTH_UP if "32637" in crs else Affine(1e-5, 0, 37, 0, -1e-5, 37)
    assert read_mosaic_facts(geotiff(crs=crs, transform=transform)).lat == pytest.approx(37.3, abs=0.5)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"NITF02.10", "NITF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x4f\xff\x51\0\x2f", "JPEG 2000"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\xff\x0a\xfa", "JPEG XL"),
        (b"EHFA_HEADER_TAG\0", "Erdas Imagine"),
        (b"SQLite format 3\0", "GeoPackage"),
    ],
)
def test_other_formats_are_named_with_how_to_convert_them(tmp_path, content, kind):
    (tmp_path / "mosaic.tif").write_bytes(content)
    with pytest.raises(Refused, match=f"It is a {kind}.* file, not a GeoTIFF") as refusal:
        read_mosaic_facts(tmp_path / "mosaic.tif")
    assert "gdal_translate -of GTiff" in refusal.value.remedy


def test_a_compression_that_is_not_read_is_named(geotiff):
    """The number of JPEG XL (TIFF tag 259) in a file of another compression; its pixels are never reached."""
    path = geotiff(compress="deflate")
    tag = struct.pack("<HHIH", 259, 3, 1, 8)
    content = path.read_bytes()
    assert content.count(tag) == 1
    path.write_bytes(content.replace(tag, struct.pack("<HHIH", 259, 3, 1, 50002)))
    with pytest.raises(Refused, match="compressed by JXL") as refusal:
        read_mosaic_facts(path)
    assert "gdal_translate -co COMPRESS=DEFLATE" in refusal.value.remedy


@pytest.mark.django_db
def test_a_geotiff_is_one_whatever_its_name(geotiff):
    scene = ingest_mosaic(geotiff("mosaic.png", pixels=picture().transpose(2, 0, 1)), **PLACE).scene
    assert scene.name == "mosaic.png"
    check_is_seen(scene, picture())


def sparse(path, *, rows, interleave="pixel"):
    """A mosaic of 2,000 x 4,000 px of which so many rows of noise are stored."""
    form = {"driver": "GTiff", "count": 3, "dtype": "uint8", "photometric": "rgb", "compress": "deflate"}
    place = {"width": 2000, "height": 4000, "crs": UTM_37N, "transform": NORTH_UP}
    strips = {"blockysize": 8, "sparse_ok": True, "interleave": interleave}
    with rasterio.open(path, "w", **form, **place, **strips) as file:
        if rows:
            noise = np.random.default_rng(1).integers(1, 255, (3, rows, 2000), dtype=np.uint8)
            file.write(noise // 254, window=Window(0, 800, 2000, rows))
    return path


@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_strips_that_are_left_out_make_no_bomb(tmp_path, interleave):
    """Of little noise: the file is less than a thousandth of what it unpacks to."""
    path = sparse(tmp_path / "sparse.tif", rows=48, interleave=interleave)
    assert 1000 * path.stat().st_size < 3 * 2000 * 4000
    assert read_mosaic_facts(path).height_px == 4000


@pytest.mark.django_db
def test_the_view_of_a_mosaic_with_strips_left_out_is_whole(tmp_path):
    scene = ingest_mosaic(sparse(tmp_path / "sparse.tif", rows=48), **PLACE).scene
    with open_raster(scene.path) as dataset:
        like = squares_of_raster(dataset)
        check_view(scene.view_path, width_px=2000, height_px=4000, like=like, thorough=True)


@pytest.mark.parametrize("rows", [0, 16])
def test_a_mosaic_of_which_next_to_nothing_is_stored_is_refused(tmp_path, rows):
    with pytest.raises(Refused, match="claims 2000 x 4000 px") as refusal:
        read_mosaic_facts(sparse(tmp_path / "sparse.tif", rows=rows))
    assert "gdal_translate -srcwin" in refusal.value.remedy
