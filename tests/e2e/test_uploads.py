"""Sending imagery: states of each file, pausing, going on after the page was closed."""

from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from damage.ingestion.models import Scene
from damage.ingestion.uploads import services
from damage.ingestion.uploads.checking import check_upload
from damage.ingestion.uploads.models import Upload
from tests.e2e.conftest import log_in

MIB = 2**20


@pytest.fixture
def card(tmp_path):
    """A camera's card: two photos, one broken, one raw, a film; and one photo of many megabytes."""
    folder = tmp_path / "DCIM" / "100MEDIA"
    folder.mkdir(parents=True)
    random = np.random.default_rng(1)
    for name in ("DJI_0001.JPG", "DJI_0002.JPG"):
        Image.fromarray(random.integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(folder / name)
    (folder / "DJI_0003.JPG").write_bytes((folder / "DJI_0001.JPG").read_bytes()[:-400])
    (folder / "DJI_0001.DNG").write_bytes(b"II*\0")
    (folder / "DJI_0004.MP4").write_bytes(b"film")
    (folder / "._DJI_0001.JPG").write_bytes(b"macOS")
    return folder


@pytest.fixture
def large(tmp_path):
    pixels = np.random.default_rng(2).integers(0, 255, (2400, 2400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "large.png", compress_level=0)
    return tmp_path / "large.png"


def open_page_of(page, person):
    log_in(page, person)
    page.goto("/upload/")
    page.fill("#event", "Oaxaca 2017")
    page.fill("#town", "Juchitán")
    page.select_option("#role", "before")
    page.fill("#taken", "2017-09-01")


def check_all():
    for upload in Upload.objects.filter(state="received"):
        check_upload(upload.pk)


def file_row(page, name):
    return page.locator(".file", has_text=name)


def received(page, count):
    expect(page.locator(".file[data-state=checking]")).to_have_count(count)


def test_a_card_is_sent_and_each_file_says_what_became_of_it(page, site_admin, card):
    open_page_of(page, site_admin)
    page.set_input_files("#pick-files", sorted(card.iterdir()))
    expect(page.locator("#chosen")).to_contain_text("3 files will be sent. 1 other file is no image (.mp4).")
    received(page, 3)
    check_all()
    expect(page.locator(".file[data-state=added]")).to_have_count(2)
    refused = file_row(page, "DJI_0003.JPG")
    expect(refused).to_contain_text("refused")
    expect(refused.locator(".file-reason")).to_contain_text("truncated or damaged")
    expect(file_row(page, "DJI_0001.DNG")).to_contain_text("left out")
    assert set(Scene.objects.values_list("name", "town__name")) == {
        ("DJI_0001.JPG", "Juchitán"), ("DJI_0002.JPG", "Juchitán"),
    }  # fmt: skip
    scenes = Scene.objects.values_list("role", "captured_at", "captured_from")
    assert set(scenes) == {("before", datetime(2017, 9, 1, tzinfo=UTC), "person")}
    page.get_by_role("button", name="refused 1").click()
    expect(page.locator(".file")).to_have_count(1)
    page.get_by_role("button", name="Remove DJI_0003.JPG").click()
    expect(page.locator(".file")).to_have_count(0)
    page.wait_for_function("() => true")
    assert not page.get_by_role("button", name="refused 1").count()


def test_a_file_is_paused_and_gone_on_with_after_the_page_was_closed(page, site_admin, large, monkeypatch):
    open_page_of(page, site_admin)
    page.route("**/api/v1/uploads/*/", lambda route: stop_after_first(route))
    patched = []

    def stop_after_first(route):
        if route.request.method == "PATCH":
            patched.append(route.request.headers.get("upload-checksum", ""))
            if len(patched) > 1:
                return  # the network hangs
        route.continue_()

    page.set_input_files("#pick-files", large)
    row = file_row(page, "large.png")
    expect(row).to_contain_text("sending")
    page.wait_for_function("() => document.querySelector('.file-state').textContent.includes('%')")
    while len(patched) < 2:
        page.wait_for_timeout(50)
    page.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("paused")
    assert patched[0].startswith("sha256 ")
    page.unroute("**/api/v1/uploads/*/")
    page.reload()
    expect(row).to_contain_text("Choose the file again to go on.")
    page.fill("#event", "Oaxaca 2017")
    page.fill("#town", "Juchitán")
    asked = []
    page.on("request", lambda request: asked.append((request.method, request.headers.get("upload-offset"))))
    page.set_input_files("#pick-files", large)
    received(page, 1)
    offsets = [int(offset) for method, offset in asked if method == "PATCH"]
    assert offsets[0] == 4 * MIB
    assert "POST" not in [method for method, _ in asked]
    check_all()
    expect(row).to_contain_text("added")
    assert Scene.objects.get().path.read_bytes() == large.read_bytes()
    page.set_input_files("#pick-files", large)
    expect(page.locator("#chosen")).to_contain_text("1 is on the list already.")


def test_a_disk_without_room_pauses_and_says_why(open_page, site_admin, card, monkeypatch):
    page = open_page(ignoring="507")
    monkeypatch.setattr(services, "SPARE_BYTES", 10**15)
    open_page_of(page, site_admin)
    page.set_input_files("#pick-files", card / "DJI_0001.JPG")
    expect(page.locator("#notice")).to_contain_text("The disk has no room")
    expect(file_row(page, "DJI_0001.JPG")).to_contain_text("paused")
    monkeypatch.undo()
    page.get_by_role("button", name="Go on").click()
    received(page, 1)


def test_a_phone_shows_the_page_without_scrolling_sideways(phone, site_admin, card):
    open_page_of(phone, site_admin)
    phone.set_input_files("#pick-files", card / "DJI_0001.JPG")
    received(phone, 1)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
