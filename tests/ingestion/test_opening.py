"""A raster is opened alone: what it names, and what lies beside it, is never read."""

import shutil
import socket
import zipfile

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image

from damage.errors import Refused
from damage.ingestion.models import GsdSource, Scene, SceneKind
from damage.ingestion.opening import NamesOtherFiles, open_image, open_raster
from damage.ingestion.rasters import is_whole, read_reduced, read_square
from damage.ingestion.services import ingest_mosaic, ingest_photo

pytestmark = [
    pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning"),
    pytest.mark.one_database,
]  # is about files

PLACE = {"event": "Quake", "town": "Altamira"}


class Listener:
    """A port of this machine that lets callers wait: GDAL holds Python's lock while it calls."""

    def __init__(self, server):
        self.server = server
        self.port = server.getsockname()[1]

    def was_called(self):
        try:
            self.server.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def listener(monkeypatch):
    monkeypatch.setenv("GDAL_HTTP_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield Listener(server)


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "passwd"
    path.write_text("root:x:0:0\n")
    return path


def naming(geotiff, other, name="mosaic.tif", **changes):
    pixels = np.random.default_rng(1).integers(1, 255, (3, 600, 600), dtype=np.uint8)
    return geotiff(name, pixels=pixels, domains={"OVERVIEWS": {"OVERVIEW_FILE": other}}, **changes)


@pytest.fixture
def foreign_overviews(geotiff):
    """A GeoTIFF of 300 x 300 px, all 222."""
    return geotiff("foreign.tif", pixels=np.full((3, 300, 300), 222, np.uint8))


def test_gdal_by_itself_follows_what_a_tiff_names(geotiff, foreign_overviews, listener):
    """Why this module is there: if this ever fails, GDAL has learnt better."""
    with rasterio.open(naming(geotiff, str(foreign_overviews))) as dataset:
        assert dataset.read(1, out_shape=(300, 300))[0, 0] == 222
    with rasterio.open(
        naming(geotiff, f"/vsicurl/http://127.0.0.1:{listener.port}/a.tif", name="b.tif")
    ) as dataset:
        dataset.overviews(1)
    assert listener.was_called()


@pytest.mark.parametrize("domain", ["OVERVIEWS", "Overviews"])
@pytest.mark.parametrize("other", ["{secret}", "{tiff}", "GTIFF_DIR:1:{tiff}", "/vsizip/{zip}/foreign.tif"])
def test_a_raster_that_names_a_file_is_refused(geotiff, tmp_path, secret, foreign_overviews, other, domain):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(foreign_overviews, "foreign.tif")
    other = other.format(secret=secret, tiff=foreign_overviews, zip=tmp_path / "a.zip")
    path = geotiff(domains={domain: {"OVERVIEW_FILE": other}})
    with pytest.raises(NamesOtherFiles, match=domain) as refusal:
        open_raster(path)
    assert "gdal_translate" in refusal.value.remedy
    with pytest.raises(NamesOtherFiles):
        open_raster(path, overview_level=0)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:{port}/a.tif", "/vsicurl/http://127.0.0.1:{port}/a.tif"]
)
def test_a_raster_that_names_an_address_is_refused_and_nobody_is_called(geotiff, listener, address, db):
    path = naming(geotiff, address.format(port=listener.port))
    for use in (
        open_raster,
        lambda path: open_raster(path, overview_level=0),
        lambda path: read_reduced(path, 100),
        lambda path: ingest_mosaic(path, **PLACE),
        lambda path: ingest_mosaic(path, **PLACE, in_place=True),
        lambda path: ingest_photo(path, **PLACE),
    ):
        with pytest.raises(Refused):
            use(path)
    assert not listener.was_called()


@pytest.mark.parametrize(
    ("domain", "items"),
    [
        (
            "GEOLOCATION",
            {"X_DATASET": "/etc/hostname", "Y_DATASET": "/etc/hostname", "X_BAND": "1", "Y_BAND": "1"},
        ),
        ("SUBDATASETS", {"SUBDATASET_1_NAME": "GTIFF_DIR:1:/etc/hostname"}),
        ("xml:VRT", {"": "<VRTDataset/>"}),
        ("ANYTHING", {"OVERVIEW_FILE": "/etc/hostname"}),
    ],
)
def test_domains_that_may_name_files_are_refused(geotiff, domain, items):
    with pytest.raises(NamesOtherFiles, match=domain):
        open_raster(geotiff(domains={domain: items}))


def test_what_cameras_and_satellites_write_is_welcome(geotiff):
    domains = {"IMD": {"SATELLITE": "X"}, "IMAGERY": {"CLOUDCOVER": "0"}, "COLOR_PROFILE": {}}
    path = geotiff(domains={**domains, "": {"TIFFTAG_SOFTWARE": "Metashape", "AREA_OR_POINT": "Area"}})
    with open_raster(path) as dataset:
        assert dataset.tags()["TIFFTAG_SOFTWARE"] == "Metashape"


def test_a_file_that_passed_is_looked_at_again_when_it_changes(geotiff, secret):
    open_raster(geotiff()).close()
    with pytest.raises(NamesOtherFiles):
        open_raster(naming(geotiff, str(secret)))


def test_a_band_or_a_later_page_that_names_a_file_changes_nothing(geotiff, foreign_overviews):
    """A TIFF in a TIFF: its overview's own metadata names another raster."""
    path = geotiff(pixels=np.full((3, 600, 600), 9, np.uint8), overviews=[2])
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(1, ns="OVERVIEWS", OVERVIEW_FILE=str(foreign_overviews))
    with pytest.raises(NamesOtherFiles):
        open_raster(path)


def test_further_pages_of_the_same_file_are_no_foreign_files_and_are_not_looked_at(tmp_path):
    first, second = Image.new("RGB", (20, 10), "red"), Image.new("RGB", (30, 30), "blue")
    first.save(tmp_path / "pages.tif", save_all=True, append_images=[second])
    with open_raster(tmp_path / "pages.tif") as dataset:
        assert (dataset.width, dataset.height) == (20, 10)
        assert dataset.read()[:, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("beside", [".ovr", ".msk", ".aux.xml"])
def test_what_lies_beside_a_raster_has_no_effect(geotiff, beside, tmp_path):
    path = geotiff(pixels=np.full((3, 600, 600), 9, np.uint8))
    foreign = geotiff("foreign.tif", pixels=np.zeros((1 if beside == ".msk" else 3, 600, 600), np.uint8))
    if beside == ".aux.xml":
        item = f'<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{foreign}</MDI></Metadata>'
        words = f"<PAMDataset>{item}</PAMDataset>"
        path.with_name("mosaic.tif.aux.xml").write_text(words)
        with rasterio.open(path) as dataset:
            assert dataset.tags(ns="OVERVIEWS")  # GDAL by itself would look there
    else:
        shutil.copy(foreign, path.with_name(f"mosaic.tif{beside}"))
    with open_raster(path) as dataset:
        assert dataset.overviews(1) == []
        assert dataset.files == [str(path)]
        assert dataset.dataset_mask().all()
    assert is_whole(path, 0, 0, 600)
    assert (read_reduced(path, 100)[0] == 9).all()


@pytest.mark.parametrize("name", ["a.tfw", "a.wld", "a.tab", "a.aux", "a.IMD", "a.RPB", "a_RPC.TXT"])
def test_a_place_written_beside_a_raster_has_no_effect(geotiff, tmp_path, name):
    path = geotiff("a.tif", crs=None, transform=Affine.identity())
    (tmp_path / name).write_text("0.5\n0\n0\n-0.5\n500000\n4160000\n")
    with open_raster(path) as dataset:
        assert dataset.transform == Affine.identity()
        assert dataset.files == [str(path)]


@pytest.mark.parametrize("name", ["image.tif", "image.vrt", "image.jpg"])
@pytest.mark.parametrize(
    "text",
    [
        '<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        "<SourceFilename>{tiff}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>",
        '<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:{port}/</ServerUrl></Service></GDAL_WMS>',
        "/vsicurl/http://127.0.0.1:{port}/a.tif",
    ],
)
def test_a_text_that_names_rasters_is_refused_whatever_its_name(
    db, tmp_path, foreign_overviews, listener, name, text
):
    path = tmp_path / name
    path.write_text(text.format(tiff=foreign_overviews, port=listener.port))
    for ingest in (ingest_mosaic, ingest_photo):
        with pytest.raises(Refused):
            ingest(path, **PLACE)
    assert not listener.was_called()
    assert not Scene.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "/vsicurl/http://127.0.0.1:{port}/a.tif",
        "/vsizip/{tmp}/a.zip/a.tif",
        "//vsimem/a.tif",
        "/x/../vsigzip/a",
    ],
)
def test_gdals_own_names_never_reach_it(tmp_path, listener, address):
    with pytest.raises(NamesOtherFiles, match="not a file on this machine"):
        open_raster(address.format(port=listener.port, tmp=tmp_path))
    assert not listener.was_called()


@pytest.mark.parametrize("name", ["GTIFF_DIR:1:a.tif", "http:a.tif", "zip+file:a.tif!b.tif", "a.tif?x#y"])
def test_a_file_with_an_odd_name_is_a_file(geotiff, tmp_path, monkeypatch, name):
    geotiff("plain.tif").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with open_raster(name) as dataset:
        assert dataset.width == 60


def test_a_photo_that_is_a_tiff_is_opened_no_more_freely(db, photo, geotiff, secret, listener):
    for other in (str(secret), f"/vsicurl/http://127.0.0.1:{listener.port}/a.tif"):
        path = naming(geotiff, other, name="photo.tif", crs=None, transform=Affine.identity())
        with pytest.raises(Refused, match="OVERVIEWS"):
            ingest_photo(path, **PLACE)
    assert not listener.was_called()


def test_a_photo_is_what_it_is_and_not_what_its_name_says(photo):
    """Named as a TIFF, a PNG is still no raster for GDAL."""
    path = photo("a.png")
    expected = np.asarray(Image.open(path))[:20, :20]
    renamed = path.rename(path.with_name("a.tif"))
    assert (read_square(renamed, 0, 0, 20) == expected).all()


def test_pillow_knows_no_other_formats(tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png", "WEBP")
    with pytest.raises(OSError, match="cannot identify"):
        open_image(tmp_path / "a.png")


@pytest.fixture
def old_scene(geotiff, town, foreign_overviews):
    """A scene from before anybody looked: no view of its own, and its file names another."""
    path = naming(
        geotiff, str(foreign_overviews), crs="EPSG:4326", transform=Affine(1e-5, 0, 10, 0, -1e-5, 20)
    )
    return Scene.objects.create(
        town=town, kind=SceneKind.MOSAIC, name="old.tif", sha256="0" * 64, size_bytes=1, in_place_path=str(path),
        width_px=600, height_px=600, band_count=3, gsd_m=1.0, gsd_source=GsdSource.GEOTRANSFORM,
        crs_wkt="EPSG:4326", transform=[1e-5, 0, 10, 0, -1e-5, 20],
    )  # fmt: skip


def test_scenes_from_before_are_refused_tile_by_tile(api, volunteer, old_scene):
    api.force_authenticate(volunteer)
    for tile in ("pixel-tiles/0/0/0.jpg", "map-tiles/15/17294/14525.webp"):
        answer = api.get(f"/api/v1/scenes/{old_scene.pk}/{tile}")
        assert answer.status_code == 400
        assert "OVERVIEWS" in answer.json()["detail"]
    square = {"scene": old_scene.pk, "x_px": 0, "y_px": 0, "size_px": 32, "answer": "positive"}
    with pytest.raises(NamesOtherFiles):
        read_square(old_scene.path, *(square[key] for key in ("x_px", "y_px", "size_px")))
