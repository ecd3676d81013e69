"""The damage map as analysts use it."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from django.core.files.base import ContentFile
from playwright.sync_api import Page, expect

from damage.ingestion.services import ingest_mosaic
from prediction.models import Detection, PredictionRun
from tests.e2e.conftest import log_in
from training.models import ModelRun

SCORES = (0.97, 0.88, 0.62, 0.3)
SIZE_PX = 400


@pytest.fixture
def run(event, town, question, tmp_path) -> PredictionRun:
    """A green mosaic of 200 m with four detections, three of them above the threshold of 0.6."""
    path = tmp_path / "green.tif"
    place = Affine(0.5, 0, 500_000, 0, -0.5, 1_880_000)  # 99 degrees west in UTM 14N
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=SIZE_PX,
        height=SIZE_PX,
        count=3,
        dtype="uint8",
        crs="EPSG:32614",
        transform=place,
    ) as dataset:
        dataset.write(np.broadcast_to(np.array([[[40]], [[160]], [[40]]], np.uint8), (3, SIZE_PX, SIZE_PX)))
    scene = ingest_mosaic(path, event=event.name, town=town.name).scene
    model = ModelRun.objects.create(
        question=question, status="done", backbone="efficientnet-lite0", threshold=0.6
    )
    run = PredictionRun.objects.create(scene=scene, model_run=model, status="done", threshold=0.6)
    run.geojson_file.save("run.geojson", ContentFile(b'{"type": "FeatureCollection", "features": []}'))
    run.shapefile_zip.save("run.zip", ContentFile(b"PK"))
    for number, score in enumerate(SCORES):
        Detection.objects.create(
            run=run, x_px=80 * number, y_px=80, width_px=60, height_px=60, lon=scene.lon + (number - 2) * 3e-4,
            lat=scene.lat, score=score, address=f"Calle {number + 1}",
        )  # fmt: skip
    return run


def open_map(page: Page, person, search: str = "") -> None:
    log_in(page, person)
    page.goto(f"/map/{search}")


def colour_at_centre(page: Page) -> list[int]:
    return page.evaluate(
        """() => { const canvas = document.querySelector("#map canvas");
        return [...canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height * 0.7, 1, 1).data]; }"""
    )


def test_the_mosaic_and_its_places_are_shown_best_first(page, analyst, run):
    open_map(page, analyst)
    expect(page.locator("#count")).to_contain_text("3 of 4 places are shown")
    expect(page.locator("#places button")).to_have_count(3)
    expect(page.locator("#places button").first).to_contain_text("0.97")
    page.locator("#map canvas").wait_for()
    page.wait_for_load_state("networkidle")
    red, green, blue, _ = colour_at_centre(page)
    assert green > 120
    assert max(red, blue) < 90


def test_a_lower_score_shows_more_without_predicting_again(page, analyst, run):
    open_map(page, analyst)
    expect(page.locator("#count")).to_contain_text("3 of 4")
    page.locator("#min-score").fill("0.2")
    expect(page.locator("#count")).to_contain_text("4 of 4")
    assert "min=0.2" in page.url
    page.reload()
    expect(page.locator("#count")).to_contain_text("4 of 4")
    page.get_by_role("button", name="Back to the model's threshold").click()
    expect(page.locator("#count")).to_contain_text("3 of 4")


def test_a_place_tells_its_score_address_and_coordinates(page, analyst, run):
    open_map(page, analyst)
    page.locator("#places button").nth(1).click()
    popup = page.locator("#popup")
    expect(popup).to_contain_text("Score 0.88")
    expect(popup).to_contain_text("Calle 2")
    expect(popup).to_contain_text("square of 30 m")
    second = run.detections.get(score=0.88)
    expect(page.locator("#popup-coordinates")).to_have_text(f"{second.lat:.6f}, {second.lon:.6f}")
    page.locator("#popup-picture").evaluate("picture => picture.decode()")  # rejects when there is no picture
    page.get_by_role("button", name="Next").click()
    expect(popup).to_contain_text("Calle 3")
    page.keyboard.press("Escape")
    expect(popup).to_be_hidden()


def test_a_failed_run_says_why(page, analyst, run):
    PredictionRun.objects.filter(pk=run.pk).update(status="failed", error="The disk is full.")
    open_map(page, analyst)
    expect(page.locator("#run-state")).to_contain_text("The disk is full.")
    expect(page.locator("#found")).to_be_hidden()


def test_without_runs_the_page_says_what_to_wait_for(page, analyst):
    open_map(page, analyst)
    expect(page.locator("#state")).to_contain_text("No predictions yet")


def test_a_run_that_finishes_appears_by_itself(page, analyst, run):
    PredictionRun.objects.filter(pk=run.pk).update(status="running", windows_done=1, windows_total=4)
    open_map(page, analyst)
    expect(page.locator("#run-state")).to_contain_text("25 %")
    PredictionRun.objects.filter(pk=run.pk).update(status="done")
    expect(page.locator("#places button")).to_have_count(3)


def test_the_map_speaks_spanish(open_page, analyst, run):
    page = open_page(locale="es-MX", viewport={"width": 1280, "height": 800})
    open_map(page, analyst)
    expect(page.locator("#count")).to_contain_text("Se muestran 3 de 4 lugares")


def test_on_a_phone_the_place_stays_in_sight(phone, analyst, run):
    open_map(phone, analyst)
    phone.locator("#places button").first.tap()
    expect(phone.locator("#popup")).to_be_visible()
    popup, area = phone.locator("#popup").bounding_box(), phone.locator("#map").bounding_box()
    assert popup["y"] > area["y"] + 60
    assert popup["x"] + popup["width"] <= 390
