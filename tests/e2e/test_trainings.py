"""The list of models: work tells how far it is in its place, and nothing is taken from who reads."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.e2e.conftest import log_in
from training.models import ModelRun

REASON = (
    "ValueError: a file named_"
    + "0123456789" * 12
    + " cannot be opened. "
    + "It is not what was stored. " * 20
)


@pytest.fixture
def working(question):
    """A training at work, below one that failed at length."""
    alive = timezone.now() + timezone.timedelta(hours=1)  # however slow the machine is
    run = ModelRun.objects.create(
        question=question, backbone="tiny", status="running", claim="x", step="features",
        units_done=3, units_total=9, heartbeat_at=alive, started_at=timezone.now(),
    )  # fmt: skip
    ModelRun.objects.create(question=question, backbone="tiny", status="failed", error=REASON)
    return run


def test_progress_is_told_in_place_and_an_open_reason_stays_open(open_page, analyst, working):
    page = open_page(viewport={"width": 360, "height": 800})
    page.clock.install()
    log_in(page, analyst)
    page.goto("/training/")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    reason = page.locator("details.reason")
    assert reason.bounding_box()["height"] < 80
    reason.locator("summary").click()
    assert reason.bounding_box()["height"] > 200
    page.evaluate("window.isTheSamePage = true")
    ModelRun.objects.filter(pk=working.pk).update(units_done=7)
    page.clock.fast_forward(6_000)
    expect(page.locator('[data-part="words"]')).to_contain_text("7 / 9")
    ModelRun.objects.filter(pk=working.pk).update(status="cancelled")
    page.clock.fast_forward(6_000)
    news = page.get_by_role("button", name="There is news")
    expect(news).to_be_visible()
    assert page.evaluate("window.isTheSamePage") is True
    news.click()
    expect(page.locator("[data-work]")).to_have_count(0)
    assert page.evaluate("window.isTheSamePage") is None


def test_a_page_that_nobody_touches_shows_the_end_by_itself(page, analyst, working):
    page.clock.install()
    log_in(page, analyst)
    page.goto("/training/")
    expect(page.locator("[data-work]")).to_have_count(1)
    ModelRun.objects.filter(pk=working.pk).update(status="cancelled")
    page.clock.fast_forward(6_000)
    expect(page.locator("[data-work]")).to_have_count(0)
