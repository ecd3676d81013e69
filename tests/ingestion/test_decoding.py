"""Foreign images are decoded in a process that can be spared: what breaks it is refused, and the run goes on."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from damage.environment import BASE_DIR
from damage.errors import Refused
from damage.ingestion import decoding
from damage.ingestion.decoder import MIB, Decoder, Limits
from damage.ingestion.decoding import decode_image, decode_mosaic_facts, decode_photo
from damage.ingestion.mosaics import read_mosaic_facts
from damage.ingestion.photos import read_usable_photo
from damage.ingestion.reports import ingest_files
from damage.ingestion.services import ingest_photo

LIMITS = Limits(seconds=100, memory_bytes=2048 * MIB, file_bytes=64 * MIB)


@pytest.fixture
def decoder():
    """The child that all share, with whatever was done to it undone."""
    return decoding.shared_decoder


@pytest.fixture
def endless(tmp_path):
    """A file that is never read to its end."""
    os.mkfifo(tmp_path / "endless.jpg")
    return tmp_path / "endless.jpg"


def test_facts_come_back_as_they_were_read(geotiff, photo, tmp_path):
    there, here = asdict(decode_mosaic_facts(geotiff())), asdict(read_mosaic_facts(geotiff()))
    assert there["transform"] == here["transform"]
    assert json.dumps(there) == json.dumps(here)
    gps = {1: "S", 2: (17.0, 30.0, 0.0), 3: "W", 4: (96.0, 15.0, 0.0), 6: 1800.5}
    path = photo("é.jpg", gps=gps, details={36867: "2023:02:07 10:00:00"}, orientation=6)
    read, decoded = read_usable_photo(path, max_mpx=1), decode_photo(path, tmp_path / "view.tif", max_mpx=1)
    assert decoded.facts == read.facts
    assert decoded.facts.captured_at is not None
    assert (decoded.height_px, decoded.width_px, decoded.band_count) == read.pixels.shape
    assert (tmp_path / "view.tif").is_file()


def test_a_refusal_comes_back_with_its_remedy(geotiff, tmp_path):
    with pytest.raises(Refused, match="16, not 8-bit") as refusal:
        decode_mosaic_facts(geotiff(pixels=np.ones((3, 8, 8), np.uint16)))
    assert "gdal_translate" in refusal.value.remedy


def test_an_error_of_the_disk_comes_back_as_such(tmp_path, decoder):
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg"):
        decoder.ask("photo", LIMITS, path=str(tmp_path / "gone.jpg"), view="", max_mpx=1)


def test_one_child_does_many_files(photo, decoder):
    decode_image(photo("a.png"), most_px=100)
    pid = decoder.pid
    decode_image(photo("bb.png"), most_px=100)
    assert decoder.pid == pid != os.getpid()


def test_what_is_begun_is_done_one_after_the_other_and_answered_in_any_order(tmp_path, decoder):
    answers = []
    for side_px in (10, 20, 30):
        path = tmp_path / f"{side_px}.png"
        Image.new("RGB", (side_px, 5)).save(path)
        answers.append(decoder.begin("image", LIMITS, path=str(path), most_px=100))
    assert [answers[number]()["width_px"] for number in (1, 2, 0)] == [20, 30, 10]
    assert [answer()["width_px"] for answer in answers] == [10, 20, 30]


def test_a_child_that_dies_takes_only_what_it_was_at_along(photo, endless, decoder):
    path = str(photo("a.png"))
    before = decoder.begin("image", LIMITS, path=path, most_px=100)
    never = decoder.begin("image", LIMITS, path=str(endless), most_px=100)
    os.kill(decoder.pid, signal.SIGKILL)
    after = decoder.begin("image", LIMITS, path=path, most_px=100)
    assert before()["width_px"] == after()["width_px"] == 80
    for _number in range(2):
        with pytest.raises(Refused, match="SIGKILL"):
            never()


def test_what_was_begun_with_a_child_that_was_ended_on_purpose_is_refused(photo, endless, decoder):
    never = decoder.begin("image", LIMITS, path=str(endless), most_px=100)
    decoder.close()
    with pytest.raises(Refused, match="broke off"):
        never()
    assert decode_image(photo("a.png"), most_px=100).mode == "RGB"


def test_an_image_larger_than_wanted_is_not_decoded(tmp_path):
    Image.effect_noise((300, 300), 90).convert("RGB").save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:2000])
    assert decode_image(tmp_path / "a.png", most_px=299).width_px == 300
    with pytest.raises(Refused, match="no JPEG, PNG or TIFF"):
        decode_image(tmp_path / "a.png", most_px=300)


@pytest.mark.django_db
def test_a_file_that_breaks_the_child_is_refused_and_the_rest_go_on(photo, endless, decoder):
    decode_image(photo("a.png"), most_px=100)
    broken = decoder.pid

    def break_it():
        writer = os.open(endless, os.O_WRONLY)  # waits until the child reads
        os.kill(broken, signal.SIGSEGV)
        os.close(writer)

    thread = Thread(target=break_it)
    thread.start()
    with pytest.raises(Refused, match="SIGSEGV") as refusal:
        decoder.ask("image", LIMITS, path=str(endless), most_px=1)
    thread.join()
    assert refusal.value.remedy
    [report] = ingest_files([photo("a.png")], lambda path: ingest_photo(path, event="Quake", town="Altamira"))
    assert report.status == "added"
    assert decoder.pid != broken


def test_a_file_that_takes_too_long_is_refused(endless, photo, decoder):
    with pytest.raises(Refused, match="takes too long"):
        decoder.ask("image", Limits(1, 2048 * MIB, MIB), path=str(endless), most_px=1)
    assert decode_image(photo("a.png"), most_px=100).mode == "RGB"


def test_processor_time_is_limited_though_a_child_lives_long():
    code = (
        "import os, resource; from damage.ingestion.decoding_child import _limit\n"
        "os.cpu_count = lambda: 1\n"
        "sum(range(10**7))\n"
        "_limit(seconds=1, memory_bytes=2**31, file_bytes=0)\n"
        "print(resource.getrlimit(resource.RLIMIT_CPU)[0], flush=True)\n"
        "while True: pass"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGXCPU
    assert int(ended.stdout) >= 2


def test_a_file_that_takes_too_much_memory_is_refused(photo, tmp_path, decoder):
    Image.new("RGB", (9000, 9000)).save(tmp_path / "large.png", compress_level=1)
    with pytest.raises(Refused, match="more than 150 MiB of memory"):
        decoder.ask("image", Limits(100, 150 * MIB, 0), path=str(tmp_path / "large.png"), most_px=9000)
    assert decode_image(photo("a.png"), most_px=100).mode == "RGB"


def test_what_is_written_is_limited(photo, tmp_path, decoder):
    pixels = np.random.default_rng(0).integers(0, 255, (900, 900, 3), dtype=np.uint8)
    path = photo("a.png", pixels=pixels)
    with pytest.raises((Refused, OSError)):
        decoder.ask(
            "photo", Limits(100, 2048 * MIB, 100_000), path=str(path), view=str(tmp_path / "v.tif"), max_mpx=1
        )
    assert not (tmp_path / "v.tif").exists() or (tmp_path / "v.tif").stat().st_size <= 100_000


def test_the_child_has_no_network_where_the_system_allows_that(tmp_path):
    code = (
        "import os, socket, sys; from damage.ingestion.decoding_child import _confine\n"
        "before = os.readlink('/proc/self/ns/net'); _confine()\n"
        "if os.readlink('/proc/self/ns/net') == before: sys.exit(2)\n"
        "socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = [sys.executable, "-c", code, str(server.getsockname()[1])]
        ended = subprocess.run(call, cwd=BASE_DIR, capture_output=True, text=True, check=False)
    if ended.returncode == 2:
        pytest.skip("this system lets nobody have a network of their own")
    assert "unreachable" in ended.stderr


def test_the_child_gains_no_privileges_and_knows_no_secrets(photo, monkeypatch):
    monkeypatch.setenv("DAMAGE_SECRET_KEY", "secret-of-the-site")
    decoder = Decoder()
    decoder.ask("image", LIMITS, path=str(photo("a.png")), most_px=1)
    process = Path(f"/proc/{decoder.pid}")
    assert "NoNewPrivs:\t1" in (process / "status").read_text()
    assert b"secret-of-the-site" not in (process / "environ").read_bytes()
    decoder.close()
    assert decoder.pid is None


def test_the_child_ends_with_its_parent(photo):
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from damage.ingestion import decoding\n"
        "decoding.decode_image(Path(sys.argv[1]), most_px=1)\n"
        "print(decoding.shared_decoder.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    call = [sys.executable, "-c", code, str(photo("a.png"))]
    ended = subprocess.run(call, cwd=BASE_DIR, capture_output=True, text=True, check=False)
    child = Path(f"/proc/{int(ended.stdout)}/stat")
    until = time.monotonic() + 60
    while child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < until
        time.sleep(0.01)
