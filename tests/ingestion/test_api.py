from io import BytesIO

import numpy as np
import pytest
from affine import Affine
from PIL import Image
from rest_framework import status

from damage.ingestion.models import Scene
from damage.ingestion.services import ingest_mosaic, ingest_photo

# The tile with lon 10, lat 20 at zoom 18, where tiles are 0.0013733 degrees wide.
ZOOM, COLUMN, ROW = 18, 138353, 116203


@pytest.fixture
def mosaic(geotiff, town):
    """100 x 100 px, its top left corner at lon 10, lat 20; only the left 20 columns hold data."""
    pixels = np.full((3, 100, 100), 80, np.uint8)
    pixels[:, :, 20:] = 0
    path = geotiff(pixels=pixels, nodata=0, crs="EPSG:4326", transform=Affine(1e-5, 0, 10, 0, -1e-5, 20))
    return ingest_mosaic(path, event=town.event.name, town=town.name).scene


@pytest.fixture
def picture(photo, town):
    pixels = np.full((300, 600, 3), 90, np.uint8)
    return ingest_photo(photo(pixels=pixels), event=town.event.name, town=town.name).scene


def addresses(scene):
    return [
        "/api/v1/events/",
        "/api/v1/towns/",
        "/api/v1/scenes/",
        f"/api/v1/scenes/{scene.pk}/",
        f"/api/v1/scenes/{scene.pk}/pixel-tiles/0/0/0.jpg",
        f"/api/v1/scenes/{scene.pk}/map-tiles/{ZOOM}/{COLUMN}/{ROW}.webp",
    ]


def test_a_visitor_sees_no_imagery(api, mosaic):
    for address in addresses(mosaic):
        assert api.get(address).status_code in {401, 403}


@pytest.mark.parametrize("role", ["volunteer", "verifier", "analyst", "site_admin"])
def test_everybody_with_an_account_sees_imagery(api, mosaic, role, request):
    api.force_authenticate(request.getfixturevalue(role))
    for address in addresses(mosaic):
        assert api.get(address).status_code == status.HTTP_200_OK


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_changes_scenes_through_the_api(api, mosaic, site_admin, method):
    api.force_authenticate(site_admin)
    for address in ("/api/v1/scenes/", f"/api/v1/scenes/{mosaic.pk}/"):
        assert getattr(api, method)(address, {}).status_code == status.HTTP_405_METHOD_NOT_ALLOWED


def test_a_mosaic_says_where_it_lies_and_where_its_tiles_are(api, mosaic, volunteer):
    api.force_authenticate(volunteer)
    scene = api.get(f"/api/v1/scenes/{mosaic.pk}/").json()
    assert scene["bounds_4326"] == pytest.approx([10, 19.999, 10.0002, 20], abs=1e-7)
    assert scene["footprint_4326"]["type"] == "Polygon"
    assert (scene["town_name"], scene["event_name"]) == ("Altamira", "Practice quake")
    assert (scene["width_px"], scene["max_zoom"], scene["gsd_source"]) == (100, 0, "geotransform")
    assert scene["pixel_tiles"] == f"/api/v1/scenes/{mosaic.pk}/pixel-tiles/{{z}}/{{x}}/{{y}}.jpg"
    assert scene["map_tiles"] == f"/api/v1/scenes/{mosaic.pk}/map-tiles/{{z}}/{{x}}/{{y}}.webp"


def test_a_photo_has_no_place_on_the_map(api, picture, volunteer):
    api.force_authenticate(volunteer)
    scene = api.get(f"/api/v1/scenes/{picture.pk}/").json()
    assert (scene["bounds_4326"], scene["footprint_4326"], scene["map_tiles"], scene["lon"]) == (None,) * 4
    assert scene["max_zoom"] == 2
    assert api.get(f"/api/v1/scenes/{picture.pk}/map-tiles/0/0/0.webp").status_code == 404


def test_lists_are_narrowed_by_event_town_and_kind(api, mosaic, picture, volunteer, town):
    api.force_authenticate(volunteer)

    def names(query):
        return [row["name"] for row in api.get(f"/api/v1/{query}").json()["results"]]

    assert names(f"towns/?event={town.event_id}") == ["Altamira"]
    assert names(f"scenes/?town={town.pk}") == ["DJI_0001.JPG", "mosaic.tif"]
    assert names("scenes/?kind=mosaic") == ["mosaic.tif"]
    assert api.get("/api/v1/towns/?event=999").status_code == status.HTTP_400_BAD_REQUEST


def test_the_number_of_queries_does_not_grow_with_the_list(api, mosaic, volunteer, django_assert_num_queries):
    for number in range(3):
        mosaic.pk, mosaic.sha256 = None, str(number)
        mosaic.save()
    api.force_authenticate(volunteer)
    with django_assert_num_queries(3):  # how many, the scenes, their problems
        assert api.get("/api/v1/scenes/").json()["count"] == 4
    with django_assert_num_queries(2):
        api.get("/api/v1/towns/")


def test_lists_and_rows_never_touch_the_disk(api, mosaic, volunteer):
    Scene.objects.update(file="scenes/gone.tif", view_file="")
    api.force_authenticate(volunteer)
    assert api.get("/api/v1/scenes/").status_code == status.HTTP_200_OK


def test_a_pixel_tile_is_a_picture_that_only_the_persons_own_browser_keeps(api, picture, volunteer):
    api.force_authenticate(volunteer)
    response = api.get(f"/api/v1/scenes/{picture.pk}/pixel-tiles/2/1/0.jpg")
    assert response["Content-Type"] == "image/jpeg"
    assert "private" in response["Cache-Control"]
    with Image.open(BytesIO(response.content)) as tile:
        assert tile.size == (256, 256)
        assert abs(np.asarray(tile).astype(int) - 90).max() <= 3


def test_a_map_tile_is_transparent_where_there_is_no_data(api, mosaic, volunteer):
    api.force_authenticate(volunteer)
    response = api.get(f"/api/v1/scenes/{mosaic.pk}/map-tiles/{ZOOM}/{COLUMN}/{ROW}.webp")
    assert response["Content-Type"] == "image/webp"
    assert "private" in response["Cache-Control"]
    with Image.open(BytesIO(response.content)) as tile:
        pixels = np.asarray(tile.convert("RGBA")).astype(int)

    def at(lon, lat):
        world = 256 * 2**ZOOM
        y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * world
        return pixels[int(y - 256 * ROW), int((lon + 180) / 360 * world - 256 * COLUMN)]

    assert at(10.0001, 19.9998)[3] == 255
    assert abs(at(10.0001, 19.9998)[:3] - 80).max() <= 4
    assert at(10.00025, 19.9998)[3] == 0  # no data
    assert at(9.9999, 19.9998)[3] == 0  # beside the scene
    assert at(10.0001, 20.0002)[3] == 0  # above it


@pytest.mark.parametrize(
    "tile",
    [
        "pixel-tiles/0/1/0.jpg",
        "pixel-tiles/1/0/0.jpg",
        "pixel-tiles/99/0/0.jpg",
        f"map-tiles/{ZOOM}/0/0.webp",
        "map-tiles/18/99999999/0.webp",
        "map-tiles/30/0/0.webp",
        "map-tiles/99/0/0.webp",
        f"map-tiles/31/{COLUMN << 13}/{ROW << 13}.webp",
        "map-tiles/60/0/0.webp",
        f"map-tiles/30/{2**63}/0.webp",
        f"map-tiles/{2**70}/{2**70}/{2**70}.webp",
        f"pixel-tiles/{2**70}/{2**70}/{2**70}.jpg",
        f"pixel-tiles/0/{2**70}/0.jpg",
    ],
)
def test_beyond_the_scene_there_is_nothing(api, mosaic, volunteer, tile):
    api.force_authenticate(volunteer)
    assert api.get(f"/api/v1/scenes/{mosaic.pk}/{tile}").status_code == status.HTTP_404_NOT_FOUND


def test_a_scene_whose_file_is_gone_says_so(api, mosaic, volunteer):
    mosaic.view_path.unlink()
    api.force_authenticate(volunteer)
    for address in addresses(mosaic)[-2:]:
        response = api.get(address)
        assert response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE
        assert "no longer" in response.json()["detail"]
