"""An admin invites; somebody on a small phone, in Spanish, types a name and tags; a closed link says so kindly."""

import os
import time

from playwright.sync_api import expect

from damage.accounts.models import Role, User
from tagging.models import Tag
from tests.e2e.conftest import log_in

SMALL = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "locale": "es-MX",
    "color_scheme": "dark",
}
PICTURES = os.environ.get("PICTURES")  # a folder, for whoever wants to look


def picture(page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def is_as_wide_as_the_screen(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def invite(page, **chosen: str) -> str:
    """Make an invitation on the admin's page, and return its link's path."""
    page.goto("/invitations/")
    for name, value in chosen.items():
        page.fill(f"[name={name}]", value)
    picture(page, "invitations")
    page.click("text=Make an invitation")
    link = page.locator(".poster .new-token").inner_text()
    expect(page.locator(".qr svg")).to_be_visible()
    picture(page, "poster")
    return link[link.index("/join/") :]


def test_somebody_scans_a_code_types_a_name_and_tags(page, open_page, site_admin, scene):
    log_in(page, site_admin)
    link = invite(page, note="Cruz Roja")

    phone = open_page(**SMALL)
    started = time.monotonic()
    phone.goto(link)
    assert is_as_wide_as_the_screen(phone)
    picture(phone, "join-es")
    phone.fill("[name=name]", "Lucía")
    phone.tap("button.big")
    phone.wait_for_url("**/tag/")
    expect(phone.locator("[data-answer=positive]")).to_be_enabled()
    picture(phone, "tag-es")
    phone.tap("[data-answer=positive]")
    while not Tag.objects.exists() and time.monotonic() - started < 30:
        phone.wait_for_timeout(50)
    guest = User.objects.get(role=Role.GUEST)
    assert [tag.tagger for tag in Tag.objects.all()] == [guest]
    assert guest.first_name == "Lucía"

    phone.tap(".menu summary")
    picture(phone, "menu-es")
    phone.tap("text=Conservar mi historial")
    phone.wait_for_url("**/account/keep/")
    assert is_as_wide_as_the_screen(phone)
    picture(phone, "keep-es")
    for name, value in {
        "username": "lucia",
        "new_password1": "trabajo-7-campo",
        "new_password2": "trabajo-7-campo",
    }.items():
        phone.fill(f"[name={name}]", value)
    phone.tap("form.card button")
    expect(phone.locator(".notice.success")).to_be_visible()

    page.goto("/invitations/")
    expect(page.locator(".tokens li")).to_contain_text("Joined: 1 of 100")
    picture(page, "invitations-used")


def test_a_closed_link_says_so_kindly(page, open_page, site_admin, event):
    log_in(page, site_admin)
    link = invite(page)
    page.goto("/invitations/")
    page.click(".tokens button")
    expect(page.locator(".notice.success")).to_contain_text("revoked")

    phone = open_page(ignoring="410", **SMALL)
    phone.goto(link)
    expect(phone.locator("h1")).to_have_text("Esta invitación está cerrada")
    assert is_as_wide_as_the_screen(phone)
    picture(phone, "closed-es")
    expect(phone.locator("[name=name]")).to_have_count(0)


def test_a_double_tap_makes_one_account(open_page, page, site_admin, scene):
    log_in(page, site_admin)
    link = invite(page)
    phone = open_page(**SMALL)
    phone.goto(link)
    phone.fill("[name=name]", "Lucía")
    phone.locator("button.big").dblclick()
    phone.wait_for_url("**/tag/")
    assert User.objects.filter(role=Role.GUEST).count() == 1
