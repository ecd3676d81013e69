"""Tagging as people do it: by keys, by finger, in Spanish, and with the network gone."""

import re
from collections.abc import Callable
from time import monotonic

from playwright.sync_api import Page, expect

from damage.ingestion.models import Scene
from damage.ingestion.quarantine import quarantine_scene, release_scene
from tagging.models import Tag
from tagging.services import record_tag
from tests.e2e.conftest import PASSWORD, PHONE, log_in

EXPLORE = "/tag/explore/"


def open_tagging(page: Page) -> None:
    page.goto(f"{EXPLORE}?scene={Scene.objects.get().pk}")
    expect(page.locator("#scene-name")).to_have_text("street.jpg")
    expect(page.locator("[data-answer=positive]")).to_be_enabled()


def test_a_photo_without_gps_is_shown_as_such(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    expect(page.locator("#scene-no-gps")).to_have_text("no GPS position")
    Scene.objects.filter(pk=scene.pk).update(lon=-96.5, lat=17.0)
    open_tagging(page)
    expect(page.locator("#scene-no-gps")).to_be_hidden()


def press(page: Page, *keys: str) -> None:
    """Answer by keys as people do: each once the picture is there."""
    for key in keys:
        expect(page.locator("[data-answer=positive]")).to_be_enabled()
        page.keyboard.press(key)


def answers() -> list[tuple[int, int, str]]:
    return [(tag.crop.x_px, tag.crop.y_px, tag.answer) for tag in Tag.objects.order_by("id")]


def toast(page: Page):
    return page.locator("#toast")


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait for what the server does after the page has gone on."""
    deadline = monotonic() + 15
    while not is_so() and monotonic() < deadline:
        page.wait_for_timeout(50)


def wait_for_tags(page: Page, expected: list[tuple[int, int, str]]) -> None:
    wait_until(page, lambda: answers() == expected)
    assert answers() == expected


def test_a_volunteer_tags_a_scene_by_keys_alone(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("Damage: noted")
    expect(page.locator("#coverage")).to_have_text("1 of 4 places in this scene")
    press(page, "2", "3")
    wait_for_tags(page, [(0, 0, "positive"), (300, 0, "negative"), (300, 300, "unsure")])


def test_arrow_keys_move_the_square_and_it_stays_inside(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    page.keyboard.press("ArrowLeft")  # against the edge
    page.keyboard.press("ArrowRight")  # half a cell
    page.keyboard.press("Shift+ArrowDown")  # a whole one
    page.keyboard.press("Shift+ArrowDown")  # against the edge
    press(page, "2")
    wait_for_tags(page, [(150, 300, "negative")])


def test_undo_takes_the_answer_back_and_the_square_returns(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    page.keyboard.press("1")
    wait_for_tags(page, [(0, 0, "positive")])
    toast(page).get_by_role("button", name="Undo").click()
    expect(toast(page)).to_contain_text("Taken back")
    assert answers() == []
    press(page, "2")
    wait_for_tags(page, [(0, 0, "negative")])
    page.keyboard.press("z")
    wait_for_tags(page, [])


def test_a_volunteer_tags_on_a_phone_by_finger(phone, volunteer, scene):
    log_in(phone, volunteer)
    open_tagging(phone)
    box = phone.locator("#scene-map").bounding_box()
    phone.locator("[data-answer=negative]").tap()
    wait_for_tags(phone, [(0, 0, "negative")])
    phone.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 0.8 * box["height"])
    phone.locator("[data-answer=positive]").tap()
    expect(phone.locator("#coverage")).to_contain_text("of 4")
    wait_until(phone, lambda: len(answers()) == 2)
    assert [answer for _, _, answer in answers()] == ["negative", "positive"]
    x_px, y_px = answers()[1][:2]
    assert x_px in (0, 150, 300)
    assert y_px in (150, 300)
    assert phone.evaluate("document.documentElement.scrollWidth") == PHONE["viewport"]["width"]


def place(page: Page) -> tuple[int, int]:
    """Where the square is: what is sent when it is answered, which is taken back at once."""
    with page.expect_request(lambda request: request.method == "POST" and "/tags/" in request.url) as asked:
        press(page, "2")
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.keyboard.press("z")
    expect(toast(page)).to_contain_text("Taken back")
    return asked.value.post_data_json["x_px"], asked.value.post_data_json["y_px"]


def test_dragging_the_square_moves_it_to_the_nearest_place_that_others_meet_at(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    box = page.locator("#scene-map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    screen_px = 0.4 * min(box["width"], box["height"]) / 300  # of one scene pixel
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 170 * screen_px, y + 50 * screen_px, steps=4)
    page.mouse.up()
    assert place(page) == (150, 0)  # whole and half cells lie at 0, 150 and 300


def tap_scene(page: Page, x_px: float, y_px: float, *, centre: tuple[int, int]) -> None:
    """Tap a point of the scene, which is shown with `centre` in the middle, its squares 0.4 of the height."""
    box = page.locator("#scene-map").bounding_box()
    assert box
    scale = 0.4 * min(box["width"], box["height"]) / 300
    middle = (
        16 + (box["width"] - 16 - 68) / 2,
        16 + (box["height"] - 16 - 72) / 2,
    )  # buttons and messages are spared
    x, y = (middle[axis] + scale * ((x_px, y_px)[axis] - centre[axis]) for axis in (0, 1))
    page.mouse.click(box["x"] + x, box["y"] + y)


def test_a_tap_on_what_is_answered_means_that_square(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    press(page, "1")
    wait_for_tags(page, [(0, 0, "positive")])
    page.wait_for_timeout(600)  # the picture follows the square to (300, 0)
    tap_scene(page, 280, 150, centre=(450, 150))  # nearer to the place at (150, 0), but this is answered
    press(page, "3")
    wait_for_tags(page, [(0, 0, "unsure")])


def test_a_tap_elsewhere_means_the_nearest_place_that_others_meet_at(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    tap_scene(page, 330, 420, centre=(150, 150))  # around it a square would begin at (180, 270)
    press(page, "3")
    wait_for_tags(page, [(150, 300, "unsure")])


# Nothing is answered that was not seen


def test_without_its_picture_no_square_is_answered(open_page, volunteer, scene):
    """Reported: off line, eight black squares were answered "No damage" and sent."""
    page = open_page(ignoring="ERR_FAILED")
    page.route("**/pixel-tiles/**", lambda route: route.abort())
    log_in(page, volunteer)
    page.goto(f"{EXPLORE}?scene={scene.pk}")
    expect(page.locator("#tiles-missing")).to_be_visible()
    for key in "22222222":
        page.keyboard.press(key)
    page.wait_for_timeout(600)
    expect(page.locator("[data-answer=negative]")).to_be_disabled()
    expect(page.locator("#looking")).to_contain_text("once the picture is there")
    assert answers() == []
    page.unroute("**/pixel-tiles/**")
    page.get_by_role("button", name="Load again").click()
    press(page, "2")
    wait_for_tags(page, [(0, 0, "negative")])


def test_on_a_slow_link_the_buttons_wait_for_the_picture(page, volunteer, scene):
    held = []
    page.route("**/pixel-tiles/**", lambda route: held.append(route))
    log_in(page, volunteer)
    page.goto(f"{EXPLORE}?scene={scene.pk}")
    expect(page.locator("#coverage")).to_have_text("0 of 4 places in this scene")
    page.wait_for_timeout(600)
    expect(page.locator("[data-answer=positive]")).to_be_disabled()
    for route in held:
        route.continue_()
    page.unroute("**/pixel-tiles/**")
    expect(page.locator("[data-answer=positive]")).to_be_enabled()
    expect(page.locator("#looking")).to_be_hidden()


def test_a_double_tap_answers_once(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    page.locator("[data-answer=negative]").dblclick()
    wait_for_tags(page, [(0, 0, "negative")])
    page.wait_for_timeout(600)
    assert answers() == [(0, 0, "negative")]


def test_undo_restores_an_answer_that_the_page_had_not_heard_of(page, volunteer, scene, question):
    """Reported: the earlier answer was overwritten, and Undo then deleted it."""
    log_in(page, volunteer)
    open_tagging(page)
    record_tag(
        tagger=volunteer, question=question, scene=scene, x_px=0, y_px=0, size_px=300, answer="positive"
    )  # on another device
    press(page, "2")
    wait_for_tags(page, [(0, 0, "negative")])
    page.keyboard.press("z")
    wait_for_tags(page, [(0, 0, "positive")])
    expect(toast(page)).to_contain_text("Taken back")


def test_an_answer_whose_receipt_was_lost_counts_once_and_is_undone_to_what_was_before(
    open_page, volunteer, scene, question
):
    page = open_page(ignoring="ERR_FAILED")
    record_tag(
        tagger=volunteer, question=question, scene=scene, x_px=300, y_px=0, size_px=300, answer="positive"
    )
    log_in(page, volunteer)
    open_tagging(page)

    def lose_receipt(route):
        if route.request.method == "POST":
            route.fetch()
            return route.abort()
        return route.continue_()

    page.route("**/api/v1/tags/", lose_receipt)
    press(page, "Shift+ArrowRight")
    press(page, "2")
    wait_for_tags(page, [(300, 0, "negative")])
    expect(page.locator("#waiting")).to_have_text("1 waiting")
    page.unroute("**/api/v1/tags/")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#waiting")).to_be_hidden()
    page.keyboard.press("z")
    wait_for_tags(page, [(300, 0, "positive")])


def test_answers_wait_without_network_and_are_sent_when_it_is_back(open_page, volunteer, scene):
    page = open_page(ignoring="ERR_INTERNET_DISCONNECTED")
    log_in(page, volunteer)
    open_tagging(page)
    page.context.set_offline(True)
    press(page, "1", "2")
    expect(page.locator("#waiting")).to_have_text("2 waiting")
    assert answers() == []
    page.context.set_offline(False)
    wait_for_tags(page, [(0, 0, "positive"), (300, 0, "negative")])
    expect(page.locator("#waiting")).to_be_hidden()


def test_somebody_logged_out_loses_no_answer(open_page, volunteer, scene):
    page = open_page(ignoring="401")
    log_in(page, volunteer)
    open_tagging(page)
    page.context.clear_cookies()
    page.keyboard.press("1")
    expect(page.locator("#waiting")).to_have_text("1 waiting")
    toast(page).get_by_role("button", name="Log in").click()
    page.fill("[name=username]", volunteer.username)
    page.fill("[name=password]", PASSWORD)
    page.click("form.card button")
    wait_for_tags(page, [(0, 0, "positive")])


def test_a_scene_that_is_done_says_so(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    press(page, *"1231")
    expect(toast(page)).to_contain_text("through this whole scene")
    expect(page.locator("#coverage")).to_have_text("4 of 4 places in this scene")


def test_what_one_tagged_before_is_not_asked_again(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    page.keyboard.press("1")
    wait_for_tags(page, [(0, 0, "positive")])
    page.reload()
    expect(page.locator("#coverage")).to_have_text("1 of 4 places in this scene")
    press(page, "2")
    wait_for_tags(page, [(0, 0, "positive"), (300, 0, "negative")])


def test_the_model_is_asked_after_answering_only(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "model-answer" in request.url else None)
    page.keyboard.press("m")
    expect(page.locator("#model")).to_contain_text("Answer a square first")
    assert asked == []


def test_without_a_model_the_page_says_so(open_page, volunteer, scene):
    page = open_page(ignoring="409")
    log_in(page, volunteer)
    open_tagging(page)
    page.keyboard.press("1")
    page.keyboard.press("m")
    expect(page.locator("#model")).to_contain_text("There is no model yet")


def test_the_models_words_about_the_last_answer_are_shown_until_the_square_moves(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    answer = {"is_positive": True, "model_run": 1, "label": "Damage"}
    page.route("**/model-answer/", lambda route: route.fulfill(json=answer))
    page.keyboard.press("2")
    with page.expect_request("**/model-answer/") as asked:
        page.get_by_role("button", name="Ask the model").click()
    assert (asked.value.post_data_json["x_px"], asked.value.post_data_json["y_px"]) == (0, 0)
    expect(page.locator("#model")).to_contain_text("Your last answer: No damage. The model says: Damage.")
    expect(page.locator("#model meter")).to_have_count(0)
    page.locator("#scene-map").press("ArrowRight")
    expect(page.locator("#model")).to_be_hidden()


def test_who_may_see_predictions_sees_the_score(page, analyst, scene):
    log_in(page, analyst)
    open_tagging(page)
    answer = {"score": 0.934, "is_positive": True, "threshold": 0.8, "model_run": 1, "label": "Damage"}
    page.route("**/model-answer/", lambda route: route.fulfill(json=answer))
    page.keyboard.press("2")
    page.keyboard.press("m")
    expect(page.locator("#model")).to_contain_text("The model says: Damage (score 0.93)")
    expect(page.locator("#model meter")).to_be_visible()


def test_one_answer_that_cannot_be_stored_holds_up_no_other_and_is_shown(open_page, volunteer, scene):
    page = open_page(ignoring="500")
    log_in(page, volunteer)
    open_tagging(page)

    def break_first_square(route):
        is_first = route.request.method == "POST" and route.request.post_data_json["x_px"] == 0
        route.fulfill(status=500, body="") if is_first else route.continue_()

    page.route("**/api/v1/tags/", break_first_square)
    press(page, *"123")  # (0, 0), (300, 0), (300, 300)
    wait_for_tags(page, [(300, 0, "negative"), (300, 300, "unsure")])
    expect(page.locator("#waiting")).to_have_text("1 waiting")
    expect(page.locator("#kept-count")).to_have_text("1 answer is not stored")
    page.reload()
    page.locator("#kept-count").click()
    expect(page.locator("#kept-list")).to_contain_text("Altamira · street.jpg")
    expect(page.locator("#kept-list")).to_contain_text("tried again by itself")
    page.unroute("**/api/v1/tags/")
    page.get_by_role("button", name="Send again").click()
    wait_for_tags(page, [(300, 0, "negative"), (300, 300, "unsure"), (0, 0, "positive")])
    expect(page.locator("#kept")).to_be_hidden()


def test_a_refused_answer_is_shown_with_the_reason_until_its_author_discards_it(
    open_page, volunteer, site_admin, scene
):
    page = open_page(ignoring="status of 4")
    log_in(page, volunteer)
    open_tagging(page)
    quarantine_scene(scene, by=site_admin, reason="blurred")
    page.keyboard.press("1")
    expect(toast(page)).to_contain_text("street.jpg was taken out of use by an admin")
    expect(page.locator("#coverage")).to_have_text("0 of 4 places in this scene")
    release_scene(scene, by=site_admin)
    page.reload()
    expect(page.locator("#kept-count")).to_have_text("1 answer is not stored")
    page.locator("#kept-count").click()
    expect(page.locator("#kept-list")).to_contain_text("taken out of use")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Show the place").click()
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("#kept")).to_be_hidden()
    page.reload()
    expect(page.locator("#coverage")).to_have_text("0 of 4 places in this scene")
    expect(page.locator("#kept")).to_be_hidden()


def test_a_device_without_room_says_so(page, volunteer, scene):
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }"
    )
    log_in(page, volunteer)
    open_tagging(page)
    page.route("**/api/v1/tags/", lambda route: None if route.request.method == "POST" else route.continue_())
    page.keyboard.press("1")
    expect(page.locator("#unkept")).to_contain_text("no room")
    page.unroute_all(behavior="ignoreErrors")


def test_another_scene_is_chosen_by_event_and_town(page, volunteer, scene):
    log_in(page, volunteer)
    open_tagging(page)
    page.locator("#scene-choose").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Event")).to_have_value(str(scene.town.event_id))
    expect(dialog.get_by_label("Scene")).to_have_value(str(scene.pk))
    dialog.get_by_role("button", name="Show it").click()
    expect(dialog).to_be_hidden()


def test_without_scenes_the_page_says_what_to_wait_for(page, volunteer, question):
    log_in(page, volunteer)
    page.goto(EXPLORE)
    expect(page.locator("#state")).to_contain_text("No scenes yet")


def test_it_speaks_spanish(open_page, volunteer, scene):
    page = open_page(locale="es-MX")
    log_in(page, volunteer)
    open_tagging(page)
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator("#question-text")).to_have_text("¿Hay daños por el sismo?")
    expect(page.locator("[data-answer=positive]")).to_contain_text(re.compile("Daño"))


def test_anonymous_visitors_are_sent_to_log_in(page, question):
    page.goto(EXPLORE)
    expect(page).to_have_url(re.compile(r"/login/\?next=/tag/explore/"))
