"""The page of what was flown: towns, the ground flown, gaps to go to, and what there is not."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from pyproj import Transformer

from damage.ingestion.models import Scene, Town
from tests.e2e.conftest import log_in

UTM = Transformer.from_crs("EPSG:32637", "EPSG:4326", always_xy=True)


def add_photo(town, name, x_m, y_m, *, has_footprint=True, **facts):
    """A photo of 100 x 100 m of ground."""
    corners = ((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))
    ring = [list(UTM.transform(500_000 + x_m + x, 4_160_000 + y_m + y)) for x, y in corners]
    lon, lat = UTM.transform(500_050 + x_m, 4_160_050 + y_m)
    return Scene.objects.create(
        town=town, kind="photo", name=name, sha256=name.ljust(64, "0"), size_bytes=1, in_place_path=f"/{name}",
        width_px=4000, height_px=3000, band_count=3, lon=lon, lat=lat,
        footprint_4326={"type": "Polygon", "coordinates": [ring]} if has_footprint else None, **facts,
    )  # fmt: skip


@pytest.fixture
def flown(town):
    """Five by four photos 80 m apart, without one in the middle and two at the edge; and one without a footprint."""
    missing = {(1, 1), (3, 0), (3, 1)}
    for i in range(5):
        for j in range(4):
            if (i, j) not in missing:
                day = datetime(2023, 2, 8 + (i > 3), 9, tzinfo=UTC)
                add_photo(town, f"{i}{j}", 80 * i, 80 * j, captured_at=day)
    add_photo(town, "oblique", 430, 200, has_footprint=False)
    return town


def test_an_analyst_sees_what_was_flown_and_goes_to_the_gaps(page, analyst, flown):
    """The hole is 60 m wide each way, as neighbours reach 20 m into it; the bay 60 x 160 m."""
    log_in(page, analyst)
    page.goto("/")
    page.click(".menu summary")
    page.click(".menu-panel >> text=Coverage")
    expect(page.locator("#totals")).to_contain_text("18 photos")
    expect(page.locator("#totals")).to_contain_text("1 whose ground is unknown")
    expect(page.locator("#gaps-words")).to_contain_text("2 gaps")
    rows = page.locator(".gap-row")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("9,60")
    expect(rows.nth(1)).to_contain_text("3,60")
    rows.nth(1).click()
    expect(rows.nth(1)).to_have_attribute("aria-pressed", "true")
    box = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + 12, box["y"] + box["height"] / 2)  # none of it
    expect(rows.nth(1)).to_have_attribute("aria-pressed", "false")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # which the page went to
    expect(rows.nth(1)).to_have_attribute("aria-pressed", "true")


def test_a_day_is_chosen(page, analyst, flown):
    log_in(page, analyst)
    page.goto(f"/coverage/?town={flown.pk}")
    expect(page.locator("#day option")).to_have_count(3)
    page.select_option("#day", "2023-02-09")
    expect(page.locator("#totals")).to_contain_text("4 photos")
    expect(page.locator("#gaps-words")).to_contain_text("There is none")


def test_what_there_is_not_is_said(page, analyst, flown):
    log_in(page, analyst)
    page.goto("/coverage/")
    expect(page.locator("#totals")).to_be_visible()
    page.select_option("#role", "before")
    expect(page.locator("#notice")).to_contain_text("Nothing was flown")
    expect(page.locator("#shown")).to_be_hidden()
    page.select_option("#role", "after")
    expect(page.locator("#totals")).to_be_visible()
    expect(page.locator("#notice")).to_be_hidden()
    Scene.objects.update(footprint_4326=None)
    page.select_option("#kind", "photo")
    expect(page.locator("#notice")).to_contain_text("The ground is unknown")


def test_a_site_without_towns_says_so(page, analyst):
    log_in(page, analyst)
    page.goto("/coverage/")
    expect(page.locator("#notice")).to_contain_text("No town yet")


def test_a_server_that_fails_is_asked_again(open_page, analyst, flown):
    page = open_page(viewport={"width": 1280, "height": 800}, ignoring="503")
    log_in(page, analyst)
    page.route("**/api/v1/coverage/**", lambda route: route.fulfill(status=503, body="{}"))
    page.goto("/coverage/")
    expect(page.locator("#notice")).to_contain_text("The coverage could not be loaded")
    page.unroute("**/api/v1/coverage/**")
    page.click("#notice button")
    expect(page.locator("#totals")).to_contain_text("18 photos")


def test_a_phone_in_spanish_shows_it_without_scrolling_sideways(open_page, analyst, flown):
    Town.objects.update(name="San Juan Bautista Valle Nacional de los Artesanos")
    page = open_page(
        viewport={"width": 360, "height": 740}, locale="es-MX", color_scheme="dark", has_touch=True
    )
    log_in(page, analyst)
    page.goto("/coverage/")
    expect(page.locator("h1")).to_have_text("Cobertura")
    expect(page.locator(".gap-row")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_volunteers_are_not_led_there(page, volunteer):
    log_in(page, volunteer)
    page.goto("/")
    page.click(".menu summary")
    expect(page.locator(".menu-panel")).to_be_visible()
    expect(page.locator(".menu-panel >> text=Coverage")).to_have_count(0)
