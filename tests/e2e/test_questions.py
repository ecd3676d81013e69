"""Admins write questions on a page; people answer them, whatever their answers are."""

import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tagging.models import Question, Tag
from tagging.services import record_tag
from tagging.starting_points import COPERNICUS, EMS_98
from tests.e2e.conftest import log_in

SMALL_PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}


def shot(page, name):
    """A picture to look at, where somebody asks for it: SHOTS=folder."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page="form" in name)


def in_spanish_and_dark(open_page):
    return open_page(**SMALL_PHONE, locale="es-VE", color_scheme="dark")


@pytest.fixture
def graded(scene):
    """Grades of damage beside the first question, which is closed."""
    Question.objects.update(is_open=False)
    return Question.objects.create(
        slug="grades",
        text=COPERNICUS["text"],
        text_es=COPERNICUS["text_es"],
        hint=COPERNICUS["hint"],
        hint_es=COPERNICUS["hint_es"],
        crop_size_px=300,
        answers=[
            {"key": key, "colour": colour, **answer}
            for (key, colour), answer in zip(
                {"none": 1, "possible": 2, "damaged": 0, "destroyed": 3}.items(),
                COPERNICUS["answers"],
                strict=True,
            )
        ],
    )


def wait_for_tags(page, answers):
    for _ in range(100):
        if list(Tag.objects.order_by("pk").values_list("answer", flat=True)) == answers:
            return
        page.wait_for_timeout(100)
    assert list(Tag.objects.order_by("pk").values_list("answer", flat=True)) == answers


def test_an_admin_makes_a_question_of_grades(page, site_admin, question):
    log_in(page, site_admin)
    page.goto("/questions/")
    shot(page, "list")
    page.get_by_role("link", name="New question").click()
    page.get_by_label("Start from").select_option(label="Grades of Copernicus")
    expect(page.locator("#preview-answers .answer")).to_have_count(5)
    page.locator(".answer-row").nth(1).get_by_label("English").fill("Perhaps damaged")
    expect(page.locator("#preview-answers .answer").nth(1)).to_contain_text("Perhaps damaged")
    page.get_by_role("button", name="Add an answer").click()
    page.keyboard.type("Rebuilt")
    expect(page.get_by_role("button", name="Add an answer")).to_be_disabled()
    page.locator(".answer-row").nth(4).get_by_label("Counts as").select_option("negative")
    page.locator(".answer-row").nth(4).get_by_role("button", name="Move up").click()
    shot(page, "form")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/questions/*/")
    expect(page.get_by_role("heading", name="Edit question")).to_be_visible()
    made = Question.objects.get(slug="how-damaged-is-the-building")
    assert [(one.text, one.counts_as.value) for one in made.choices] == [
        ("No visible damage", "negative"),
        ("Perhaps damaged", "neither"),
        ("Damaged", "positive"),
        ("Rebuilt", "negative"),
        ("Destroyed", "positive"),
    ]
    page.get_by_label("Size of a square in metres").fill("12.5")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saved")).to_contain_text("Saved.")
    made.refresh_from_db()
    assert made.crop_size_m == 12.5


def test_answers_that_people_gave_cannot_be_removed_on_the_page(page, site_admin, volunteer, graded, scene):
    place = {"x_px": 0, "y_px": 0, "size_px": 300}
    record_tag(tagger=volunteer, question=graded, scene=scene, answer="possible", **place)
    log_in(page, site_admin)
    page.goto(f"/questions/{graded.pk}/")
    for row in page.locator(".answer-row").all():
        expect(row.get_by_role("button", name="Remove")).to_be_disabled()
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator(".answer-row").nth(1).get_by_label("Counts as").select_option("positive")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saved")).to_contain_text("What answers count as has changed")
    graded.refresh_from_db()
    assert graded.keys_counting_as("positive") == ["possible", "damaged", "destroyed"]


def test_a_question_is_closed_from_the_list(page, site_admin, question):
    log_in(page, site_admin)
    page.goto("/questions/")
    page.get_by_role("button", name="Close: Is there earthquake damage?").click()
    expect(page.get_by_role("button", name="Open: Is there earthquake damage?")).to_be_visible()
    assert not Question.objects.get().is_open


def test_the_form_fits_a_small_phone_in_spanish(open_page, site_admin, graded):
    phone = in_spanish_and_dark(open_page)
    log_in(phone, site_admin)
    phone.goto(f"/questions/{graded.pk}/")
    expect(phone.locator("#preview-answers")).to_contain_text("Posiblemente dañado")
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    shot(phone, "form-phone")


@pytest.mark.parametrize("count", [4, 5])
def test_many_answers_are_all_within_reach_on_a_small_phone(count, open_page, volunteer, graded):
    if count == 5:
        answers = zip(EMS_98["answers"], range(5), strict=True)
        graded.answers = [{**one, "key": f"grade-{number}", "colour": number} for one, number in answers]
        graded.save()
    phone = in_spanish_and_dark(open_page)
    log_in(phone, volunteer)
    phone.goto("/tag/")
    expect(phone.locator(f"[data-answer='{graded.keys[0]}']")).to_be_enabled()
    shot(phone, f"quick-{count}")
    boxes = [phone.locator(f"[data-answer='{key}']").bounding_box() for key in graded.keys]
    assert len(boxes) == count + 1
    for box in boxes:
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert box["y"] + box["height"] <= 640
        assert box["height"] >= 48
    assert phone.locator("#frame").bounding_box()["width"] >= 280
    for key in graded.keys[:3]:
        expect(phone.locator(f"[data-answer='{key}']")).to_be_enabled()
        phone.locator(f"[data-answer='{key}']").tap()
        phone.wait_for_timeout(300)
    wait_for_tags(phone, graded.keys[:3])


def test_digits_answer_and_a_swipe_that_would_be_ambiguous_does_not(page, volunteer, graded):
    log_in(page, volunteer)
    page.goto("/tag/")
    expect(page.locator("[data-answer=destroyed]")).to_be_enabled()
    page.keyboard.press("ArrowRight")
    box = page.locator("#frame").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 150, middle[1], steps=3)
    page.mouse.up()
    page.keyboard.press("4")
    wait_for_tags(page, ["destroyed"])
    shot(page, "quick-wide")
    page.locator("summary", has_text="What counts").click()
    expect(page.locator("#what-counts")).to_contain_text(
        "Destroyed: all of it, or most of it, has collapsed."
    )


def test_grades_are_answered_and_shown_where_one_looks_around(page, volunteer, graded):
    log_in(page, volunteer)
    page.goto("/tag/explore/")
    for digit, key in [("3", "damaged"), ("5", "unsure")]:
        expect(page.locator(f"[data-answer={key}]")).to_be_enabled()
        page.keyboard.press(digit)
    wait_for_tags(page, ["damaged", "unsure"])
    shot(page, "explore")
    page.goto("/tags/")
    expect(page.locator(".tag-card")).to_have_count(2)
    page.get_by_label("Answer").first.select_option("damaged")
    expect(page.locator(".tag-card")).to_have_count(1)
    expect(page.locator(".tag-card")).to_have_class("tag-card tone-0")


def test_an_admin_adds_an_example_that_people_see_one_tap_away(
    open_page, site_admin, volunteer, graded, tmp_path
):
    Image.new("RGB", (900, 900), "#b9553f").save(tmp_path / "house.jpg")
    page = open_page(viewport={"width": 1280, "height": 800})
    log_in(page, site_admin)
    page.goto(f"/questions/{graded.pk}/")
    page.get_by_label("Add a picture: Destroyed").set_input_files(tmp_path / "house.jpg")
    expect(page.locator("#examples img")).to_have_js_property("naturalWidth", 640)
    shot(page, "form-examples")
    phone = in_spanish_and_dark(open_page)
    log_in(phone, volunteer)
    phone.goto("/tag/")
    phone.locator("summary", has_text="Qué cuenta").click()
    shown = phone.get_by_alt_text("Destruido")
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("naturalWidth", 640)
    shot(phone, "quick-examples")
    page.get_by_role("button", name="Add an answer").click()
    page.keyboard.type("Rebuilt")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Add a picture: Rebuilt")).to_be_attached()
    page.get_by_role("button", name="Remove this picture").click()
    expect(page.locator("#examples img")).to_have_count(0)


def test_what_is_no_picture_is_said_on_the_page(open_page, site_admin, graded, tmp_path):
    (tmp_path / "house.jpg").write_text("not a picture")
    page = open_page(viewport={"width": 1280, "height": 800}, ignoring="400 (Bad Request)")
    log_in(page, site_admin)
    page.goto(f"/questions/{graded.pk}/")
    page.get_by_label("Add a picture: Destroyed").set_input_files(tmp_path / "house.jpg")
    expect(page.locator("#example-problem")).to_contain_text("This is no JPEG and no PNG.")


@pytest.mark.parametrize("size", [(740, 360), (640, 400)])
def test_many_answers_stand_beside_the_picture_of_a_phone_on_its_side(size, open_page, volunteer, graded):
    page = open_page(viewport={"width": size[0], "height": size[1]})
    log_in(page, volunteer)
    page.goto("/tag/")
    expect(page.locator("[data-answer=destroyed]")).to_be_enabled()
    shot(page, f"quick-side-{size[0]}")
    for key in graded.keys:
        box = page.locator(f"[data-answer={key}]").bounding_box()
        assert box
        assert box["y"] + box["height"] <= size[1]
        assert box["x"] + box["width"] <= size[0]
        page.locator(f"[data-answer={key}]").click(trial=True)
