"""One's own account on a small phone: too many wrong passwords, a new token, a new password."""

from playwright.sync_api import expect

from damage.accounts.models import LoginAttempt, Role, User
from damage.ingestion.joining.services import make_invitation
from tests.e2e.conftest import PASSWORD, log_in_by_hand
from tests.e2e.test_invitations import picture

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


def with_a_device_that_has_passkeys(page) -> None:
    """Chromium's own authenticator in place of a finger or a PIN, which says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_a_guest_makes_a_passkey_logs_out_and_comes_back_by_it(open_page, live_server, event):
    _invitation, secret = make_invitation(event, by=None)
    page = open_page(**SMALL)
    with_a_device_that_has_passkeys(page)
    page.goto(f"/join/{secret}/")
    page.fill("[name=name]", "Lucía")
    page.tap("button.big")
    page.wait_for_url("**/tag/")
    guest = User.objects.get(role=Role.GUEST)
    page.goto("/account/passkeys/")
    assert is_as_wide_as_the_screen(page)
    page.fill("[name=name]", "phone")
    page.tap("[data-new-passkey] button")
    expect(page.locator(".notice.success")).to_be_visible()
    expect(page.locator(".tokens li")).to_contain_text("phone")
    picture(page, "passkeys")
    page.goto("/account/keep/")
    with page.expect_navigation():
        page.tap("#leave ~ form button")
    page.goto("/login/?next=/account/passkeys/")
    picture(page, "login-passkey")
    page.tap("[data-passkey-login] button")
    page.wait_for_url("**/account/passkeys/")
    expect(page.locator(".tokens li")).to_contain_text("phone")
    attempt = LoginAttempt.objects.latest("pk")
    assert (attempt.door, attempt.outcome, attempt.person) == ("passkey", "succeeded", guest)


def test_who_has_a_password_types_it_before_a_passkey_is_made(open_page, volunteer):
    page = open_page(ignoring="400", **SMALL)
    with_a_device_that_has_passkeys(page)
    log_in_by_hand(page, volunteer)
    page.goto("/account/passkeys/")
    page.fill("[name=password]", "wrong")
    page.tap("[data-new-passkey] button")
    expect(page.locator(".notice.error:visible")).to_contain_text("not your password")
    page.fill("[name=password]", PASSWORD)
    page.tap("[data-new-passkey] button")
    expect(page.locator(".notice.success")).to_be_visible()
    page.tap(".tokens button")
    expect(page.locator(".tokens li")).to_have_count(0)
