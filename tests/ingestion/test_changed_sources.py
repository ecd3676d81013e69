"""What lies beside a file never counts, and a file that was replaced after it came in is never taken for the scene."""

import os
import shutil

import numpy as np
import pytest
import rasterio
from affine import Affine

from damage.errors import Refused
from damage.ingestion import services
from damage.ingestion.map_tiles import read_map_tile
from damage.ingestion.models import Scene
from damage.ingestion.rasters import is_whole, read_pixel_tile, read_reduced, read_square
from damage.ingestion.reading import SceneReader, coarse_ground, ground_share
from damage.ingestion.reports import ingest_files
from damage.ingestion.scene_sources import SourceChanged, checked_path, source_of
from damage.ingestion.services import ingest_mosaic, ingest_photo
from damage.ingestion.source_facts import END_BYTES, is_unchanged, read_source_facts
from tagging.cutting import cut_pending_crops
from tagging.models import Crop
from tagging.services import record_tag

PLACE = {"event": "Quake", "town": "Altamira"}
LONLAT = {"crs": "EPSG:4326", "transform": Affine(1e-5, 0, 10, 0, -1e-5, 20)}


@pytest.fixture
def pixels():
    return np.random.default_rng(2).integers(1, 255, (3, 600, 800), dtype=np.uint8)


def put_beside(path):
    """A mask that hides the left half, other overviews (all 222), and another place with nodata 7."""
    profile = {"driver": "GTiff", "width": 800, "height": 600, "dtype": "uint8"}
    mask = np.full((1, 600, 800), 255, np.uint8)
    mask[:, :, :400] = 0
    with rasterio.open(f"{path}.msk", "w", count=1, **profile) as file:
        file.write(mask)
        file.update_tags(INTERNAL_MASK_FLAGS_1=2, INTERNAL_MASK_FLAGS_2=2, INTERNAL_MASK_FLAGS_3=2)
    with rasterio.open(f"{path}.ovr", "w", count=3, **profile | {"width": 400, "height": 300}) as file:
        file.write(np.full((3, 300, 400), 222, np.uint8))
    path.with_name(f"{path.name}.aux.xml").write_text(
        "<PAMDataset><SRS>EPSG:4326</SRS><GeoTransform>50,1e-5,0,50,0,-1e-5</GeoTransform>"
        '<PAMRasterBand band="1"><NoDataValue>7</NoDataValue></PAMRasterBand></PAMDataset>'
    )


def readings(scene):
    """What every reader of pixels makes of a scene's file, in its place and through its view."""
    path, tile = scene.path, (18, 138353, 116203)
    reader = SceneReader()
    results = [
        scene.footprint_4326,
        (scene.lon, scene.lat, scene.gsd_m),
        read_square(path, 0, 0, 300).tolist(),
        is_whole(path, 0, 0, 600),
        [part.tolist() for part in read_reduced(path, 100)],
        read_map_tile(path, *tile),
        read_map_tile(scene.view_path, *tile),
        read_pixel_tile(scene.view_path, 0, 0, 0).tolist(),
        str(coarse_ground(source_of(scene))),
        ground_share(source_of(scene)),
    ]
    for scale, size in ((1, 300), (2, 300), (4, 150)):
        part = reader.read(source_of(scene), scale, (0, 0, size, size))
        results += [part.bands.tolist(), part.valid is None]
    reader.close()
    return results


@pytest.mark.django_db
@pytest.mark.parametrize("overviews", [None, [2, 4]])
def test_no_reader_looks_at_what_lies_beside_an_in_place_file(geotiff, pixels, tmp_path, overviews):
    path = geotiff(pixels=pixels, overviews=overviews, **LONLAT)
    (tmp_path / "alone").mkdir()
    alone = shutil.copy2(path, tmp_path / "alone")
    put_beside(path)
    with rasterio.open(path) as dataset:  # GDAL by itself would look at the mask at least
        assert not dataset.dataset_mask().all()
    beside = ingest_mosaic(path, in_place=True, **PLACE).scene
    found = readings(beside)
    beside.in_place_path = str(alone)
    assert found == readings(beside)
    assert is_whole(path, 0, 0, 600)


@pytest.mark.django_db
def test_what_is_put_beside_a_file_later_changes_nothing(geotiff, pixels):
    scene = ingest_mosaic(geotiff(pixels=pixels, **LONLAT), in_place=True, **PLACE).scene
    before = readings(scene)
    put_beside(scene.path)
    assert readings(scene) == before


def test_a_file_is_known_by_its_size_and_both_its_ends(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes(300_000))
    known = read_source_facts(path)
    assert known.size_bytes == 300_000
    assert is_unchanged(path, known)
    os.utime(path, ns=(1, 1))  # copied back from a backup
    assert is_unchanged(path, known)
    for place, same in ((0, False), (END_BYTES - 1, False), (150_000, True), (299_999, False)):
        content = bytearray(300_000)
        content[place] = 1
        path.write_bytes(content)
        os.utime(path, ns=(2 + place, 2 + place))
        assert is_unchanged(path, known) is same
    path.write_bytes(bytes(300_001))
    assert not is_unchanged(path, known)


def test_small_files_are_known_whole(tmp_path):
    for size in (0, 1, END_BYTES, END_BYTES + 1, 2 * END_BYTES - 1):
        (tmp_path / "a").write_bytes(bytes(size))
        first = read_source_facts(tmp_path / "a").ends_sha256
        (tmp_path / "a").write_bytes(bytes(size - 1) + b"x" if size else b"")
        os.utime(tmp_path / "a", ns=(size, size))
        assert (read_source_facts(tmp_path / "a").ends_sha256 == first) is (size == 0)


@pytest.fixture
def replaced(geotiff, pixels, town):
    """A scene in its place, over which another export of the same name was written."""
    scene = ingest_mosaic(
        geotiff(pixels=pixels, **LONLAT), in_place=True, event=town.event.name, town=town.name
    ).scene
    geotiff(pixels=255 - pixels, **LONLAT)
    return scene


def test_a_replaced_source_is_refused_by_whoever_reads_it(replaced):
    for read in (source_of, checked_path):
        with pytest.raises(SourceChanged, match="replaced or changed") as refusal:
            read(replaced)
        assert "ingest_mosaic" in refusal.value.remedy


def test_tags_on_a_replaced_source_stay_and_get_no_pixels_of_the_other(replaced, volunteer, question, api):
    question.crop_size_m = None  # these pixels have hundreds of metres
    tag = record_tag(
        tagger=volunteer, question=question, scene=replaced, answer="positive", x_px=0, y_px=0, size_px=300
    )
    api.force_authenticate(volunteer)
    answer = api.get(f"/api/v1/crops/{tag.crop_id}/image.png")
    assert answer.status_code == 503
    assert "replaced or changed" in answer.json()["detail"]
    outcome = cut_pending_crops()
    assert (outcome.cut, outcome.failed) == (0, 1)
    assert "replaced or changed" in Crop.objects.get().cut_problem


def test_a_source_that_was_put_back_is_the_scenes_again(replaced, geotiff, pixels):
    geotiff(pixels=pixels, **LONLAT)
    assert checked_path(replaced) == replaced.path


def test_what_lies_there_now_comes_in_as_a_scene_of_its_own(replaced, town):
    place = {"event": town.event.name, "town": town.name}
    (report,) = ingest_files([replaced.path], lambda file: ingest_mosaic(file, in_place=True, **place))
    assert report.status == "added"
    assert checked_path(Scene.objects.get(pk=report.scene)) == replaced.path


def test_scenes_from_before_are_read_as_they_were(replaced):
    replaced.source_mtime_ns = None
    assert checked_path(replaced) == replaced.path


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["photo", "mosaic"])
def test_a_file_that_is_written_to_while_it_comes_in_is_refused(geotiff, photo, monkeypatch, kind):
    path, ingest = (photo(), ingest_photo) if kind == "photo" else (geotiff(**LONLAT), ingest_mosaic)
    decode = services.begin_decoding_photo if kind == "photo" else services.decode_mosaic_view

    def meanwhile(*args, **kwargs):
        result = decode(*args, **kwargs)
        with path.open("ab") as file:
            file.write(b"more")
        return result

    monkeypatch.setattr(services, decode.__name__, meanwhile)
    with pytest.raises(Refused, match="changed while it was taken in"):
        ingest(path, **PLACE)
    assert not Scene.objects.exists()
