"""A file comes whole and of one version, or not at all, whatever the host does."""

import hashlib
import os
import shutil
import signal
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from multiprocessing import get_context
from types import SimpleNamespace

import httpx2
import pytest

from damage.errors import NotNow, Refused
from damage.ingestion.remote import fetching
from damage.ingestion.remote.addresses import RemoteFile
from damage.ingestion.remote.asking import FIRST_PAUSE_S, TRIES
from damage.ingestion.remote.fetching import Version, fetch_file, read_remote
from damage.ingestion.remote.hosts import open_client
from damage.ingestion.remote.parts import forget_old, part_folder
from tests.ingestion.remote.imagery_server import claim, cut_after, ranged, stall_after, status, swap

CONTENT = bytes(range(256)) * 400  # 102,400 bytes, each place unlike its neighbours
OTHER = CONTENT[::-1] + b"more"
ADDRESS = "https://imagery.example/a.tif"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "part").mkdir()
    return tmp_path / "part"


@pytest.fixture
def fetch(client, folder, naps):
    def fetch(known=None, **facts):
        return fetch_file(client, RemoteFile(ADDRESS, "a.tif", **facts), folder, known=known)

    return fetch


def test_a_file_comes_as_it_is_with_its_version(fetch, host):
    host.put("/a.tif", CONTENT, last_modified="Tue, 07 Feb 2023 10:00:00 GMT")
    fetched = fetch()
    assert fetched.path.read_bytes() == CONTENT
    assert fetched.path.name == "a.tif"
    assert fetched.version == Version('"v1"', "Tue, 07 Feb 2023 10:00:00 GMT", 102_400)
    (asked,) = host.asked
    assert (asked.range, asked.headers["Accept-Encoding"]) == ("", "identity")


def test_progress_is_told_in_bytes(client, folder, host):
    host.put("/a.tif", CONTENT)
    told = []
    fetch_file(
        client, RemoteFile(ADDRESS, "a.tif"), folder, told=lambda here, total: told.append((here, total))
    )
    assert told[-1] == (102_400, 102_400)
    assert sorted(told) == told


def test_a_broken_connection_is_taken_up_where_it_broke(fetch, host, naps):
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", cut_after(60_000), cut_after(20_000))
    assert fetch().path.read_bytes() == CONTENT
    assert [asked.range for asked in host.asked] == ["", "bytes=60000-", "bytes=80000-"]
    assert {asked.if_range for asked in host.asked[1:]} == {'"v1"'}
    assert naps == [FIRST_PAUSE_S, FIRST_PAUSE_S]  # each got further: none was in vain


def test_a_host_that_stalls_is_left_and_asked_again(fetch, host):
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", stall_after(50_000))
    assert fetch().path.read_bytes() == CONTENT
    assert host.asked[1].range == "bytes=50000-"


def test_a_host_that_stalls_for_ever_is_given_up_with_a_reason(fetch, host, monkeypatch):
    monkeypatch.setattr("damage.ingestion.remote.asking.TRIES", 2)
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", *[stall_after(0)] * 3)
    with pytest.raises(Refused, match=r"stopped sending\. Try again later"):
        fetch()


def test_a_host_that_drips_is_taken_for_one_that_stalls(fetch, host, monkeypatch):
    """A byte now and then keeps the line open for ever."""
    clock = iter(range(0, 100_000, 61))
    monkeypatch.setattr(fetching, "monotonic", lambda: next(clock))
    monkeypatch.setattr("damage.ingestion.remote.asking.TRIES", 1)
    host.put("/a.tif", b"drip")
    with pytest.raises(Refused, match="stopped sending"):
        fetch()


def test_a_host_that_breaks_off_at_the_same_place_each_time_is_given_up(fetch, host, naps):
    host.put("/a.tif", CONTENT, ranges=False)
    host.fail("/a.tif", *[cut_after(1000)] * 20)
    with pytest.raises(Refused, match="broke off"):
        fetch()
    assert len(host.asked) == TRIES == 6
    assert naps == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("how", [{"ranges": False}, {"etag": ""}, {"etag": 'W/"v1"'}])
def test_without_ranges_or_a_strong_etag_it_begins_anew(fetch, host, how):
    host.put("/a.tif", CONTENT, **how)
    host.fail("/a.tif", cut_after(60_000))
    assert fetch().path.read_bytes() == CONTENT


def test_only_a_strong_etag_is_gone_on_with(fetch, host):
    host.put("/a.tif", CONTENT, etag='W/"v1"')
    host.fail("/a.tif", cut_after(60_000))
    fetch()
    assert [asked.range for asked in host.asked] == ["", ""]


def test_a_file_that_changes_between_two_parts_is_fetched_anew(fetch, host):
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", cut_after(60_000), swap(OTHER, '"v2"'))
    fetched = fetch()
    assert fetched.path.read_bytes() == OTHER
    assert fetched.version.etag == '"v2"'


@pytest.mark.parametrize(
    "lie",
    [
        ranged("bytes 0-4/102400"),  # from elsewhere
        ranged("bytes 60000-102399/102399"),  # of another size
        ranged("bytes 60000-102399/102400", etag='"v2"'),  # of another version
        ranged("bytes sixty-all/many"),
        ranged(""),
        status(416),
        status(304),
    ],
)
def test_what_does_not_go_on_with_what_is_here_is_not_appended(fetch, host, lie):
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", cut_after(60_000), lie)
    assert fetch().path.read_bytes() == CONTENT


def test_a_later_call_goes_on_where_an_earlier_one_ended(client, fetch, host, monkeypatch):
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", cut_after(60_000), *[status(500)] * TRIES)
    with pytest.raises(Refused, match=r"too busy.*it goes on from there"):
        fetch()
    host.faults.clear()
    host.asked.clear()
    assert fetch().path.read_bytes() == CONTENT
    assert [asked.range for asked in host.asked] == ["bytes=60000-"]


def test_bytes_that_were_not_flushed_are_fetched_again(fetch, host, folder):
    """After a power cut a file may be longer than what the disk holds of it, the rest being zeros."""
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", cut_after(60_000), *[status(500)] * TRIES)
    with pytest.raises(Refused):
        fetch()
    with (folder / "content" / "a.tif").open("ab") as part:
        part.write(bytes(100_000))
    host.faults.clear()
    assert fetch().path.read_bytes() == CONTENT
    assert host.asked[-1].range == "bytes=60000-"


def test_what_a_killed_process_fetched_is_gone_on_with(host, wire, folder, fetch, monkeypatch):
    monkeypatch.setattr(fetching, "FLUSH_BYTES", 1000)
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", stall_after(60_000))

    def work():
        with open_client(["imagery.example"], resolve=lambda name: ["8.8.8.8"], inner=wire) as client:
            fetch_file(client, RemoteFile(ADDRESS, "a.tif"), folder)

    process = get_context("fork").Process(target=work)
    process.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and b'"flushed": 60000' not in noted(folder):
        time.sleep(0.01)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert fetch().path.read_bytes() == CONTENT
    assert host.asked[-1].range == "bytes=60000-"


def noted(folder):
    state = folder / "state.json"
    return state.read_bytes() if state.is_file() else b""


@pytest.mark.parametrize("state", [b"", b"{", b"[]", b'{"name": "a.tif", "etag": 5}', b"\xff\xfe", b"null"])
def test_a_note_that_cannot_be_read_costs_the_part_and_nothing_else(fetch, host, folder, state):
    host.put("/a.tif", CONTENT)
    (folder / "content").mkdir()
    (folder / "content" / "a.tif").write_bytes(b"wrong" * 100)
    (folder / "state.json").write_bytes(state)
    assert fetch().path.read_bytes() == CONTENT


def test_a_whole_file_that_is_here_is_not_fetched_again(fetch, host):
    """As after a full disk: the file was whole, and could not be taken in."""
    host.put("/a.tif", CONTENT)
    fetch()
    again = fetch()
    assert again.path.read_bytes() == CONTENT
    assert host.asked[-1].if_none_match == '"v1"'
    host.things["/a.tif"].content, host.things["/a.tif"].etag = OTHER, '"v2"'
    assert fetch().path.read_bytes() == OTHER


@pytest.mark.parametrize(
    "known",
    [Version('"v1"', "", 5), Version("", "Tue, 07 Feb 2023 10:00:00 GMT", 102_400)],
)
def test_a_version_that_is_known_is_not_fetched(fetch, host, known):
    host.put("/a.tif", CONTENT, etag=known.etag, last_modified=known.last_modified)
    assert fetch(known) is None


def test_nor_where_the_host_knows_no_conditions(fetch, host):
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", claim(102_400))
    assert fetch(Version('"v1"', "", 102_400)) is None


@pytest.mark.parametrize("known", [Version('"v0"', "", 102_400), Version("", "", 102_400), Version()])
def test_another_or_an_unknown_version_is_fetched(fetch, host, known):
    host.put("/a.tif", CONTENT, etag='"v1"' if known.etag else "")
    assert fetch(known).path.read_bytes() == CONTENT


# --- lies about length ----------------------------------------------------------------------------------------------


def test_a_host_that_promises_more_than_it_sends_is_given_up(fetch, host):
    host.put("/a.tif", CONTENT, ranges=False)
    host.fail("/a.tif", *[claim(200_000)] * 20)
    with pytest.raises(Refused, match="broke off"):
        fetch()


def test_a_host_that_promises_less_than_the_list_says_is_refused(fetch, host):
    """What came would end in the middle."""
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", claim(50_000))
    with pytest.raises(Refused, match=r"The list says 102400 bytes, the host 50000\. It changed"):
        fetch(size_bytes=102_400)


def test_without_a_length_the_list_s_counts(fetch, host):
    def chunked(handler, thing):
        handler.answer(200, {"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n0\r\n\r\n")

    host.put("/a.tif", b"hello", etag="")
    host.fail("/a.tif", chunked, *[chunked] * TRIES)
    assert fetch(size_bytes=5).path.read_bytes() == b"hello"
    with pytest.raises(Refused, match="sent 5 bytes instead of 6"):
        fetch(size_bytes=6)
    host.faults.clear()


def test_more_than_the_list_says_is_not_written_without_end(fetch, host, folder):
    def endless(handler, thing):
        body = b"".join(b"2710\r\n" + bytes(10_000) + b"\r\n" for _ in range(300)) + b"0\r\n\r\n"
        handler.answer(200, {"Transfer-Encoding": "chunked"}, body)

    host.put("/a.tif", b"")
    host.fail("/a.tif", *[endless] * (TRIES + 1))
    with pytest.raises(Refused, match=r"instead of 1000\b"):
        fetch(size_bytes=1000)
    assert (folder / "content" / "a.tif").stat().st_size < 1_000_000


def test_a_connection_that_ends_without_a_length_is_measured_by_the_list(fetch, host):
    def until_closed(handler, thing):
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + CONTENT[:500])

    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", until_closed)
    assert fetch(size_bytes=102_400).path.read_bytes() == CONTENT


def test_a_digest_that_the_list_tells_is_checked(fetch, host, folder):
    host.put("/a.tif", CONTENT)
    right = hashlib.sha256(CONTENT).hexdigest()
    assert fetch(digest=f"sha256:{right}").path.read_bytes() == CONTENT
    with pytest.raises(Refused, match=f"its digest is sha256:{right}"):
        fetch(digest=f"sha256:{'0' * 64}")
    assert (folder / "content" / "a.tif").stat().st_size == 0
    assert fetch(digest=f"md5:{hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}")


def test_a_packed_answer_is_refused_unread(fetch, host):
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", lambda handler, thing: handler.answer(200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"))
    with pytest.raises(Refused, match="packs the file"):
        fetch()


def test_a_disk_without_room_is_said_before_a_byte_is_written(fetch, host, monkeypatch, folder):
    """102,400 bytes, the copy and the view of as many each, and half a gigabyte to spare."""
    host.put("/a.tif", CONTENT)
    free = 500_000_000 + 3 * 102_400
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free - 1))
    with pytest.raises(NotNow, match=r"needs 0\.5 GB on the disk"):
        fetch()
    assert (folder / "content" / "a.tif").stat().st_size == 0
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    assert fetch().path.read_bytes() == CONTENT


# --- statuses -------------------------------------------------------------------------------------------------------


def test_a_busy_host_is_asked_again_with_growing_pauses(fetch, host, naps):
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", status(500), status(503), status(429), status(502))
    assert fetch().path.read_bytes() == CONTENT
    assert naps == [1, 2, 4, 8]


def test_a_host_that_says_when_is_asked_then(fetch, host, naps):
    host.put("/a.tif", CONTENT)
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    host.fail(
        "/a.tif", status(429, Retry_After="7"), status(503, Retry_After=moment), status(429, Retry_After="x")
    )
    fetch()
    assert naps[0] == 7
    assert 90 < naps[1] <= 100
    assert naps[2] == 4


def test_a_host_that_asks_for_too_long_is_left_to_the_next_call(fetch, host, naps):
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", status(429, Retry_After="3600"))
    with pytest.raises(Refused, match=r"wait 60 minutes\. Try again later"):
        fetch()
    assert naps == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (404, "nothing at this address"),
        (410, "nothing"),
        (403, "everybody"),
        (401, "everybody"),
        (418, "answers 418"),
        (204, "answers 204"),
    ],
)
def test_what_will_not_pass_is_refused_at_once(fetch, host, naps, code, words):
    host.put("/a.tif", CONTENT)
    host.fail("/a.tif", status(code))
    with pytest.raises(Refused, match=words):
        fetch()
    assert (naps, len(host.asked)) == ([], 1)


# --- redirects ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location", ["/b.tif", "https://imagery.example/b.tif", "b.tif", "//imagery.example/b.tif"]
)
def test_redirects_within_the_host_are_followed(fetch, host, location):
    host.put("/b.tif", CONTENT)
    host.fail("/a.tif", status(302, Location=location))
    assert fetch().path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/a.tif",
        "https://noaa-eri-pds.s3.amazonaws.com/a.tif",  # allowed, and yet another host than was asked for
        "http://imagery.example/b.tif",
        "https://imagery.example:8443/b.tif",
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "file:///etc/passwd",
        "https://imagery.example@evil.example/",
        "https://[",
        "",
    ],
)
def test_redirects_elsewhere_are_not(fetch, host, wire, location):
    host.put("/b.tif", CONTENT)
    host.fail("/a.tif", status(302, Location=location), status(302, Location=location))
    with pytest.raises(Refused):
        fetch()
    assert [asked.path for asked in host.asked] == ["/a.tif"]


def test_redirects_in_a_circle_end(fetch, host):
    host.fail("/a.tif", *[status(301, Location="/a.tif")] * 10)
    with pytest.raises(Refused, match="without end"):
        fetch()
    assert len(host.asked) == 4


# --- lists, and folders of parts ------------------------------------------------------------------------------------


def test_a_list_is_read_whole_and_no_larger_than_lists_are(client, host, naps, monkeypatch):
    host.put("/list.txt", b"x" * 1000)
    host.fail("/list.txt", status(500), cut_after(10))
    assert read_remote(client, "https://imagery.example/list.txt") == b"x" * 1000
    monkeypatch.setattr(fetching, "MOST_LISTING_BYTES", 999)
    with pytest.raises(Refused, match="The list is larger"):
        read_remote(client, "https://imagery.example/list.txt")


def test_a_file_is_fetched_by_one_process_at_a_time(tmp_path):
    with (
        part_folder(tmp_path, ADDRESS),
        pytest.raises(Refused, match="Another process"),
        part_folder(tmp_path, ADDRESS),
    ):
        pass


def test_parts_that_nobody_went_on_with_are_removed(tmp_path, monkeypatch):
    day = 24 * 60 * 60
    for name, age in (("old", 15 * day), ("new", 13 * day)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    forget_old(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_host_that_cannot_be_reached_is_given_up_with_a_reason(folder, naps):
    def dead(request):
        raise httpx2.ConnectError("Connection refused")

    client = open_client(
        ["imagery.example"], resolve=lambda name: ["8.8.8.8"], inner=httpx2.MockTransport(dead)
    )
    with client, pytest.raises(Refused, match=r"cannot be reached \(Connection refused\)"):
        fetch_file(client, RemoteFile(ADDRESS, "a.tif"), folder)
