"""The child in which foreign images are decoded, as its parent sees it; `decoding_child` is the other side."""

import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import RLock
from typing import Any

from damage.environment import BASE_DIR
from damage.errors import Refused
from damage.file_names import shown_name
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


class _Died(Exception):
    """The child ended, or said what is no answer."""


class _TookTooLong(Exception):
    """The child did not answer in time."""


@dataclass
class _Begun:
    """What the child is at, until when, and what came of it."""

    seconds: float
    until: float
    answer: dict[str, Any] | None = None
    refusal: Refused | None = None


class Decoder:
    """One child for many files, one at a time; started when it is first needed and again after it has ended."""

    def __init__(self, *, niceness: int = 0) -> None:
        self._niceness = niceness
        self._child: subprocess.Popen[bytes] | None = None
        self._is_loading = False
        self._owner_pid = 0
        self._answers: _Answers | None = None
        self._begun: _Begun | None = None
        self._lock = RLock()

    def ask(self, work: str, limits: Limits, **arguments: Any) -> dict[str, Any]:
        """The answer of one of `decoding_works`; raises `Refused`, and `OSError` as the child met it."""
        return self.begin(work, limits, **arguments)()

    def begin(self, work: str, limits: Limits, **arguments: Any) -> Callable[[], dict[str, Any]]:
        """Have one of `decoding_works` begun, once what was begun before is done; gives what waits for its answer."""
        request = {"work": work, "limits": asdict(limits), "arguments": arguments}
        with self._lock:
            self._finish()
            begun = _Begun(limits.seconds, until=time.monotonic() + limits.seconds)
            with self._ending_with(begun):
                _send(self._living(), request)
                self._begun = begun
        return lambda: _told(self._answer_to(begun), limits, arguments)

    def close(self) -> None:
        """End the child, whatever it is at; the next request starts another."""
        child, self._child, self._answers, self._begun = self._child, None, None, None
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

    def _answer_to(self, begun: _Begun) -> dict[str, Any]:
        with self._lock:
            if self._begun is begun:
                self._finish()
        if begun.answer is None:
            raise begun.refusal or _ended(None)
        return begun.answer

    def _finish(self) -> None:
        """Wait for what the child is at, if anything."""
        begun, self._begun = self._begun, None
        if begun is None or self._answers is None or self._owner_pid != os.getpid():
            return
        with self._ending_with(begun):
            if self._is_loading:
                self._answers.next(START_S)
                self._is_loading, begun.until = False, time.monotonic() + begun.seconds
            begun.answer = self._answers.next(begun.until - time.monotonic())

    @contextmanager
    def _ending_with(self, begun: _Begun) -> Iterator[None]:
        """Where the child fails, end it, and note for what it was at how that came."""
        try:
            yield
        except _Died:
            returncode = _returncode(self._child)
            self.close()
            begun.refusal = _ended(returncode)
        except _TookTooLong:
            self.close()
            begun.refusal = _too_slow()
        except BaseException:  # Ctrl-C: what the child is at is of no use any more
            self.close()
            raise

    def _living(self) -> subprocess.Popen[bytes]:
        # The kernel ends the child with the thread that started it, which may be before this process ends.
        if self._child and self._owner_pid == os.getpid() and self._child.poll() is None:
            return self._child
        self.close()
        self._child, self._owner_pid, self._is_loading = _started(self._niceness), os.getpid(), True
        self._answers = _Answers(self._child)
        return self._child


def _told(answer: dict[str, Any], limits: Limits, arguments: dict[str, Any]) -> dict[str, Any]:
    """What an answer holds; raises what it tells of instead."""
    if "done" in answer:
        return dict(answer["done"])
    if "refused" in answer:
        raise Refused(*(_text(part) for part in answer["refused"]))
    if "os_error" in answer:
        raise OSError(*answer["os_error"])
    if "error" in answer:
        raise _undecodable(arguments["path"], *answer["error"])
    raise _out_of_memory(limits)


def _started(niceness: int) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "damage.ingestion.decoding_child", str(os.getpid()), str(niceness)],
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


class _Answers:
    """What a child says, line by line."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout  # noqa: S101 (it was asked for)
        self._pipe = child.stdout.fileno()
        self._unread = b""

    def next(self, seconds: float) -> dict[str, Any]:
        """The next line; one that is there already is taken, however late it is."""
        waiting, until = select.poll(), time.monotonic() + seconds
        waiting.register(self._pipe, select.POLLIN)
        while b"\n" not in self._unread:
            if not waiting.poll(max(0, until - time.monotonic()) * 1000):
                raise _TookTooLong
            part = os.read(self._pipe, MIB)
            if not part or len(self._unread) > MOST_ANSWER_BYTES:
                raise _Died
            self._unread += part
        line, _newline, self._unread = self._unread.partition(b"\n")
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
