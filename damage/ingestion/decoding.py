"""Decoding what people hand in, in a process that can be spared: files that break it are refused, the run goes on."""

import atexit
import json
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from damage.environment import BASE_DIR
from damage.errors import Refused
from damage.file_names import shown_name
from damage.ingestion.exif import PhotoFacts
from damage.ingestion.mosaics import MosaicFacts
from damage.messages import Message
from damage.messages import Message as _

START_S = 300  # a busy machine loads Python's libraries slowly
MOST_ANSWER_BYTES = 64 * 2**20
# The child needs neither the site's secrets nor its database's address.
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "PROJ_DATA",
    "GDAL_DATA",
)

MIB = 2**20
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What one request may use; processor time is limited to `seconds` on every core."""

    seconds: int
    memory_bytes: int
    file_bytes: int


@dataclass(frozen=True)
class ViewedPhoto:
    """A photo that may come in, and whose view is written; its size is as it is shown."""

    facts: PhotoFacts
    width_px: int
    height_px: int
    band_count: int
    gsd_m: float | None


@dataclass(frozen=True)
class ImageFacts:
    """How Pillow reads an image (RGB, RGBA, L, …), and its size."""

    mode: str
    width_px: int
    height_px: int


class _Died(Exception):
    """The child ended, or said what is no answer."""


class _TookTooLong(Exception):
    """The child did not answer in time."""


class Decoder:
    """One child for many files, started when it is first needed and again after it has ended."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._owner_pid = 0
        self._lock = Lock()

    def ask(self, work: str, limits: Limits, **arguments: Any) -> dict[str, Any]:
        """The answer of one of `decoding_works`; raises `Refused`, and `OSError` as the child met it."""
        request = {"work": work, "limits": asdict(limits), "arguments": arguments}
        with self._lock:
            answer = self._exchanged(request, limits.seconds)
        if "done" in answer:
            return dict(answer["done"])
        if "refused" in answer:
            raise Refused(*(_text(part) for part in answer["refused"]))
        if "os_error" in answer:
            raise OSError(*answer["os_error"])
        if "error" in answer:
            raise _undecodable(arguments["path"], *answer["error"])
        raise _out_of_memory(limits)

    def close(self) -> None:
        """End the child; the next request starts another."""
        child, self._child = self._child, None
        if child is None or self._owner_pid != os.getpid():  # after a fork it is somebody else's
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()

    @property
    def pid(self) -> int | None:
        """The child's process id; None where there is none."""
        return self._child.pid if self._child else None

    def _exchanged(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        child = None
        try:
            child = self._living()
            _send(child, request)
            return _received(child, seconds)
        except _Died:
            returncode = _returncode(child)
            self.close()
            raise _ended(returncode) from None
        except _TookTooLong:
            self.close()
            raise _too_slow() from None
        except BaseException:  # Ctrl-C: what the child is at is of no use any more
            self.close()
            raise

    def _living(self) -> subprocess.Popen[bytes]:
        # The kernel ends the child with the thread that started it, which may be before this process ends.
        if self._child and self._owner_pid == os.getpid() and self._child.poll() is None:
            return self._child
        self.close()
        self._child, self._owner_pid = _started(), os.getpid()
        _received(self._child, START_S)
        return self._child


def _started() -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "damage.ingestion.decoding_child", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        cwd=BASE_DIR,
        env=environment | {"OPENBLAS_NUM_THREADS": "1"},
    )


def _send(child: subprocess.Popen[bytes], request: dict[str, Any]) -> None:
    assert child.stdin  # noqa: S101 (it was asked for)
    try:
        child.stdin.write(json.dumps(request).encode() + b"\n")
    except OSError as error:
        raise _Died from error


def _received(child: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
    """The next line that the child says."""
    assert child.stdout  # noqa: S101 (it was asked for)
    waiting, until = select.poll(), time.monotonic() + seconds
    waiting.register(child.stdout, select.POLLIN)
    line = b""
    while not line.endswith(b"\n"):
        if not waiting.poll(max(0, until - time.monotonic()) * 1000):
            raise _TookTooLong
        part = os.read(child.stdout.fileno(), MIB)
        if not part or len(line) > MOST_ANSWER_BYTES:
            raise _Died
        line += part
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise _Died from error
    if not isinstance(answer, dict):
        raise _Died
    return answer


def _returncode(child: subprocess.Popen[bytes] | None) -> int | None:
    """How the child ended; its pipes close a moment before. None where it has not."""
    try:
        return child.wait(timeout=5) if child else None
    except subprocess.TimeoutExpired:
        return None


def _text(part: Any) -> Any:
    return Message.of_json(part) if isinstance(part, dict) else str(part)


def _out_of_memory(limits: Limits) -> Refused:
    return Refused(
        _("Decoding it takes more than %(mib)d MiB of memory.") % {"mib": limits.memory_bytes // MIB},
        _COPY_OR_CONVERT,
    )


def _undecodable(path: str, kind: str, words: str, trace: str) -> Refused:
    logger.warning("%s cannot be decoded (%s)", shown_name(Path(path)), kind)
    logger.info("%s", trace)
    return Refused(
        _("It cannot be decoded (%(kind)s: %(words)s).") % {"kind": kind, "words": words}, _COPY_OR_CONVERT
    )


def _too_slow() -> Refused:
    return Refused(_("Decoding it takes too long, so it was stopped."), _COPY_OR_CONVERT)


def _ended(returncode: int | None) -> Refused:
    if returncode == -signal.SIGXCPU:
        return _too_slow()
    how = signal.Signals(-returncode).name if returncode and returncode < 0 else "?"
    return Refused(_("The process that decodes it broke off (%(how)s).") % {"how": how}, _COPY_OR_CONVERT)


_COPY_OR_CONVERT = _("Copy it again from where it came, or convert it: gdal_translate -of GTiff IN OUT.tif")

_decoder = Decoder()
atexit.register(_decoder.close)


def decode_is_georeferenced(path: Path) -> bool:
    """Whether a TIFF says where on earth it lies, found out in the child. Raises `Refused`."""
    limits = Limits(120, memory_bytes=2048 * MIB, file_bytes=64 * MIB)
    return bool(_decoder.ask("georeferenced", limits, path=str(path.absolute()))["is"])


def decode_mosaic_facts(path: Path) -> MosaicFacts:
    """`read_mosaic_facts` in the child. Raises `Refused`."""
    seconds = (
        600 + 3 * path.stat().st_size // 10**6
    )  # without overviews, the outline takes every pixel's mask
    limits = Limits(seconds, memory_bytes=4096 * MIB, file_bytes=64 * MIB)
    facts = _decoder.ask("mosaic_facts", limits, path=str(path.absolute()))
    warnings = tuple(Message.of_json(warning) for warning in facts["warnings"])
    return MosaicFacts(**facts | {"transform": tuple(facts["transform"]), "warnings": warnings})


def decode_mosaic_view(path: Path, facts: MosaicFacts, view: Path) -> None:
    """`write_mosaic_view` in the child. Raises `Refused`."""
    pixels = facts.width_px * facts.height_px
    limits = Limits(600 + pixels // 10**6, memory_bytes=4096 * MIB, file_bytes=64 * MIB + 8 * pixels)
    _decoder.ask("mosaic_view", limits, path=str(path.absolute()), view=str(view.absolute()))


def decode_photo(path: Path, view: Path, *, max_mpx: int) -> ViewedPhoto:
    """Read a photo whole and write its view, in the child. Raises `Refused`."""
    most_bytes = 16_000_000 * max_mpx  # a JPEG of 199 megapixels took 2.8 GB in all
    limits = Limits(1800, memory_bytes=2048 * MIB + most_bytes, file_bytes=64 * MIB + most_bytes)
    answer = _decoder.ask(
        "photo", limits, path=str(path.absolute()), view=str(view.absolute()), max_mpx=max_mpx
    )
    return ViewedPhoto(**answer | {"facts": _photo_facts(answer["facts"])})


def decode_photo_facts(path: Path) -> PhotoFacts:
    """`read_photo_facts` in the child; raises `Refused` for what is no photo."""
    limits = Limits(120, memory_bytes=2048 * MIB, file_bytes=64 * MIB)
    return _photo_facts(_decoder.ask("photo_facts", limits, path=str(path.absolute())))


def _photo_facts(plain: dict[str, Any]) -> PhotoFacts:
    warnings = tuple(Message.of_json(warning) for warning in plain["warnings"])
    moment = plain["captured_at"] and datetime.fromisoformat(str(plain["captured_at"]))
    return PhotoFacts(**plain | {"warnings": warnings, "captured_at": moment})


def decode_heic(path: Path) -> np.ndarray:
    """A HEIC photo's pixels (H, W, 3) as it is shown, decoded in the child. Raises `Refused`."""
    limits = Limits(600, memory_bytes=4096 * MIB, file_bytes=1024 * MIB)
    with tempfile.TemporaryDirectory(prefix="damage-") as folder:
        pixels = Path(folder) / "pixels.npy"
        _decoder.ask("heic", limits, path=str(path.absolute()), pixels=str(pixels))
        return np.load(pixels, allow_pickle=False)


def decode_image(path: Path, *, most_px: int) -> ImageFacts:
    """An image's mode and size, after it was decoded in the child unless a side is longer than `most_px`."""
    limits = Limits(120, memory_bytes=2048 * MIB, file_bytes=64 * MIB)
    return ImageFacts(**_decoder.ask("image", limits, path=str(path.absolute()), most_px=most_px))


def decode_heights(path: Path, places: Sequence[tuple[float, float]]) -> list[float | None]:
    """The ground's heights in metres at places (lon, lat), read from a height model in the child. Raises `Refused`."""
    limits = Limits(600, memory_bytes=4096 * MIB, file_bytes=64 * MIB)
    answer = _decoder.ask("heights", limits, path=str(path.absolute()), places=list(places))
    return [None if height is None else float(height) for height in answer["heights_m"]]
