"""Programs that are kept going: each is started again when it ends, and none outlives who supervises it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from damage.environment import BASE_DIR
from damage.supervised import EXPENDABLE

LOOK_EVERY_S = 0.1
# Who lived so long starts again at once; who did not waits, twice as long each time.
STEADY_S = 10
FIRST_WAIT_S = 1
LONGEST_WAIT_S = 60
# Between asking a program to end, asking again, and ending it.
PATIENCE_S = 8


@dataclass(frozen=True)
class Program:
    """What is to run: its name for people and its command, an absolute path first."""

    name: str
    command: tuple[str, ...]
    sockets: tuple[int, ...] = ()  # descriptors that it inherits
    expendable: bool = False  # the first to go when memory is full
    begins_after_s: float = 0  # so that others are ready sooner; not when it starts again


class Supervised:
    """A program and its process, where it has one."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self._begin_at = time.monotonic() + program.begins_after_s
        self._began_at = 0.0
        self._short_lives = 0

    def look_after(self, tell: Callable[[str], None]) -> None:
        """Begin where it is due; note an end, and when to begin again."""
        if self.process is None:
            if time.monotonic() >= self._begin_at:
                self._begin(tell)
        elif self.process.poll() is not None:
            status = self.process.returncode
            self.signal(signal.SIGKILL)  # what it started has nobody to work for
            self.process = None
            self._wait(f"The {self.program.name} {end_words(status)}", tell)

    def signal(self, number: int) -> None:
        """Send a signal to the program and to what it started: each leads a group of its own."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    @property
    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _begin(self, tell: Callable[[str], None]) -> None:
        bond = [sys.executable, "-m", "damage.supervised"]
        if self.program.expendable:
            bond.append(EXPENDABLE)
        self._began_at = time.monotonic()
        try:
            self.process = subprocess.Popen(
                [*bond, str(os.getpid()), *self.program.command],
                cwd=BASE_DIR,
                start_new_session=True,
                pass_fds=self.program.sockets,
            )
        except OSError as error:  # no memory, no processes left
            self._wait(f"The {self.program.name} could not be started ({error.strerror})", tell)

    def _wait(self, what: str, tell: Callable[[str], None]) -> None:
        now = time.monotonic()
        self._short_lives = 0 if now - self._began_at >= STEADY_S else self._short_lives + 1
        wait_s = waiting_s(self._short_lives)
        self._begin_at = now + wait_s
        tell(f"{what}; it starts again {f'in {wait_s} s' if wait_s else 'now'}.")


class Supervisor:
    """Keeps programs going until it is asked to stop. Used by the main thread, which must not end before it."""

    def __init__(self, programs: Sequence[Program], tell: Callable[[str], None]) -> None:
        self.all = [Supervised(program) for program in programs]
        self._tell = tell
        self._stop_asked = False

    def run(self, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Start all, and start again what ends, until `ask_to_stop`.

        `meanwhile` is done once, while those start that begin at once, and before those that begin later.
        """
        try:
            self._begin_at_once()
            meanwhile()
            while not self._stop_asked:
                for each in self.all:
                    each.look_after(self._tell)
                time.sleep(LOOK_EVERY_S)
        finally:
            self._stop()

    def _begin_at_once(self) -> None:
        for each in self.all:
            if not each.program.begins_after_s:
                each.look_after(self._tell)

    def ask_to_stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Have `run` end everything in order and return; a signal's handler."""
        self._stop_asked = True

    def _stop(self) -> None:
        """Ask to end; ask again, so that a worker gives up its task and records that; end the rest."""
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            for each in self.all:
                each.signal(number)
            deadline = time.monotonic() + PATIENCE_S
            while time.monotonic() < deadline:
                if all(each.has_ended for each in self.all):
                    return
                time.sleep(LOOK_EVERY_S)


def waiting_s(short_lives: int) -> int:
    """How long to wait before a program starts again that lived only briefly so many times in a row."""
    if not short_lives:
        return 0
    return min(FIRST_WAIT_S << min(short_lives - 1, 16), LONGEST_WAIT_S)


def end_words(status: int) -> str:
    """How a program ended, for people."""
    if status >= 0:
        return f"ended with status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    hint = ", as the system does when memory is full" if -status == signal.SIGKILL else ""
    return f"was ended by {name}{hint}"
