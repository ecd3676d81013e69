"""A program that ends with the process that started it: `python -m damage.supervised PID COMMAND...`.

A small program of its own, as `preexec_fn` is unsafe beside threads; it becomes the command, which keeps the bond.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
EXPENDABLE = "--expendable"


def end_with(parent: int) -> None:
    """Have the system kill this process as soon as its parent is gone, however that ends; on Linux only.

    The thread of the parent that started this process must live as long as that process. Children of this one need a
    bond of their own.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before the bond was there
        os._exit(1)


def be_expendable() -> None:
    """When memory is full, have the system end this process before others; on Linux only."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def main() -> None:
    """Become the command."""
    arguments = sys.argv[1:]
    if arguments[0] == EXPENDABLE:
        be_expendable()
        arguments = arguments[1:]
    parent, *command = arguments
    end_with(int(parent))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
