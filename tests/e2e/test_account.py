"""One's own account on a small phone: too many wrong passwords, a new token, a new password."""

from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD, log_in_by_hand

SMALL = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def is_as_wide_as_the_screen(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_token_is_shown_once_and_can_be_revoked(open_page, volunteer):
    page = open_page(**SMALL)
    log_in_by_hand(page, volunteer)
    page.click(".menu summary")
    page.click("text=API tokens")
    page.fill("[name=name]", "notebook of the town hall with a long name")
    page.click("form.own-token button")
    expect(page.locator(".new-token")).to_contain_text("damage_")
    assert is_as_wide_as_the_screen(page)
    page.goto("/account/tokens/")
    expect(page.locator(".new-token")).to_have_count(0)
    page.click(".tokens button")
    expect(page.locator(".tokens")).to_have_count(0)


def test_a_volunteer_changes_the_password_and_stays_logged_in(open_page, volunteer):
    page = open_page(**SMALL)
    log_in_by_hand(page, volunteer)
    page.goto("/account/password/")
    assert is_as_wide_as_the_screen(page)
    for name, value in (
        ("old_password", PASSWORD),
        ("new_password1", "field-7-work"),
        ("new_password2", "field-7-work"),
    ):
        page.fill(f"[name={name}]", value)
    page.click("form.card button")
    expect(page.locator(".notice.success")).to_contain_text("changed")
    expect(page.locator(".site-nav")).to_be_visible()


def test_who_must_wait_reads_how_long(open_page, volunteer):
    page = open_page(ignoring="429", **SMALL)
    page.goto("/login/")
    for _attempt in range(6):
        page.fill("[name=username]", volunteer.username)
        page.fill("[name=password]", "wrong")
        page.click("form.card button")
        expect(page.locator(".notice.error")).to_be_visible()
    expect(page.locator(".notice.error")).to_contain_text("Wait 1 min")
    assert is_as_wide_as_the_screen(page)
