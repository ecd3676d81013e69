"""A benchmark's own data folder and database, and fresh processes in which its parts are measured."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def start_django(folder: Path, *, empty: bool, database_url: str = "", keep: Sequence[str] = ()) -> None:
    """Set Django up on the database in `folder`, or at the URL.

    The folder is made anew when it is to be empty, but for what lies in it under the names to `keep`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir() if empty else ():
        if path.name not in keep:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    os.environ.update(DAMAGE_DEBUG="1", DAMAGE_DATA=str(folder), DATABASE_URL=database_url)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "damage.settings")
    sys.path[:0] = [str(ROOT)]
    import django

    django.setup()
    if empty:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)


def measured_in_child(module: str, *, python: str | Path = sys.executable, **options: Any) -> dict[str, Any]:
    """What a module of this folder, run as a fresh process, says when it is given these options."""
    done = subprocess.run(
        [python, "-m", f"benchmarks.{module}", json.dumps(options, default=str)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def answer(measure: Callable[..., dict[str, Any]]) -> None:
    """Be the child: measure with the options given, and say the result and what this process needed.

    `cpu_s` is its processor time in all threads and in the processes that it started and that have ended;
    `cores_busy_elsewhere` tells how far others disturbed it.
    """
    begun, busy_before = perf_counter(), busy_s()
    result = measure(**json.loads(sys.argv[1]))
    wall_s, own_s = perf_counter() - begun, cpu_s()
    result |= {
        "cpu_s": round(own_s, 2),
        "cores_busy_elsewhere": round(max(0.0, busy_s() - busy_before - own_s) / wall_s, 2),
        "peak_memory_mb": peak_memory_mb(),
    }
    print(json.dumps(result))


def cpu_s() -> float:
    """Processor time of this process in all threads, and of those that it started and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def busy_s() -> float:
    """Processor time of all processes since the machine was started."""
    user, nice, system, _idle, _waiting, interrupts, soft, stolen = map(
        int, Path("/proc/stat").read_text().split()[1:9]
    )
    return (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")


def peak_memory_mb(pid: int | str = "self") -> float:
    """The most memory that a process held at once, in millions of bytes.

    Not `getrusage`: its figure is inherited from the process that started this one.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return round(int(kib) * 1024 / 1e6, 1)
