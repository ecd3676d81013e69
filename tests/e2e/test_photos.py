"""The photo viewer as analysts use it."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from PIL import ExifTags, Image, ImageDraw
from playwright.sync_api import Page, expect

from damage.ingestion.models import Scene
from damage.ingestion.services import ingest_photo
from prediction.models import Detection, PredictionRun
from tests.e2e.conftest import PHONE, log_in
from tests.e2e.test_map import mosaic
from training.models import ModelRun

WIDTH, HEIGHT = 1600, 1200
SCORES = (0.97, 0.88, 0.62, 0.3)
BOXES = ((200, 150), (900, 700), (1200, 200), (300, 800))


def street(path: Path, *, has_gps: bool = True) -> Path:
    """A photo of roofs; where the first box lies, the ground is blue."""
    photo = Image.new("RGB", (WIDTH, HEIGHT), "#8a7f70")
    draw = ImageDraw.Draw(photo)
    for x in range(40, WIDTH, 260):
        for y in range(40, HEIGHT, 220):
            draw.rectangle((x, y, x + 180, y + 150), fill="#b9553f", outline="#5d2b20", width=5)
    draw.rectangle((200, 150, 400, 350), fill="#2030e0")
    exif = Image.Exif()
    if has_gps:
        place = {1: "N", 2: (16.0, 19.0, 30.0), 3: "W", 4: (95.0, 14.0, 24.0)}
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(place)
    photo.save(path, exif=exif, quality=90)
    return path


def predicted(scene: Scene, model: ModelRun) -> PredictionRun:
    """A finished run with four boxes, three of them above its threshold."""
    run = PredictionRun.objects.create(scene=scene, model_run=model, status="done", threshold=0.6)
    run.geojson_file.save("run.geojson", ContentFile(b"{}"))
    run.shapefile_zip.save("run.zip", ContentFile(b"PK"))
    for score, (x, y) in zip(SCORES, BOXES, strict=True):
        Detection.objects.create(
            run=run, x_px=x, y_px=y, width_px=200, height_px=200, lon=scene.lon, lat=scene.lat, score=score,
            address="100 m N of Altamira" if scene.lon else "",
        )  # fmt: skip
    return run


@pytest.fixture
def model(question) -> ModelRun:
    return ModelRun.objects.create(
        question=question, status="done", stage="promoted", backbone="efficientnet-lite0", threshold=0.6
    )


@pytest.fixture
def run(event, town, model, tmp_path) -> PredictionRun:
    scene = ingest_photo(street(tmp_path / "DJI_0001.JPG"), event=event.name, town=town.name).scene
    return predicted(scene, model)


def open_photo(page: Page, person, run: PredictionRun, search: str = "") -> None:
    log_in(page, person)
    page.goto(f"/photos/{run.scene_id}/?run={run.pk}{search}")
    expect(page.locator("#count")).to_contain_text("places are shown")


def colour_in_the_middle(page: Page, *, below_px: int = 0) -> list[int]:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(600)
    return page.evaluate(
        """below => { const canvas = document.querySelector(".map canvas");
        const place = [canvas.width / 2, canvas.height / 2 + below, 1, 1];
        return [...canvas.getContext("2d").getImageData(...place).data]; }""",
        below_px,
    )[:3]


def test_the_photo_and_its_boxes_are_shown_as_approximate(page, analyst, run):
    open_photo(page, analyst, run)
    expect(page.locator("#count")).to_contain_text("3 of 4 places are shown")
    expect(page.locator("#places button")).to_have_count(3)
    panel = page.locator(".panel")
    expect(panel).to_contain_text("Approximate place")
    expect(page.locator("#coordinates")).to_have_text("16.325000, -95.240000")
    expect(panel).to_contain_text("100 m N of Altamira")
    expect(panel).to_contain_text("1600 × 1200 px")


def test_a_box_is_gone_to_from_the_list(page, analyst, run):
    """The first box lies on blue ground; its centre comes to the middle."""
    open_photo(page, analyst, run)
    page.locator("#places button").first.click()
    expect(page.locator("#place-words")).to_have_text("1 of 3 · score 0.97")
    red, _, blue = colour_in_the_middle(page)
    assert blue > 150
    assert red < 90


def test_keys_step_through_boxes_and_photos(page, analyst, run, model, town, event, tmp_path):
    after = ingest_photo(
        street(tmp_path / "DJI_0002.JPG", has_gps=False), event=event.name, town=town.name
    ).scene
    second = predicted(after, model)
    open_photo(page, analyst, run)
    page.keyboard.press("n")
    page.keyboard.press("n")
    expect(page.locator("#place-words")).to_contain_text("2 of 3")
    page.keyboard.press("b")
    expect(page.locator("#place-words")).to_contain_text("1 of 3")
    page.keyboard.press("Escape")
    expect(page.locator("#place-words")).to_have_text("3 places")
    page.keyboard.press("Shift+N")
    page.wait_for_url(f"**/photos/{after.pk}/?run={second.pk}")
    expect(page.locator("h1")).to_have_text("DJI_0002.JPG")
    expect(page.locator(".panel")).to_contain_text("no GPS position")
    page.locator("#photo-before").click()
    page.wait_for_url(f"**/photos/{run.scene_id}/?run={run.pk}")


def test_the_slider_shows_more_and_the_address_keeps_it(page, analyst, run):
    open_photo(page, analyst, run)
    page.locator("#min-score").fill("0.2")
    expect(page.locator("#count")).to_contain_text("4 of 4")
    assert "min=0.2" in page.url
    page.reload()
    expect(page.locator("#places button")).to_have_count(4)


def test_a_tap_chooses_a_box_on_a_phone(phone, analyst, run):
    open_photo(phone, analyst, run)
    phone.wait_for_load_state("networkidle")
    phone.locator("#place-after").tap()
    expect(phone.locator("#place-words")).to_contain_text("1 of 3")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_map_shows_where_the_camera_was_and_leads_to_the_photo(page, analyst, run):
    log_in(page, analyst)
    page.goto(f"/map/?run={run.pk}")
    expect(page.locator("#count")).to_contain_text("3 of 4 places are shown")
    page.locator("#places button").nth(1).click()
    card = page.locator("#place")
    expect(card).to_contain_text("Score 0.88")
    expect(card).to_contain_text("Approximate place: found in a photo")
    expect(card.locator('[data-part="coordinates"]')).to_have_text("16.325000, -95.240000")
    card.get_by_role("link", name="Open the photo").click()
    expect(page.locator("#place-words")).to_have_text("2 of 3 · score 0.88")


def test_the_map_survives_a_photo_without_gps(page, analyst, event, town, model, tmp_path):
    scene = ingest_photo(
        street(tmp_path / "DJI_0002.JPG", has_gps=False), event=event.name, town=town.name
    ).scene
    run = predicted(scene, model)
    log_in(page, analyst)
    page.goto(f"/map/?run={run.pk}")
    expect(page.locator("#state")).to_contain_text("no GPS position")
    page.locator("#places button").first.click()
    expect(page.locator("#place")).to_contain_text("Approximate place")


def test_the_runs_page_leads_to_the_photo(page, analyst, run):
    log_in(page, analyst)
    page.goto("/map/runs/")
    page.get_by_role("link", name="DJI_0001.JPG").click()
    expect(page.locator("#count")).to_contain_text("3 of 4")


def test_the_camera_stands_on_a_mosaic_of_the_same_ground(page, analyst, run, event, town, tmp_path):
    """Of a green mosaic; 60 px from the marker is less than its edge, 100 m away."""
    ground = mosaic(tmp_path / "green.tif", (40, 160, 40), event=event.name, town=town.name)
    Scene.objects.filter(pk=run.scene_id).update(lon=ground.lon, lat=ground.lat)
    run.detections.update(lon=ground.lon, lat=ground.lat)
    log_in(page, analyst)
    page.goto(f"/map/?run={run.pk}")
    expect(page.locator("#caption")).to_contain_text("approximate place")
    red, green, blue = colour_in_the_middle(page, below_px=60)
    assert green > 120
    assert max(red, blue) < 90


def test_where_the_ground_of_a_photo_is_known_its_boxes_lie_on_the_map(page, analyst, run):
    """The photo shows 160 x 120 m; a box of 200 px is a square of 20 m."""
    lon, lat = run.scene.lon, run.scene.lat
    across, along = 80 / 106_800, 60 / 110_600  # degrees to half of it, at 16° north
    corners = [[lon + x * across, lat + y * along] for x, y in ((-1, 1), (1, 1), (1, -1), (-1, -1))]
    outline = {"type": "Polygon", "coordinates": [[*corners[::-1], corners[-1]]]}
    Scene.objects.filter(pk=run.scene_id).update(
        ground_corners_4326=corners, footprint_4326=outline, ground_source="odm"
    )
    log_in(page, analyst)
    page.goto(f"/map/?run={run.pk}")
    expect(page.locator("#caption")).to_contain_text("on flat ground")
    page.locator("#places button").first.click()
    place = page.locator("#place")
    expect(place.locator("[data-part=on-ground]")).to_be_visible()
    expect(place.locator("[data-part=at-camera]")).to_be_hidden()
    expect(place.locator("[data-part=size]")).to_have_text("square of 20 m")
    page.goto(f"/photos/{run.scene_id}/?run={run.pk}")
    expect(page.locator(".approximate")).to_contain_text("The ground that the photo shows is known")


def test_on_a_phone_that_nothing_was_found_is_said_beside_the_buttons(
    open_page, analyst, event, town, tmp_path
):
    """In Spanish, whose words are long; the page's links all fit beside each other as well."""
    phone = open_page(**PHONE | {"viewport": {"width": 360, "height": 740}, "locale": "es"})
    scene = ingest_photo(street(tmp_path / "DJI_0002.JPG"), event=event.name, town=town.name).scene
    log_in(phone, analyst)
    phone.goto(f"/photos/{scene.pk}/")
    notice = phone.locator("#state")
    expect(notice).to_contain_text("Todavía no hay predicciones")
    said, legend = notice.bounding_box(), phone.locator(".legend").bounding_box()
    assert said["y"] + said["height"] <= legend["y"]
    for button in phone.locator(".map-tools button, .ol-zoom button").all():
        box = button.bounding_box()
        assert box["x"] + box["width"] <= said["x"]
    phone.goto("/training/")  # the longest name of a page, in bold
    nav = phone.locator(".site-nav")
    assert nav.evaluate("element => element.scrollWidth <= element.clientWidth")
