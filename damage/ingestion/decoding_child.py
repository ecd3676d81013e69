"""The process in which foreign images are decoded: `python -m damage.ingestion.decoding_child PARENT NICENESS`.

It takes one request a line as JSON on standard input and gives one answer a line on standard output; what is large
goes through files. It has no network where the system allows that, can gain no privileges, ends with its parent, and
each request has its own limits. Nothing but the standard library is loaded before it is confined.
"""

import ctypes
import json
import math
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

# <sched.h> and <sys/prctl.h>
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38

Work = Callable[..., dict[str, Any]]
MOST_ERROR_LETTERS = 300


def main(parent: int, niceness: int) -> None:
    """Answer requests until standard input ends."""
    os.nice(niceness)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    _confine()
    if os.getppid() != parent:
        return  # it died before it could take us along
    works = _works()
    _say(answers, {"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        _limit(**request["limits"])
        _say(answers, _answer(works[request["work"]], request["arguments"]))


def _say(answers: Any, answer: Mapping[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _confine() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which then ends us
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    system = ctypes.CDLL(None, use_errno=True)
    # A network of its own has no way out. That takes privileges, or a user namespace, which some systems forbid.
    if system.unshare(CLONE_NEWNET) != 0:
        system.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    system.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    system.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # last: a new user namespace forgets it
    try:
        with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 (pathlib is not loaded yet)
            file.write("1000")  # when memory runs out, we go before the site does
    except OSError:
        pass


def _limit(*, seconds: int, memory_bytes: int, file_bytes: int) -> None:
    """Limits for the next request; the parent looks at the clock as well."""
    _set_limit(resource.RLIMIT_DATA, memory_bytes)
    _set_limit(resource.RLIMIT_FSIZE, file_bytes)
    used_s = math.ceil(time.process_time())
    _set_limit(resource.RLIMIT_CPU, used_s + seconds * (os.cpu_count() or 1))


def _set_limit(which: int, value: int) -> None:
    most = resource.getrlimit(which)[1]
    resource.setrlimit(which, (value if most == resource.RLIM_INFINITY else min(value, most), most))


def _answer(work: Work, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What came of a request. Libraries raise many kinds of errors over files that they did not expect."""
    from damage.errors import Refused

    try:
        return {"done": work(**arguments)}
    except Refused as error:
        return {"refused": [_words(error.reason), _words(error.remedy)]}
    except MemoryError:
        return {"out_of_memory": True}
    except OSError as error:  # the disk is full, or the file was taken away while it was read
        return {"os_error": [error.errno, error.strerror, error.filename and os.fsdecode(error.filename)]}
    except Exception as error:  # noqa: BLE001 (whatever it is, it is told, and the next file has its turn)
        return {"error": [type(error).__name__, str(error)[:MOST_ERROR_LETTERS], traceback.format_exc()]}


def _words(text: Any) -> Any:
    from damage.messages import Message

    return text.as_json() if isinstance(text, Message) else str(text)


def _works() -> dict[str, Work]:
    from damage.ingestion.decoding_works import WORKS

    return WORKS


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
