"""The damage map as analysts use it."""

import json
import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from django.core.files.base import ContentFile
from django.utils import timezone
from playwright.sync_api import Page, expect

from damage.ingestion.models import Scene
from damage.ingestion.services import ingest_mosaic
from prediction.models import Detection, PredictionRun
from prediction.score_rasters import write_score_raster
from prediction.windows import Grid
from tests.e2e.conftest import log_in
from training.models import ModelRun

SCORES = (0.97, 0.88, 0.62, 0.3)
SIZE_PX = 400
FIRST_ADDRESSES_MS = 60_000  # the gazetteer is loaded by the first who asks for addresses


def mosaic(path: Path, colour: tuple[int, int, int], *, event: str, town: str) -> Scene:
    """Ingest a mosaic of 200 m in one colour."""
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
        pixel = np.array(colour, np.uint8).reshape(3, 1, 1)
        dataset.write(np.broadcast_to(pixel, (3, SIZE_PX, SIZE_PX)))
    return ingest_mosaic(path, event=event, town=town).scene


@pytest.fixture
def run(event, town, question, tmp_path) -> PredictionRun:
    """A green mosaic with four detections, three of them above the threshold of 0.6."""
    scene = mosaic(tmp_path / "green.tif", (40, 160, 40), event=event.name, town=town.name)
    model = ModelRun.objects.create(
        question=question, status="done", stage="promoted", backbone="efficientnet-lite0", threshold=0.6
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


def colour_at(page: Page, across: float) -> list[int]:
    """Red, green, blue of the map below its middle, at a share of its width."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    return page.evaluate(
        """across => { const canvas = document.querySelector("#map canvas");
        return [...canvas.getContext("2d").getImageData(canvas.width * across, canvas.height * 0.7, 1, 1).data]; }""",
        across,
    )[:3]


def test_the_mosaic_and_its_places_are_shown_best_first(page, analyst, run):
    open_map(page, analyst)
    expect(page.locator("#count")).to_contain_text("3 of 4 places are shown")
    expect(page.locator("#places button")).to_have_count(3)
    expect(page.locator("#places button").first).to_contain_text("0.97")
    red, green, blue = colour_at(page, 0.5)
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
    page.get_by_role("button", name="Back to the run's threshold").click()
    expect(page.locator("#count")).to_contain_text("3 of 4")


def test_a_place_tells_its_score_address_and_coordinates(page, analyst, run):
    open_map(page, analyst)
    page.locator("#places button").nth(1).click()
    popup = page.locator("#place")
    expect(popup).to_contain_text("Score 0.88")
    expect(popup).to_contain_text("Calle 2")
    expect(popup).to_contain_text("square of 30 m")
    second = run.detections.get(score=0.88)
    expect(popup.locator('[data-part="coordinates"]')).to_have_text(f"{second.lat:.6f}, {second.lon:.6f}")
    popup.locator("img").evaluate("picture => picture.decode()")  # rejects when there is no picture
    page.get_by_role("button", name="Next").click()
    expect(popup).to_contain_text("Calle 3")
    page.keyboard.press("Escape")
    expect(popup).to_be_hidden()


def test_a_shared_address_opens_the_place(page, analyst, run):
    lowest = run.detections.get(score=0.3)
    open_map(page, analyst, f"?run={run.pk}&place={lowest.pk}")
    expect(page.locator("#place")).to_contain_text("Score 0.30")
    expect(page.locator("#places button")).to_have_count(3)
    page.get_by_role("button", name="Before").click()
    expect(page.locator("#place")).to_contain_text("Score 0.62")
    expect(page).to_have_url(re.compile(f"place={run.detections.get(score=0.62).pk}"))


def test_going_back_shows_the_run_before(page, analyst, run):
    other = PredictionRun.objects.create(
        scene=run.scene, model_run=run.model_run, status="done", threshold=0.5
    )
    open_map(page, analyst, f"?run={run.pk}")
    expect(page.locator("#places button")).to_have_count(3)
    page.locator("#run").select_option(str(other.pk))
    expect(page.locator("#count")).to_have_text("The model found nothing here.")
    page.go_back()
    expect(page.locator("#places button")).to_have_count(3)
    expect(page.locator("#run")).to_have_value(str(run.pk))


def test_two_mosaics_are_compared_under_a_divider(page, analyst, run, tmp_path):
    town = run.scene.town
    before = mosaic(tmp_path / "blue.tif", (40, 40, 160), event=town.event.name, town=town.name)
    open_map(page, analyst)
    page.locator("#with").select_option(label="blue.tif")
    divider = page.get_by_label("How much of the other mosaic is shown")
    left, right = colour_at(page, 0.45), colour_at(page, 0.55)
    assert left[2] > 120 > left[1], "blue on the left"
    assert right[1] > 120 > right[2], "green on the right"
    divider.fill("70")
    assert colour_at(page, 0.55)[2] > 120
    expect(page).to_have_url(re.compile(f"with={before.pk}"))
    page.reload()
    expect(divider).to_be_visible()
    page.locator("#with").select_option(label="Nothing")
    expect(divider).to_be_hidden()
    assert colour_at(page, 0.45)[1] > 120


def test_the_map_works_without_a_mouse(page, analyst, run):
    open_map(page, analyst)
    expect(page.locator("#places button")).to_have_count(3)
    page.locator("#min-score").focus()
    page.keyboard.press("End")
    expect(page.locator("#count")).to_contain_text("0 of 4 places are shown. Lower the slider to see more.")
    page.get_by_role("button", name="Back to the run's threshold").press("Enter")
    page.locator("#places button").first.press("Enter")
    page.get_by_role("button", name="Next").press("Enter")
    expect(page.locator("#place")).to_contain_text("Score 0.88")
    page.get_by_role("button", name="Close").press("Enter")
    expect(page.locator("#place")).to_be_hidden()
    expect(page.locator("#map")).to_be_focused()


def test_what_cannot_be_loaded_may_be_tried_again(open_page, analyst, run):
    page = open_page(ignoring="503")
    page.route("**/api/v1/prediction-runs/*", lambda route: route.fulfill(status=503))
    open_map(page, analyst)
    expect(page.locator("#state")).to_contain_text("The map could not be loaded")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#places button")).to_have_count(3)
    expect(page.locator("#state")).to_be_hidden()


def test_an_admin_asks_for_a_prediction(page, site_admin, run):
    ModelRun.objects.filter(pk=run.model_run_id).update(window_px=60, window_m=30)
    open_map(page, site_admin)
    page.get_by_text("Predict another mosaic").click()
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator("#run-state")).to_contain_text("waits for the background worker")
    assert PredictionRun.objects.get(status="queued").scene == run.scene


@pytest.fixture
def scored_run(run, tmp_path) -> PredictionRun:
    """The run with the scores of four windows, side by side."""
    write_score_raster(
        tmp_path / "scores.tif", np.array([SCORES], np.float32), Grid(240, 60, 60, 60),
        transform=run.scene.transform, crs_wkt=run.scene.crs_wkt,
    )  # fmt: skip
    run.score_file.save("scores.tif", ContentFile((tmp_path / "scores.tif").read_bytes()))
    PredictionRun.objects.filter(pk=run.pk).update(parameters={"max_iou": 0.2, "geocoder": "offline"})
    return run


def test_an_admin_keeps_the_sliders_score_as_the_threshold(page, site_admin, scored_run):
    open_map(page, site_admin)
    expect(page.locator("#count")).to_contain_text("3 of 4 places are shown")
    page.locator("#min-score").fill("0.9")
    page.get_by_text("Set this run's threshold").click()
    expect(page.locator("#threshold output")).to_contain_text(
        "predict the mosaic from before the event first"
    )
    page.get_by_role("button", name="Keep the slider's score").click()
    expect(page.locator("#toast")).to_contain_text(
        "The threshold is 0.90: 1 place.", timeout=FIRST_ADDRESSES_MS
    )
    expect(page.locator("#run-facts")).to_contain_text("Threshold 0.90, set by a person.")
    kept = PredictionRun.objects.get(pk=scored_run.pk)
    assert kept.threshold == 0.9
    assert len(json.loads(kept.geojson_file.read())["features"]) == 1


def test_an_admin_lets_imagery_from_before_set_the_threshold(page, site_admin, scored_run, tmp_path):
    scene = mosaic(
        tmp_path / "before.tif",
        (90, 90, 90),
        event=scored_run.scene.town.event.name,
        town=scored_run.scene.town.name,
    )
    before = PredictionRun.objects.get(pk=scored_run.pk)
    before.pk, before.scene = None, scene
    scores = np.linspace(0.01, 0.8, 50, dtype=np.float32)[None]  # two in a hundred: the highest alone
    write_score_raster(
        tmp_path / "b.tif", scores, Grid(50 * 8, 8, 8, 8), transform=scene.transform, crs_wkt=scene.crs_wkt
    )
    before.score_file.save("b.tif", ContentFile((tmp_path / "b.tif").read_bytes()))
    open_map(page, site_admin, f"?run={scored_run.pk}")
    page.get_by_text("Set this run's threshold").click()
    expect(page.locator("#threshold select")).to_contain_text(f"#{before.pk}")
    page.get_by_role("button", name="Set the threshold").click()
    # Halfway between the highest score of before and the next.
    expect(page.locator("#toast")).to_contain_text(
        "The threshold is 0.79: 2 places.", timeout=FIRST_ADDRESSES_MS
    )
    expect(page.locator("#run-facts")).to_contain_text("by imagery from before the event")


def test_an_analyst_is_not_offered_a_threshold(page, analyst, run):
    open_map(page, analyst)
    expect(page.locator("#places button")).to_have_count(3)
    expect(page.locator("#threshold-details")).to_have_count(0)


def test_a_failed_run_says_why(page, analyst, run):
    PredictionRun.objects.filter(pk=run.pk).update(status="failed", error="The disk is full.")
    open_map(page, analyst)
    expect(page.locator("#run-state")).to_contain_text("The disk is full.")
    expect(page.locator("#found")).to_be_hidden()


def test_without_runs_the_page_says_what_to_wait_for(page, analyst):
    open_map(page, analyst)
    expect(page.locator("#state")).to_contain_text("No predictions yet")


def at_work(run, **fields):
    """Make the run one that works, and of which so much is done."""
    now = timezone.now()
    defaults = {"status": "running", "units_total": 400_000_000, "heartbeat_at": now}
    PredictionRun.objects.filter(pk=run.pk).update(
        **defaults | {"started_at": now - timedelta(seconds=10)} | fields
    )


def test_a_run_that_finishes_appears_by_itself(page, analyst, run):
    at_work(run, units_done=100_000_000)
    open_map(page, analyst)
    state = page.locator("#run-state")
    expect(state).to_contain_text(
        "Looking through the mosaic: 25% done. About 30 seconds left. 10 million pixels"
    )
    expect(page.locator("#cancel")).to_have_count(0)  # analysts look on
    at_work(run, units_done=200_000_000)
    expect(state).to_contain_text("50% done. About 10 seconds left. 20 million pixels a second.")
    PredictionRun.objects.filter(pk=run.pk).update(status="done")
    expect(page.locator("#places button")).to_have_count(3)


def test_an_admin_cancels_a_run_and_continues_it(page, site_admin, run):
    at_work(run, units_done=100_000_000)
    open_map(page, site_admin)
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#cancel").click()
    state = page.locator("#run-state")
    expect(state).to_contain_text("Cancelled by adela. 25% of it is done and kept; it can go on from there.")
    expect(page.locator("#cancel")).to_be_hidden()
    page.locator("#continue").click()
    expect(state).to_contain_text("This run waits for the background worker.")
    assert PredictionRun.objects.get(pk=run.pk).status == "queued"


def test_a_run_whose_worker_is_silent_is_said_to_stand_still(page, site_admin, run):
    at_work(run, units_done=100_000_000, heartbeat_at=timezone.now() - timedelta(minutes=5))
    open_map(page, site_admin)
    expect(page.locator("#run-state")).to_contain_text(
        "stands still at 25%: its worker gives no sign of life"
    )
    expect(page.locator("#continue")).to_be_visible()


def test_the_heat_map_is_laid_over_the_mosaic(page, analyst, run, tmp_path):
    transform = Affine(10, 0, 500_000, 0, -10, 1_880_000)
    heat = np.full((20, 20), 0.95, np.float32)
    write_raster(tmp_path / "heat.tif", heat, transform)
    run.heat_file.save("heat.tif", ContentFile((tmp_path / "heat.tif").read_bytes()))
    open_map(page, analyst)
    with page.expect_response(re.compile(r"heat-tiles/.*\.webp")) as answer:
        page.get_by_label("Heat map", exact=True).check()
    assert answer.value.status == 200
    expect(page.locator("#heat-opacity")).to_be_enabled()
    page.get_by_label("Heat map", exact=True).uncheck()
    expect(page.locator("#heat-opacity")).to_be_disabled()


def write_raster(path, values, transform):
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "crs": "EPSG:32614", "nodata": float("nan")}
    height, width = values.shape
    with rasterio.open(path, "w", width=width, height=height, transform=transform, **profile) as raster:
        raster.write(values, 1)


def test_the_list_of_runs_follows_and_changes_them(page, site_admin, run):
    at_work(run, units_done=100_000_000)
    log_in(page, site_admin)
    page.goto("/map/runs/")
    row = page.locator("tr[data-run]")
    expect(row).to_contain_text("25% done")
    at_work(run, units_done=200_000_000)
    expect(row).to_contain_text("50% done")
    page.once("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("Cancelled by adela.")
    row.get_by_role("button", name="Continue").click()
    expect(row).to_contain_text("waits for the background worker")
    PredictionRun.objects.filter(pk=run.pk).update(status="done")
    expect(row).to_contain_text("GeoJSON")


@pytest.mark.parametrize("person", ["analyst", "site_admin"])
def test_the_list_says_that_a_run_stands_still_and_that_it_goes_on(page, request, run, person):
    at_work(run, units_done=100_000_000, heartbeat_at=timezone.now() - timedelta(minutes=5))
    log_in(page, request.getfixturevalue(person))
    page.goto("/map/runs/")
    loads = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    row = page.locator("tr[data-run]")
    expect(row).to_contain_text("stands still at 25%: its worker gives no sign of life")
    page.wait_for_timeout(2500)
    assert loads == [], "the page reloads only when something changed"
    at_work(run, units_done=200_000_000)
    expect(row).to_contain_text("Looking through the mosaic: 50% done.")


@pytest.mark.parametrize(("address", "place"), [("/map/", "#run-state"), ("/map/runs/", "tr[data-run]")])
def test_a_lost_connection_is_said_until_it_is_back(open_page, analyst, run, address, place):
    at_work(run, units_done=100_000_000)
    page = open_page(ignoring="503")
    log_in(page, analyst)
    page.goto(address)
    expect(page.locator(place)).to_contain_text("25% done")
    page.route("**/api/v1/prediction-runs/*/", lambda route: route.fulfill(status=503))
    expect(page.locator(place)).to_contain_text("The server does not answer as it should.")
    page.unroute_all()
    expect(page.locator(place)).to_contain_text("25% done")


def test_a_refused_cancellation_is_said_in_words_and_the_run_is_looked_at_again(open_page, site_admin, run):
    at_work(run, units_done=100_000_000)
    page = open_page(ignoring="400")
    open_map(page, site_admin)
    expect(page.locator("#cancel")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.route("**/cancel/", lambda route: (PredictionRun.objects.update(status="done"), route.continue_()))
    page.locator("#cancel").click()
    expect(page.locator("#toast")).to_contain_text("is not waiting or running")
    expect(page.locator("#places button")).to_have_count(3)


def test_analysts_look_at_the_list_and_change_nothing(page, analyst, run):
    at_work(run, units_done=100_000_000)
    log_in(page, analyst)
    page.goto("/map/runs/")
    expect(page.locator("tr[data-run]")).to_contain_text("25% done")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_the_map_speaks_spanish(open_page, analyst, run):
    page = open_page(locale="es-MX", viewport={"width": 1280, "height": 800})
    open_map(page, analyst)
    expect(page.locator("#count")).to_contain_text("Se muestran 3 de 4 lugares")


def test_on_a_phone_the_place_stays_in_sight(phone, analyst, run):
    open_map(phone, analyst)
    phone.locator("#places button").first.tap()
    expect(phone.locator("#place")).to_be_visible()
    popup, area = phone.locator("#place").bounding_box(), phone.locator("#map").bounding_box()
    assert area["y"] == 56, "the map stays under the header while the list scrolls"
    assert popup["y"] > area["y"] + 60
    assert popup["x"] + popup["width"] <= 390
