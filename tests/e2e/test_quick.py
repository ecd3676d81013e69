"""The quick page as volunteers use it: by button, key and swipe, on a phone, on a slow link, without network."""

import itertools

import pytest
from playwright.sync_api import Page, expect

from tagging.models import Share, Tag
from tests.e2e.conftest import PHONE, log_in

PLACES = {(0, 0), (300, 0), (0, 300), (300, 300)}
SMALL_PHONE = {**PHONE, "viewport": {"width": 360, "height": 640}}


def open_quick(page: Page) -> None:
    page.goto("/tag/")
    expect(page.locator("[data-answer=positive]")).to_be_enabled()


def press(page: Page, *keys: str) -> None:
    """Answer by keys as people do: each once the picture is there."""
    for key in keys:
        expect(page.locator("[data-answer=positive]")).to_be_enabled()
        page.keyboard.press(key)


def wait_for_answers(page: Page, expected: list[str]) -> None:
    found: list[str] = []
    for _ in range(150):
        found = list(Tag.objects.order_by("pk").values_list("answer", flat=True))
        if found == expected:
            return
        page.wait_for_timeout(100)
    assert found == expected


def test_a_volunteer_is_asked_about_every_place_once_and_thanked(page, volunteer, scene):
    log_in(page, volunteer)
    open_quick(page)
    expect(page.locator("#event")).to_have_text(scene.town.event.name)
    expect(page.locator("#where")).to_have_text("Altamira · street.jpg")
    press(page, "1", "ArrowLeft", "3", "ArrowRight")
    expect(page.locator("#state")).to_contain_text("You have looked at 4 places")
    wait_for_answers(page, ["positive", "negative", "unsure", "positive"])
    assert set(Tag.objects.values_list("crop__x_px", "crop__y_px")) == PLACES
    assert set(Tag.objects.values_list("asked_as", flat=True)) <= {Share.RANDOM, Share.FRESH}
    page.reload()
    expect(page.locator("#state")).to_contain_text("Nothing to answer")


def test_undo_brings_the_place_back(page, volunteer, scene):
    log_in(page, volunteer)
    open_quick(page)
    first = page.locator("#frame img").get_attribute("src")
    press(page, "1")
    wait_for_answers(page, ["positive"])
    page.keyboard.press("z")
    wait_for_answers(page, [])
    expect(page.locator("#frame img")).to_have_attribute("src", first or "")
    expect(page.locator("#count")).to_have_text("0 places answered")


def swipe(page: Page, x: int, y: int) -> None:
    """A finger over the picture, from its middle."""
    expect(page.locator("[data-answer=positive]")).to_be_enabled()
    box = page.locator("#frame").bounding_box()
    assert box
    start = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + x, start[1] + y, steps=3)
    page.mouse.up()


def test_a_phone_is_held_in_one_hand_and_swiped(open_page, volunteer, scene):
    phone = open_page(**SMALL_PHONE)
    log_in(phone, volunteer)
    open_quick(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    buttons = [
        phone.locator(f"[data-answer={name}]").bounding_box() for name in ("positive", "negative", "unsure")
    ]
    assert all(box and box["y"] + box["height"] <= 640 and box["height"] >= 48 for box in buttons)
    picture = phone.locator("#frame").bounding_box()
    assert picture
    assert picture["width"] >= 300
    swipe(phone, 120, 5)
    swipe(phone, -120, 5)
    swipe(phone, 0, -110)
    wait_for_answers(phone, ["positive", "negative", "unsure"])
    swipe(phone, 20, 3)  # too short to mean anything
    phone.wait_for_timeout(400)
    wait_for_answers(phone, ["positive", "negative", "unsure"])


def test_looking_closer_moves_the_picture_and_answers_nothing(page, volunteer, scene):
    log_in(page, volunteer)
    open_quick(page)
    page.get_by_role("button", name="Look closer").click()
    swipe(page, 150, 0)
    assert page.locator("#frame").evaluate("e => e.style.getPropertyValue('--x')") == "150px"
    page.wait_for_timeout(400)
    assert not Tag.objects.exists()


def test_nothing_is_answered_before_its_picture_is_there(page, volunteer, scene):
    held = []
    page.route("**/squares/**", lambda route: held.append(route))
    log_in(page, volunteer)
    page.goto("/tag/")
    expect(page.locator("#loading")).to_be_visible()
    for key in ("1", "2", "ArrowRight"):
        page.keyboard.press(key)
    page.wait_for_timeout(500)
    expect(page.locator("[data-answer=positive]")).to_be_disabled()
    for route in held:
        route.continue_()
    page.unroute("**/squares/**")
    expect(page.locator("[data-answer=positive]")).to_be_enabled()
    assert not Tag.objects.exists()
    expect(page.locator("#waiting")).to_be_hidden()


def test_a_double_tap_answers_once(page, volunteer, scene):
    log_in(page, volunteer)
    open_quick(page)
    page.locator("[data-answer=negative]").dblclick()
    wait_for_answers(page, ["negative"])
    page.wait_for_timeout(500)
    wait_for_answers(page, ["negative"])


def test_a_picture_that_does_not_come_is_said_and_another_place_taken(open_page, volunteer, scene):
    page = open_page(ignoring="ERR_FAILED")
    log_in(page, volunteer)
    broken: list[str] = []

    def break_first(route):
        broken.append(route.request.url)
        route.abort() if route.request.url == broken[0] else route.continue_()

    page.route("**/squares/**", break_first)
    page.goto("/tag/")
    expect(page.locator("#missing")).to_be_visible()
    page.get_by_role("button", name="Another place").click()
    press(page, "1")
    wait_for_answers(page, ["positive"])


def test_without_network_the_prepared_places_go_on_and_each_answer_arrives_once(open_page, volunteer, scene):
    page = open_page(ignoring="ERR_INTERNET_DISCONNECTED")
    log_in(page, volunteer)
    open_quick(page)
    page.wait_for_timeout(700)  # the other pictures come meanwhile
    page.context.set_offline(True)
    press(page, "1", "2")
    expect(page.locator("#waiting")).to_have_text("2 waiting")
    press(page, "3")
    assert not Tag.objects.exists()
    page.context.set_offline(False)
    wait_for_answers(page, ["positive", "negative", "unsure"])
    expect(page.locator("#waiting")).to_be_hidden()


def test_a_session_that_ends_loses_nothing(open_page, volunteer, scene):
    page = open_page(ignoring="401")
    log_in(page, volunteer)
    open_quick(page)
    page.context.clear_cookies()
    press(page, "1")
    expect(page.locator("#waiting")).to_have_text("1 waiting")
    page.locator("#toast").get_by_role("button", name="Log in").click()
    page.fill("[name=username]", volunteer.username)
    page.fill("[name=password]", "practice-tags")
    page.click("form.card button")
    wait_for_answers(page, ["positive"])


@pytest.mark.parametrize("size", [(740, 360), (640, 400)])
def test_on_its_side_and_at_200_per_cent_the_picture_is_large_and_no_button_lies_on_another(
    open_page, volunteer, scene, size
):
    page = open_page(viewport={"width": size[0], "height": size[1]})
    log_in(page, volunteer)
    open_quick(page)
    picture = page.locator("#frame").bounding_box()
    assert picture
    assert picture["height"] >= 0.7 * (size[1] - 60)
    boxes = [
        page.locator(f"[data-answer={name}]").bounding_box() for name in ("positive", "negative", "unsure")
    ]
    assert all(upper["y"] + upper["height"] <= lower["y"] for upper, lower in itertools.pairwise(boxes))
    for name in ("positive", "negative", "unsure"):
        page.locator(f"[data-answer={name}]").click(trial=True)


def test_where_nothing_is_there_it_is_said(page, volunteer, question):
    log_in(page, volunteer)
    page.goto("/tag/")
    expect(page.locator("#state")).to_contain_text("Nothing to answer")


def test_from_a_place_one_looks_around_in_its_scene(page, volunteer, scene):
    log_in(page, volunteer)
    open_quick(page)
    page.get_by_role("link", name="Look around").click()
    expect(page.locator("#scene-name")).to_have_text("street.jpg")
    expect(page.locator("[data-answer=positive]")).to_be_enabled()
    page.keyboard.press("1")
    wait_for_answers(page, ["positive"])
    assert Tag.objects.get().asked_as == ""
