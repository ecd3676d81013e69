"""Bands of orthomosaics: read by what they mean, by everybody, or refused with the command that says it."""

import numpy as np
import pytest
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from damage.errors import Refused
from damage.ingestion.bands import alpha_band, ground_mask, rgb_bands
from damage.ingestion.mosaics import read_mosaic_facts
from damage.ingestion.opening import open_raster
from damage.ingestion.rasters import is_whole, read_square
from damage.ingestion.reading import SceneReader, Source, coarse_ground, ground_share
from damage.ingestion.services import ingest_mosaic, make_view
from damage.ingestion.viewing import write_mosaic_view
from tests.ingestion.pictures import check_is_seen, picture, tile_of, window_of

pytestmark = pytest.mark.one_database  # is about pixels

PLACE = {"event": "Quake", "town": "Altamira"}
RED, GREEN, BLUE, ALPHA = ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha
NIR, UNDEFINED, GRAY = ColorInterp.nir, ColorInterp.undefined, ColorInterp.gray


def stacked(*bands):
    """Bands of the picture by letter; I is infrared of no meaning to us, A is opaque."""
    red, green, blue = picture().transpose(2, 0, 1)
    known = {"R": red, "G": green, "B": blue, "I": 255 - red // 2, "A": np.full_like(red, 255)}
    return np.stack([known[band] for band in bands])


ORDERS = {
    "R,G,B": (RED, GREEN, BLUE),
    "B,G,R": (BLUE, GREEN, RED),
    "R,B,G": (RED, BLUE, GREEN),
    "B,G,R,I": (BLUE, GREEN, RED, NIR),
    "I,R,G,B": (NIR, RED, GREEN, BLUE),
    "R,G,B,I": (RED, GREEN, BLUE, UNDEFINED),
    "A,R,G,B": (ALPHA, RED, GREEN, BLUE),
    "B,G,R,A": (BLUE, GREEN, RED, ALPHA),
    "R,G,B,I,A": (RED, GREEN, BLUE, NIR, ALPHA),
    "I,I,B,G,R": (ColorInterp.coastal, ColorInterp.rededge, BLUE, GREEN, RED),
}


@pytest.mark.django_db
@pytest.mark.parametrize("interleave", ["pixel", "band"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_mosaic_is_seen_alike_wherever_its_bands_stand(geotiff, order, interleave):
    path = geotiff(pixels=stacked(*order.split(",")), meanings=ORDERS[order], interleave=interleave)
    ingested = ingest_mosaic(path, **PLACE)
    check_is_seen(ingested.scene, picture())
    assert ingested.warnings == ()


@pytest.mark.django_db
@pytest.mark.parametrize("overviews", [[2], None])
def test_a_reduced_mosaic_is_read_by_meaning_too(geotiff, overviews):
    path = geotiff(pixels=stacked(*"BGRI"), meanings=ORDERS["B,G,R,I"], overviews=overviews)
    scene = ingest_mosaic(path, **PLACE).scene
    assert (window_of(scene, scale=2).bands.transpose(1, 2, 0) == picture()[::2, ::2]).all()


@pytest.mark.django_db
def test_three_bands_without_meaning_are_taken_in_order_and_that_is_said(geotiff):
    path = geotiff(pixels=stacked(*"RGB"), photometric="minisblack")
    ingested = ingest_mosaic(path, **PLACE)
    check_is_seen(ingested.scene, picture())
    (warning,) = ingested.warnings
    assert "gdal_translate -b 3 -b 2 -b 1 -colorinterp red,green,blue" in warning


@pytest.mark.django_db
def test_alpha_that_comes_first_is_never_taken_for_red(geotiff):
    path = geotiff(pixels=stacked(*"ARGB"), meanings=(ALPHA, GRAY, UNDEFINED, UNDEFINED))
    check_is_seen(ingest_mosaic(path, **PLACE).scene, picture())


@pytest.mark.parametrize(
    ("meanings", "words"),
    [
        ((GRAY, UNDEFINED, UNDEFINED, UNDEFINED), "gray, undefined, undefined, undefined"),
        ((RED, GREEN, UNDEFINED), "red, green, undefined"),
        ((RED, RED, BLUE), "red, red, blue"),
        ((NIR, RED, GREEN), "nir, red, green"),
        ((RED, GREEN, ALPHA), "red, green, alpha"),
        ((GRAY, GRAY, ALPHA, UNDEFINED, UNDEFINED), "number of bands is 5"),
        ((ColorInterp.hue, ColorInterp.saturation, ColorInterp.lightness), "hue, saturation, lightness"),
    ],
)
def test_bands_of_which_the_colours_would_be_guessed_are_refused(geotiff, meanings, words):
    path = geotiff(pixels=np.ones((len(meanings), 8, 8), np.uint8), meanings=meanings)
    with pytest.raises(Refused) as refusal:
        read_mosaic_facts(path)
    assert words in refusal.value.reason
    assert "gdal_translate -b 3 -b 2 -b 1 -colorinterp red,green,blue" in refusal.value.remedy


@pytest.mark.parametrize("meanings", [(GRAY,), (GRAY, ALPHA)], ids=["gray", "gray and alpha"])
def test_single_bands_are_told_how_to_become_a_mosaic(geotiff, meanings):
    path = geotiff(pixels=np.ones((len(meanings), 8, 8), np.uint8), meanings=meanings)
    with pytest.raises(Refused, match="number of bands is") as refusal:
        read_mosaic_facts(path)
    assert "gdalbuildvrt -separate RGB.vrt RED.tif GREEN.tif BLUE.tif" in refusal.value.remedy
    assert "gdal_translate -b 1 -b 1 -b 1" in refusal.value.remedy


def test_a_palette_is_told_to_be_resolved(geotiff):
    path = geotiff(pixels=np.ones((1, 8, 8), np.uint8), photometric="palette", palette={1: (255, 0, 0)})
    with pytest.raises(Refused, match="palette") as refusal:
        read_mosaic_facts(path)
    assert "gdal_translate -expand rgb" in refusal.value.remedy


@pytest.mark.parametrize(
    ("dtype", "bits", "words"),
    [
        ("uint16", {}, "uint16, not 8-bit"),
        ("uint16", {"nbits": 11}, "11-bit, not 8-bit"),
        ("uint8", {"nbits": 4}, "4-bit, not 8-bit"),
        ("int16", {}, "int16"),
        ("float32", {}, "float32"),
    ],
)
def test_other_depths_than_eight_bits_are_refused_with_how_to_scale_them(geotiff, dtype, bits, words):
    with pytest.raises(Refused) as refusal:
        read_mosaic_facts(geotiff(pixels=np.ones((3, 8, 8), dtype), **bits))
    assert words in refusal.value.reason
    assert "gdal_translate -ot Byte -scale 0 MAX 0 255" in refusal.value.remedy


RAMP = np.tile(np.repeat(np.array([0, 1, 127, 128, 254, 255], np.uint8), 8), (40, 1))
IS_GROUND = np.tile(np.repeat(np.array([False, False, False, True, True, True]), 8), (40, 1))


@pytest.mark.parametrize("meanings", [(RED, GREEN, BLUE, ALPHA), (ALPHA, RED, GREEN, BLUE)])
@pytest.mark.parametrize("nodata", [None, 0, 255])
def test_ground_is_where_alpha_is_128_or_more(geotiff, tmp_path, meanings, nodata):
    """Whatever else is said: white roofs and black shadows are ground where alpha says so."""
    pixels = np.full((4, 40, 48), 255, np.uint8)
    pixels[meanings.index(ALPHA)] = RAMP
    path = geotiff(pixels=pixels, meanings=meanings, nodata=nodata)
    with open_raster(path) as dataset:
        assert alpha_band(dataset) == meanings.index(ALPHA) + 1
        assert (ground_mask(dataset) == IS_GROUND).all()
        assert (ground_mask(dataset, window=Window(8, 0, 24, 8)) == IS_GROUND[:8, 8:32]).all()
    assert (SceneReader().read(Source(str(path)), 1, (0, 0, 48, 40)).valid == IS_GROUND).all()
    assert (read_square(path, 4, 0, 40)[..., 0] == np.where(IS_GROUND[:, 4:44], 255, 0)).all()
    assert (is_whole(path, 23, 0, 8), is_whole(path, 24, 0, 8)) == (False, True)
    write_mosaic_view(path, tmp_path / "view.tif")
    with open_raster(tmp_path / "view.tif") as view:
        assert (ground_mask(view) == IS_GROUND).all()


def test_jpeg_s_ripples_about_the_edge_of_alpha_are_no_ground(geotiff):
    """The photo ends at a slant; blocks of eight pixels that the edge crosses are full of in-between values."""
    rows, columns = np.mgrid[:64, :96]
    inside = columns > 30 + rows / 3
    pixels = np.concatenate([picture().transpose(2, 0, 1) * inside, 255 * inside[None]]).astype(np.uint8)
    path = geotiff(pixels=pixels, compress="jpeg", jpeg_quality=60)
    with open_raster(path) as dataset:
        alpha = dataset.read(4)
        wrong = ground_mask(dataset) != inside
    assert ((alpha > 0) != inside).sum() > 100  # by any value above nothing
    assert wrong.sum() < 10


@pytest.mark.parametrize(
    "meanings", [(RED, GREEN, BLUE, NIR), (RED, GREEN, BLUE, UNDEFINED), (RED, GREEN, BLUE)]
)
def test_nodata_is_asked_of_the_colours_alone(geotiff, meanings):
    """Near infrared of 7 is ground, and so is red of 7; where all three colours are 7 is none."""
    pixels = np.full((len(meanings), 4, 4), 100, np.uint8)
    pixels[:3, 0] = 7
    pixels[0, 1] = 7
    pixels[3:, 2] = 7
    with open_raster(geotiff(pixels=pixels, meanings=meanings, nodata=7)) as dataset:
        assert ground_mask(dataset)[:, 0].tolist() == [False, True, True, True]


def test_a_mask_counts_before_alpha(geotiff):
    mask = np.full((40, 60), 255, np.uint8)
    mask[:, :30] = 0
    pixels = np.full((4, 40, 60), 200, np.uint8)
    pixels[3] = 0
    with open_raster(geotiff(pixels=pixels, mask=mask)) as dataset:
        assert (ground_mask(dataset) == (mask > 0)).all()


def test_ground_is_known_from_afar_wherever_alpha_stands(geotiff):
    pixels = np.full((4, 640, 640), 200, np.uint8)
    pixels[0, :, :320] = 0
    path = geotiff(pixels=pixels, meanings=(ALPHA, RED, GREEN, BLUE), overviews=[2, 4])
    source = Source(str(path))
    assert coarse_ground(source).valid.shape == (160, 160)
    assert ground_share(source) == pytest.approx(0.5, abs=0.01)


def test_a_read_that_failed_does_not_change_what_bands_mean(geotiff):
    pixels = np.random.default_rng(4).integers(1, 255, (3, 256, 256), dtype=np.uint8)
    path = geotiff(pixels=pixels, meanings=(BLUE, GREEN, RED), compress="deflate")
    path.write_bytes(path.read_bytes()[:100_000])
    with open_raster(path) as dataset:
        for _ in range(2):
            with pytest.raises(OSError, match="Read failed"):
                dataset.read(rgb_bands(dataset), window=Window(0, 200, 256, 56))
        assert rgb_bands(dataset) == (3, 2, 1)


@pytest.mark.django_db
def test_a_view_of_before_can_be_made_anew(geotiff):
    """Views of mosaics in other orders were written as if red came first."""
    scene = ingest_mosaic(geotiff(pixels=stacked(*"BGR"), meanings=ORDERS["B,G,R"]), **PLACE).scene
    before, right = scene.view_path, scene.view_path.read_bytes()
    write_mosaic_view(geotiff("wrong.tif", pixels=stacked(*"BGR")), before)
    assert abs(tile_of(scene)[16, 16].astype(int) - (60, 30, 200)).max() < 7
    make_view(scene)
    scene.refresh_from_db()
    assert (scene.view_path.read_bytes(), before.exists()) == (right, False)
