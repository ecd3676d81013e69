"""The page of recent tags: look, filter, change, delete, undo."""

import re

import pytest
from playwright.sync_api import Page, expect

from tagging.models import Tag
from tagging.services import record_tag
from tests.e2e.conftest import log_in


@pytest.fixture
def tag(scene, question, volunteer):
    """Tag the n-th place of the scene, as the volunteer unless told otherwise."""

    def record(n: int, answer: str, by=volunteer) -> Tag:
        return record_tag(
            tagger=by, question=question, scene=scene, x_px=n, y_px=0, size_px=300, answer=answer
        )

    return record


def cards(page: Page):
    return page.locator(".tag-card")


def open_tags(page: Page, count: int) -> None:
    page.goto("/tags/")
    expect(cards(page)).to_have_count(count)


def test_one_sees_ones_own_tags_with_pictures_newest_first(page, volunteer, other_volunteer, tag):
    tag(0, "positive")
    tag(1, "unsure")
    tag(2, "negative", by=other_volunteer)
    log_in(page, volunteer)
    open_tags(page, 2)
    expect(page.locator(".tag-answer").first).to_have_value("unsure")
    picture = cards(page).first.locator("img")
    page.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())
    expect(page.get_by_label("Whose")).to_have_count(0)


def test_changing_an_answer_and_changing_ones_mind(page, volunteer, tag):
    tag(0, "positive")
    log_in(page, volunteer)
    open_tags(page, 1)
    page.locator(".tag-answer").select_option("negative")
    expect(page.locator("#toast")).to_contain_text("Changed to No damage")
    assert Tag.objects.get().answer == "negative"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#toast")).to_contain_text("Changed to Damage")
    assert Tag.objects.get().answer == "positive"


def test_deleting_a_tag_and_getting_it_back(page, volunteer, tag):
    tag(0, "positive")
    tag(1, "unsure")
    log_in(page, volunteer)
    open_tags(page, 2)
    cards(page).first.get_by_role("button", name="Delete").click()
    expect(cards(page)).to_have_count(1)
    assert Tag.objects.get().answer == "positive"
    page.get_by_role("button", name="Undo").click()
    expect(cards(page)).to_have_count(2)
    assert set(Tag.objects.values_list("answer", flat=True)) == {"positive", "unsure"}


def test_a_list_is_filtered_and_remembers_it(page, volunteer, tag):
    tag(0, "positive")
    tag(1, "unsure")
    log_in(page, volunteer)
    open_tags(page, 2)
    page.locator("#filters [name=answer]").select_option("unsure")
    expect(cards(page)).to_have_count(1)
    page.reload()
    expect(cards(page)).to_have_count(1)
    page.locator("#filters [name=answer]").select_option("negative")
    expect(page.locator("#state")).to_contain_text("Nothing like this")


def test_long_lists_come_in_pages(page, volunteer, tag):
    for n in range(25):
        tag(n, "negative")
    log_in(page, volunteer)
    open_tags(page, 24)
    expect(page.locator("#summary")).to_have_text("1 to 24 of 25")
    page.get_by_role("button", name="Older").click()
    expect(cards(page)).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?page=2$"))


def test_a_verifier_looks_at_everybodys_and_changes_nothing(page, verifier, tag):
    tag(0, "positive")
    log_in(page, verifier)
    page.goto("/tags/")
    expect(page.locator("#state")).to_contain_text("No tags yet")
    page.get_by_label("Whose").select_option("everybody")
    expect(cards(page)).to_have_count(1)
    expect(cards(page)).to_contain_text("rosa")
    expect(page.locator(".tag-answer")).to_be_hidden()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)


def test_an_admin_deletes_anybodys_after_being_asked(page, site_admin, tag):
    tag(0, "positive")
    log_in(page, site_admin)
    page.goto("/tags/?whose=everybody")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#state")).to_be_visible()
    assert not Tag.objects.exists()


def test_a_phone_shows_the_list_without_scrolling_sideways(phone, volunteer, tag):
    tag(0, "positive")
    log_in(phone, volunteer)
    open_tags(phone, 1)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
