import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely.geometry import Point, shape

from damage.errors import Refused
from damage.ingestion.mosaics import read_mosaic_facts
from damage.ingestion.opening import open_raster
from tests.ingestion.conftest import NORTH_UP


def test_a_mosaic_says_what_it_is(geotiff):
    facts = read_mosaic_facts(geotiff(transform=Affine(0.5, 0, 500_000 - 15, 0, -0.5, 10)))
    assert (facts.width_px, facts.height_px, facts.band_count) == (60, 40, 3)
    assert facts.transform == (0.5, 0, 499_985, 0, -0.5, 10)
    # The centre lies where zone 37's central meridian crosses the equator.
    assert (facts.lon, facts.lat) == pytest.approx((39, 0), abs=1e-9)
    assert "37N" in facts.crs_wkt


AT_60_N = 6_654_072.8  # northing of 60 degrees north on a central meridian, in metres


@pytest.mark.parametrize(
    ("crs", "transform", "gsd_m"),
    [
        # On its central meridian UTM shrinks the ground by 0.9996.
        ("EPSG:32637", Affine(0.5, 0, 499_985, 0, -0.5, 4_160_000), 0.5 / 0.9996),
        ("EPSG:32637", Affine(0.5, 0, 499_985, 0, 0.5, 4_160_000), 0.5 / 0.9996),
        ("EPSG:32637", Affine(0.5, 0, 500_000, 0, -0.5, 4_160_000) @ Affine.rotation(30), 0.5 / 0.9996),
        ("EPSG:32637", Affine(0.4, 0, 499_988, 0, -0.9, 4_160_000), 0.6 / 0.9996),
        # At 60 degrees north a degree is 111,412 m of latitude and 55,800 m of longitude (WGS 84 tables).
        ("EPSG:4326", Affine(2e-6, 0, 10, 0, -1e-6, 60.00002), (0.1116 * 0.111412) ** 0.5),
        # Web mercator stretches the ground there by 2, and by a little less on the ellipsoid.
        ("EPSG:3857", Affine(0.2, 0, 1_000_000, 0, -0.2, 8_399_741), 0.1),
        # Texas Central in US survey feet.
        ("EPSG:2277", Affine(1, 0, 3_100_000, 0, -1, 10_000_000), 0.3048),
    ],
    ids=["utm", "south up", "rotated", "oblong", "degrees", "mercator", "feet"],
)
def test_the_ground_sample_distance_is_in_metres_whatever_the_crs(geotiff, crs, transform, gsd_m):
    facts = read_mosaic_facts(geotiff(crs=crs, transform=transform))
    assert facts.gsd_m == pytest.approx(gsd_m, rel=3e-3)


def corners(facts):
    return {(round(x, 6), round(y, 6)) for x, y in shape(facts.footprint_4326).exterior.coords}


def test_the_footprint_of_a_full_mosaic_is_its_rectangle(geotiff):
    facts = read_mosaic_facts(geotiff(crs="EPSG:4326", transform=Affine(1e-4, 0, 10, 0, -1e-4, 20)))
    outline = shape(facts.footprint_4326)
    assert outline.bounds == pytest.approx((10, 19.996, 10.006, 20), abs=1e-7)
    assert outline.area == pytest.approx(0.006 * 0.004)
    assert {(10, 20), (10.006, 20), (10.006, 19.996), (10, 19.996)} <= corners(facts)


@pytest.mark.parametrize("how", ["nodata", "alpha", "mask"])
def test_the_footprint_leaves_out_what_holds_no_data(geotiff, how):
    pixels = np.full((3, 40, 60), 90, np.uint8)
    mask = np.full((40, 60), 255, np.uint8)
    mask[:, 30:] = 0
    changes = {"transform": Affine(1e-4, 0, 10, 0, -1e-4, 20), "crs": "EPSG:4326"}
    if how == "nodata":
        path = geotiff(pixels=np.where(mask, pixels, 0), nodata=0, **changes)
    elif how == "alpha":
        path = geotiff(pixels=np.concatenate([pixels, mask[None]]), **changes)
    else:
        path = geotiff(pixels=pixels, mask=mask, **changes)
    outline = shape(read_mosaic_facts(path).footprint_4326)
    assert outline.bounds == pytest.approx((10, 19.996, 10.003, 20), abs=1e-7)


def test_the_footprint_of_a_turned_mosaic_is_turned(geotiff):
    # 45 degrees about its top left corner: the centre line runs east.
    transform = Affine.translation(10, 20) @ Affine.scale(1e-4, -1e-4) @ Affine.rotation(45)
    outline = shape(read_mosaic_facts(geotiff(crs="EPSG:4326", transform=transform)).footprint_4326)
    assert outline.contains(Point(10, 20 - 20e-4))
    assert not outline.contains(Point(10 + 50e-4, 20))
    assert outline.area == pytest.approx(0.006 * 0.004, rel=1e-5)


def bands(count, dtype="uint8"):
    return np.ones((count, 8, 8), dtype)


@pytest.mark.parametrize(
    ("changes", "reason", "remedy"),
    [
        ({"pixels": bands(1)}, "number of bands is 1;", "gdal_translate -b"),
        ({"pixels": bands(2)}, "number of bands is 2;", "gdal_translate -b"),
        ({"pixels": bands(5)}, "number of bands is 5;", "gdal_translate -b"),
        ({"pixels": bands(3, "uint16")}, "uint16, not 8-bit", "gdal_translate -ot Byte -scale"),
        ({"pixels": bands(3, "float32")}, "float32, not 8-bit", "gdal_translate -ot Byte -scale"),
        ({"crs": None}, "no coordinate system", "gdal_translate -a_srs"),
        ({"transform": Affine.identity()}, "no place in it", "gdal_translate -a_ullr"),
        ({"pixels": np.zeros((3, 8, 8), np.uint8), "nodata": 0}, "no data", "export"),
        ({"pixels": np.zeros((4, 8, 8), np.uint8)}, "no data", "export"),
        ({"crs": "EPSG:4326", "transform": Affine(0.1, 0, 500, 0, -0.1, 95)}, "not on earth", "gdalinfo"),
        ({"transform": Affine(0.5, 0, 1e12, 0, -0.5, 1e12)}, "not on earth", "gdalinfo"),
        ({"crs": 'LOCAL_CS["site",UNIT["metre",1]]'}, "coordinate system", "gdal_translate -a_srs"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_what_is_no_usable_orthomosaic_is_refused_with_a_remedy(geotiff, changes, reason, remedy):
    with pytest.raises(Refused) as refusal:
        read_mosaic_facts(geotiff(**changes))
    assert reason in refusal.value.reason
    assert remedy in refusal.value.remedy


def test_another_kind_of_file_is_refused_whatever_its_name(geotiff, photo, tmp_path):
    photo("photo.png").rename(tmp_path / "png.tif")
    (tmp_path / "text.tif").write_text("hello")
    (tmp_path / "empty.tif").touch()
    vrt = f'<VRTDataset rasterXSize="60" rasterYSize="40"><VRTRasterBand><SimpleSource><SourceFilename>{geotiff()}'
    (tmp_path / "vrt.tif").write_text(vrt)
    for name in ("png.tif", "text.tif", "empty.tif", "vrt.tif"):
        with pytest.raises(Refused):
            read_mosaic_facts(tmp_path / name)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_what_lies_beside_the_file_does_not_count_since_it_is_not_stored(geotiff):
    path = geotiff(crs=None, transform=Affine.identity())
    path.with_suffix(".tfw").write_text("0.5\n0\n0\n-0.5\n500000\n4160000\n")
    path.with_name("mosaic.tif.aux.xml").write_text("<PAMDataset><SRS>EPSG:32637</SRS></PAMDataset>")
    with rasterio.open(path) as dataset:
        assert dataset.crs == "EPSG:32637"  # GDAL by itself would look there
    with pytest.raises(Refused, match="no coordinate system"):
        read_mosaic_facts(path)


def test_overviews_beside_the_file_do_not_count(geotiff):
    path = geotiff(pixels=np.ones((3, 600, 600), np.uint8))
    with rasterio.Env(TIFF_USE_OVR=True), rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2])
    assert path.with_name("mosaic.tif.ovr").exists()
    with open_raster(path) as dataset:
        assert dataset.overviews(1) == []


def test_a_photo_is_sent_to_its_own_command(photo):
    with pytest.raises(Refused, match="JPEG") as refusal:
        read_mosaic_facts(photo())
    assert "ingest_photos" in refusal.value.remedy


@pytest.mark.parametrize("interleave", ["pixel", "band"])
@pytest.mark.parametrize("kept", [0.03, 0.5, 0.95])
def test_a_truncated_mosaic_is_refused(geotiff, interleave, kept):
    pixels = np.random.default_rng(2).integers(1, 255, (3, 300, 300), dtype=np.uint8)
    path = geotiff(pixels=pixels, interleave=interleave, tiled=True, blockxsize=64, blockysize=64)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(Refused, match=r"truncated|cannot be read|damaged"):
        read_mosaic_facts(path)


def test_a_decompression_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.tif"
    profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "crs": "EPSG:32637", "transform": NORTH_UP}
    with rasterio.open(path, "w", width=200_000, height=200_000, sparse_ok=True, **profile):
        pass
    with pytest.raises(Refused, match="claims"):
        read_mosaic_facts(path)


def test_the_mosaics_of_the_shared_folder_come_with_the_distances_of_their_readme(shared):
    expected = {
        "kahramanmaras_2_post.tif": 0.5,
        "adiyaman_4_post.tif": 0.5,
        "banepa_nepal_oam_13cm.tif": 0.13,
        "kampala_a_oam_7cm.tif": 0.074,
        "drippingsprings_tx_odm_5cm_rgba.tif": 0.05,
    }
    for name, gsd_m in expected.items():
        facts = read_mosaic_facts(shared / "data" / "mosaics" / name)
        assert facts.gsd_m == pytest.approx(gsd_m, rel=0.02)
