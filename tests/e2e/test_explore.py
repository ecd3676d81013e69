"""The page of an exploration: point, touch, keys, legend."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from damage.ingestion.services import ingest_photo
from tests.e2e.conftest import log_in
from training.experiments.exploration import Exploration, explore


@pytest.fixture
def exploration(event, tmp_path):
    """Six photos of a grey town and six of a red one."""
    for town, colour in (("Gris", (120, 120, 120)), ("Roja", (190, 60, 60))):
        for number in range(6):
            path = tmp_path / f"{town}-{number}.png"
            Image.fromarray(np.full((40, 60, 3), colour, np.uint8) + np.uint8(4 * number)).save(path)
            ingest_photo(path, event=event.name, town=town)
    return explore(Exploration(event=event.slug))


@pytest.fixture
def opened(exploration, analyst):
    def open_on(page: Page) -> Page:
        log_in(page, analyst)
        page.goto(f"/training/experiments/{exploration.pk}/")
        expect(page.locator("#plane path.mark")).to_have_count(2)
        return page

    return open_on


def place_of(page: Page, index: int) -> tuple[float, float, str]:
    """Where on the screen an image lies: worked out anew from its figures, as the page fits all in its frame."""
    facts = json.loads(page.locator("#explored").text_content() or "")
    points = facts["points"]
    page.locator("#plane").evaluate("plane => plane.scrollIntoView({ block: 'center' })")
    frame = page.locator("#plane").bounding_box()
    assert frame
    # The border is no part of the chart.
    width, height = frame["width"] - 2, frame["height"] - 2
    xs, ys = [p["x"] for p in points], [p["y"] for p in points]
    unit = min((width - 48) / (max(xs) - min(xs)), (height - 48) / (max(ys) - min(ys)))
    x = frame["x"] + 1 + width / 2 + (points[index]["x"] - (max(xs) + min(xs)) / 2) * unit
    y = frame["y"] + 1 + height / 2 - (points[index]["y"] - (max(ys) + min(ys)) / 2) * unit
    scene = facts["scenes"][str(points[index]["scene"])]["name"]
    return x, y, scene


def test_pointing_at_an_image_shows_it_and_leads_to_it(page, opened):
    opened(page)
    x, y, scene = place_of(page, 3)
    page.mouse.move(x, y)
    expect(page.locator("#card-what")).to_have_text(scene)
    picture = page.locator("#card-image")
    page.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())
    page.locator("#card-open").click()
    page.wait_for_url("**/photos/*/")


def test_a_touch_shows_an_image_and_the_page_fits_a_phone(phone, opened):
    opened(phone)
    x, y, scene = place_of(phone, 8)
    phone.touchscreen.tap(x, y)
    expect(phone.locator("#card-what")).to_have_text(scene)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_keys_go_from_image_to_image_and_open_one(page, opened):
    opened(page)
    page.locator("#plane").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#card")).to_be_visible()
    seen = {page.locator("#card-what").text_content()}
    # Where the images lie differs from processor to processor, so a way round may end where it began.
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
        seen.add(page.locator("#card-what").text_content())
    assert len(seen) > 1
    page.keyboard.press("+")
    expect(page.locator("#fit")).to_be_enabled()
    page.keyboard.press("0")
    expect(page.locator("#fit")).to_be_disabled()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/photos/\d+/"))


def test_the_legend_takes_a_town_away_and_brings_it_back(page, opened):
    opened(page)
    grey = page.get_by_role("button", name="Gris (6)")
    grey.click()
    expect(page.locator("#plane path.mark")).to_have_count(1)
    expect(grey).to_have_attribute("aria-pressed", "false")
    x, y, scene = place_of(page, 0)  # a grey one: it is not there to be pointed at
    page.mouse.move(x, y)
    expect(page.locator("#card-what")).not_to_have_text(scene)
    red = page.get_by_role("button", name="Roja (6)")
    red.click()
    expect(page.locator("#nothing")).to_be_visible()
    grey.click()
    red.click()
    expect(page.locator("#plane path.mark")).to_have_count(2)
    expect(page.locator("#nothing")).to_be_hidden()


def test_dark_pages_show_dark_drawings(open_page, opened):
    dark = open_page(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    opened(dark)
    picture = dark.locator(".chart img").first
    picture.scroll_into_view_if_needed()
    dark.wait_for_function("image => image.currentSrc.endsWith('theme=dark')", arg=picture.element_handle())
