"""The server against the specification: https://tus.io/protocols/resumable-upload, version 1.0.0."""

import base64
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from damage.accounts.models import Role
from damage.accounts.services import create_account
from damage.ingestion.uploads import services
from damage.ingestion.uploads.models import Upload
from damage.ingestion.uploads.partial_files import held, uploads_place
from tests.ingestion.uploads_client import PART, PLACE, UPLOADS, Tus, checksum, metadata

pytestmark = pytest.mark.django_db
TEN = b"0123456789"


@pytest.fixture
def tus(site_admin) -> Tus:
    return Tus(site_admin)


def stored_bytes() -> list[bytes]:
    return [
        path.read_bytes() for path in uploads_place().rglob("*") if path.is_file() and path.name != "lock"
    ]


def test_the_server_tells_what_it_knows(tus):
    answer = tus.client.options(UPLOADS)
    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    assert set(answer["Tus-Extension"].split(",")) == {"creation", "termination", "checksum", "expiration"}
    assert "sha1" in answer["Tus-Checksum-Algorithm"].split(",")
    assert int(answer["Tus-Max-Size"]) > 10**10


def test_a_file_is_announced_sent_in_parts_and_asked_for(tus):
    address = tus.create(10)
    assert tus.offset(address) == 0
    answer = tus.patch(address, 0, TEN[:4])
    assert (answer.status_code, answer["Upload-Offset"], answer["Tus-Resumable"]) == (204, "4", "1.0.0")
    asked = tus.ask("HEAD", address)
    assert (asked.status_code, asked["Upload-Offset"], asked["Upload-Length"]) == (200, "4", "10")
    assert asked["Cache-Control"] == "no-store"
    assert stored_bytes() == [TEN[:4]]
    assert tus.patch(address, 4, TEN[4:])["Upload-Offset"] == "10"
    assert stored_bytes() == [TEN]
    assert tus.row(address)["state"] == "received"


@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
@pytest.mark.parametrize("version", ["0.2.2", "1.0.1", ""])
def test_another_version_is_412_and_told_which_is_spoken(tus, method, version):
    address = UPLOADS if method == "POST" else tus.create(10)
    answer = tus.ask(method, address, b"", PART, Tus_Resumable=version, Upload_Offset="0")
    assert answer.status_code == 412
    assert (answer["Tus-Version"], answer["Tus-Resumable"]) == ("1.0.0", "1.0.0")
    assert Upload.objects.count() == (method != "POST")


@pytest.mark.parametrize("kind", ["", "application/json", "application/octet-stream", "image/jpeg"])
def test_parts_have_a_type_of_their_own(tus, kind):
    address = tus.create(10)
    assert tus.ask("PATCH", address, TEN, kind, Upload_Offset="0").status_code == 415
    assert tus.offset(address) == 0


@pytest.mark.parametrize("offset", ["0", "3", "5", "10"])
def test_a_part_that_does_not_begin_at_the_end_is_409_and_changes_nothing(tus, offset):
    address = tus.create(10)
    tus.patch(address, 0, TEN[:4])
    answer = tus.ask("PATCH", address, TEN[:2], PART, Upload_Offset=offset)
    assert answer.status_code == 409
    assert stored_bytes() == [TEN[:4]]


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "x", "0x1", "²", "9" * 30])
def test_an_offset_that_is_no_number_is_400(tus, offset):
    address = tus.create(10)
    assert tus.ask("PATCH", address, TEN, PART, Upload_Offset=offset).status_code == 400


def test_bytes_beyond_the_length_are_413_and_none_is_kept(tus):
    address = tus.create(5)
    assert tus.patch(address, 0, TEN).status_code == 413
    assert tus.offset(address) == 0


def test_a_part_larger_than_the_site_takes_is_413(tus, monkeypatch):
    monkeypatch.setattr(services, "MOST_PART_BYTES", 4)
    address = tus.create(10)
    assert tus.patch(address, 0, TEN[:5]).status_code == 413
    assert tus.patch(address, 0, TEN[:4]).status_code == 204


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_part_is_kept_when_its_checksum_is_right(tus, algorithm):
    address = tus.create(10)
    assert tus.patch(address, 0, TEN[:4], Upload_Checksum=checksum(TEN[:4], algorithm)).status_code == 204
    wrong = tus.patch(address, 4, TEN[4:], Upload_Checksum=checksum(b"other!", algorithm))
    assert wrong.status_code == 460
    assert stored_bytes() == [TEN[:4]]
    assert tus.patch(address, 4, TEN[4:], Upload_Checksum=checksum(TEN[4:], algorithm)).status_code == 204
    assert stored_bytes() == [TEN]


@pytest.mark.parametrize("given", ["md5 AAAA", "sha1", "sha1 !!", "", "crc32 AAAA"])
def test_a_checksum_that_cannot_be_read_is_400_and_nothing_is_kept(tus, given):
    address = tus.create(10)
    answer = tus.patch(address, 0, TEN, Upload_Checksum=given)
    assert answer.status_code in (400, 460)
    assert answer.status_code == 400 or given == "sha1"
    assert tus.offset(address) == 0


def test_the_known_digest_of_abc(tus):
    """FIPS 180: SHA-1 of "abc"."""
    digest = bytes.fromhex("a9993e364706816aba3e25717850c26c9cd0d89d")
    address = tus.create(3)
    answer = tus.patch(address, 0, b"abc", Upload_Checksum=f"sha1 {base64.b64encode(digest).decode()}")
    assert answer.status_code == 204


def test_a_terminated_upload_is_gone_with_its_bytes(tus):
    address = tus.create(10)
    tus.patch(address, 0, TEN[:4])
    answer = tus.ask("DELETE", address)
    assert (answer.status_code, answer["Tus-Resumable"]) == (204, "1.0.0")
    assert tus.ask("HEAD", address).status_code == 404
    assert tus.patch(address, 4, TEN[4:]).status_code == 404
    assert list(uploads_place().iterdir()) == []


def test_an_upload_says_when_it_ends_and_is_410_then(tus):
    answer = tus.announce(10)
    ends_at = parsedate_to_datetime(answer["Upload-Expires"])
    assert timedelta(days=6) < ends_at - timezone.now() < timedelta(days=8)
    address = answer["Location"]
    assert "Upload-Expires" in tus.patch(address, 0, TEN[:4])
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tus.ask("HEAD", address).status_code == 410
    assert tus.patch(address, 4, TEN[4:]).status_code == 410
    tus.create(10)  # whoever comes next sweeps
    assert tus.ask("HEAD", address).status_code == 404
    assert stored_bytes() == [b""]


def test_a_part_makes_it_last_longer(tus):
    address = tus.create(10)
    Upload.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    tus.patch(address, 0, TEN[:4])
    assert Upload.objects.get().expires_at - timezone.now() > timedelta(days=6)


def test_a_post_that_says_what_it_is_passes_networks_that_know_few_methods(tus):
    address = tus.create(10)
    answer = tus.ask("POST", address, TEN[:4], PART, Upload_Offset="0", X_HTTP_Method_Override="PATCH")
    assert (answer.status_code, answer["Upload-Offset"]) == (204, "4")
    assert tus.client.get(address, headers={"X-HTTP-Method-Override": "DELETE"}).status_code == 200
    assert tus.ask("POST", address, X_HTTP_Method_Override="DELETE").status_code == 204


def test_two_writers_do_not_mix(tus):
    address = tus.create(10)
    with held(Upload.objects.get().pk):
        assert tus.patch(address, 0, TEN).status_code == 423
        assert tus.ask("DELETE", address).status_code == 423
        assert tus.offset(address) == 0
    assert tus.patch(address, 0, TEN).status_code == 204


@pytest.mark.parametrize(
    "about",
    [
        "",
        "filename",
        "filename !!!",
        f"filename {base64.b64encode(b'a').decode()}",
        f"filename {base64.b64encode(bytes([255, 254])).decode()},event eA==,town eA==",
        metadata(filename="a.jpg", **PLACE) + "," + metadata(filename="b.jpg"),
        metadata(filename="a.jpg", event="\0", town="x"),
        metadata(filename="a.jpg", event="x" * 121, town="x"),
        metadata(filename="a.jpg", event="--", town="x"),
        metadata(filename="a.jpg", modified="soon", **PLACE),
        metadata(filename="a.jpg", sha256="abc", **PLACE),
    ],
)
def test_metadata_that_cannot_be_used_is_400_and_leaves_nothing(tus, about):
    assert tus.ask("POST", UPLOADS, Upload_Length="10", Upload_Metadata=about).status_code == 400
    assert not Upload.objects.exists()
    assert not uploads_place().exists()


@pytest.mark.parametrize("length", ["", "-1", "many", "1e3"])
def test_a_length_that_is_no_number_is_400(tus, length):
    about = metadata(filename="a.jpg", **PLACE)
    assert tus.ask("POST", UPLOADS, Upload_Length=length, Upload_Metadata=about).status_code == 400


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../etc/passwd", "passwd"),
        ("C:\\DCIM\\100MEDIA\\DJI_0001.JPG", "DJI_0001.JPG"),
        ("100MEDIA/", "unnamed"),
        ("..", "unnamed"),
        ("a\0b\n.jpg", "ab.jpg"),
        ("gpj.\u202egnp.jpg", "gpj.gnp.jpg"),
        ("Dami\u0061\u0301n.jpg", "Damián.jpg"),
        ("輪" * 300 + ".jpg", "輪" * 251 + ".jpg"),
        ("lock", "lock"),
    ],
)
def test_hostile_names_stay_within_their_folder(tus, name, kept):
    address = tus.send(TEN, name)
    assert tus.row(address)["file_name"] == kept
    files = [path for path in uploads_place().rglob("*") if path.is_file() and path.read_bytes() == TEN]
    assert len(files) == 1
    assert files[0].resolve().is_relative_to(uploads_place() / str(Upload.objects.get().pk))


def test_there_must_be_room_for_the_file_and_its_copies(tus, monkeypatch):
    monkeypatch.setattr(services.shutil, "disk_usage", lambda folder: type("Disk", (), {"free": 10**9})())
    assert tus.announce(10**8).status_code == 201
    answer = tus.announce(3 * 10**8)  # 1.1 GB with its copies
    assert answer.status_code == 507
    assert "no room" in answer.json()["detail"]
    assert tus.announce(2 * 10**8).status_code == 507  # there would be, but for the first
    assert tus.announce(10**8).status_code == 201


def test_files_without_end_are_413(tus):
    assert tus.announce(10**15).status_code == 413


def test_nobody_opens_uploads_without_end(tus, monkeypatch):
    monkeypatch.setattr(services, "MOST_OPEN", 2)
    addresses = [tus.create(10), tus.create(10)]
    answer = tus.announce(10)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    tus.ask("DELETE", addresses[0])
    assert tus.announce(10).status_code == 201


def test_uploads_are_ones_own(tus):
    address = tus.create(10)
    other = Tus(create_account(username="ada", password="practice-tags", role=Role.ADMIN))
    for method in ("GET", "HEAD", "PATCH", "DELETE"):
        assert other.ask(method, address, TEN, PART, Upload_Offset="0").status_code == 404
    assert other.client.get(UPLOADS).json()["count"] == 0
    assert tus.client.get(UPLOADS).json()["count"] == 1


def test_the_list_tells_what_changed_since_and_by_state(tus):
    first = tus.send(TEN)
    since = Upload.objects.get().updated_at.isoformat()
    second = tus.create(10)
    tus.patch(second, 0, TEN[:4])
    listed = tus.client.get(UPLOADS, {"state": "sending,checking"}).json()["results"]
    assert [(row["offset_bytes"], row["size_bytes"]) for row in listed] == [(4, 10)]
    assert tus.client.get(UPLOADS, {"changed_since": since}).json()["count"] == 2
    later = Upload.objects.order_by("updated_at").last().updated_at + timedelta(seconds=1)
    assert tus.client.get(UPLOADS, {"changed_since": later.isoformat()}).json()["count"] == 0
    assert first != second


def test_the_last_byte_queues_the_check_once(tus):
    address = tus.create(10)
    tus.patch(address, 0, TEN)
    tus.ask("HEAD", address)
    assert tus.patch(address, 10, b"").status_code == 409
    tasks = list(DBTaskResult.objects.values_list("args_kwargs", flat=True))
    assert [task["args"] for task in tasks] == [[str(Upload.objects.get().pk)]]


def test_a_file_of_no_bytes_is_all_here_at_once(tus):
    assert tus.row(tus.create(0))["state"] == "received"


@pytest.mark.parametrize(
    ("said", "words"), [({"role": "during"}, "Upload-Metadata"), ({"taken": "08/02/2023"}, "no date")]
)
def test_a_role_or_date_that_is_none_is_refused(tus, said, words):
    answer = tus.announce(10, **said)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
