"""A browser before the running site. Without Chromium these tests are skipped, but in CI they fail."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image, ImageDraw
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from damage.accounts.models import User
from damage.ingestion.models import Scene
from damage.ingestion.services import ingest_photo

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PASSWORD = "practice-tags"
PATIENCE_MS = 15_000  # a busy machine is not a broken page

# Playwright runs an event loop in this thread, in which Django would refuse to ask the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # The site answers from another thread: it sees only what is committed.
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"CI installs Chromium, but it is not at {CHROMIUM}")
        pytest.skip(f"Chromium is not at {CHROMIUM}")
    if not (settings.BASE_DIR / "static" / "dist" / "tagging.js").exists():
        pytest.fail("The pages' JavaScript is not built: run `npm run build`.")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, live_server) -> Iterator[Callable[..., Page]]:
    """Open a page with the given browser settings. A console error, or a request elsewhere, fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    ignored: list[str] = []

    def note_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in ignored):
            complaints.append(message.text)

    def note_request(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:", "blob:")):
            complaints.append(f"request to {request.url}")

    def open_one(*, ignoring: str = "", **options: object) -> Page:
        if ignoring:
            ignored.append(ignoring)
        context = browser.new_context(base_url=live_server.url, **{"locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", note_console)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", note_request)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page) -> Page:
    return open_page(viewport={"width": 1280, "height": 800})


@pytest.fixture
def phone(open_page) -> Page:
    return open_page(**PHONE)


@pytest.fixture
def scene(event, town, question, tmp_path) -> Scene:
    """A photo of four cells, two by two."""
    question.crop_size_px = 300
    question.save()
    photo = Image.new("RGB", (600, 600), "#8a7f70")
    draw = ImageDraw.Draw(photo)
    for x in range(20, 600, 145):
        for y in range(20, 600, 145):
            draw.rectangle((x, y, x + 110, y + 100), fill="#b9553f", outline="#5d2b20", width=3)
    photo.save(tmp_path / "street.jpg", quality=90)
    return ingest_photo(tmp_path / "street.jpg", event=event.name, town=town.name).scene


def log_in(page: Page, user: User) -> None:
    """Give the page's browser a session of somebody's, as the log-in page would: two pages less for every test."""
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "domain": "localhost", "path": "/"}]
    )


def log_in_by_hand(page: Page, user: User) -> None:
    """Log in as one of the standing cast, whose password is known."""
    page.goto("/login/")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("form.card button")
    page.wait_for_url("**/")
