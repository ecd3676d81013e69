"""What kills cost under load: of every child of `serve` and of `serve` itself, and restarts of PostgreSQL.

    python benchmarks/kills.py [--kills 30] [--taggers 20] [--seed 0] [--postgresql] [--full-disk]

A site of its own serves a drawn mosaic to people who tag over plain HTTP, each with a session, two tags a second. At
random moments one process is killed with SIGKILL; `serve` is started again at once, as a service manager would, and so
is PostgreSQL (`--postgresql`: a server of its own, one kill in four is a restart of it). With `--full-disk` the data
lie on a small disk; every second time it is filled to the last page instead, for up to four seconds. Then: is every
acknowledged tag there, with its answer? Did anything outlive `serve`? How long until the next tag was acknowledged?
"""

import argparse
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path[:0] = [str(ROOT)]

from benchmarks.machine import machine_facts  # noqa: E402
from benchmarks.postgresql import OwnServer, free_port, own_server  # noqa: E402

WORK = ROOT / "build" / "kills"
PASSWORD = "practice-tags"  # noqa: S105
SIDE_PX = 6000
PAUSE_S = 0.5  # below what one person may do in a minute
GOAL_S = 5.0
FIRST_ANSWER_S = 180

PREPARE = """
import sys, numpy, rasterio
from rasterio.transform import from_origin
side, count = int(sys.argv[2]), int(sys.argv[3])
coarse = numpy.random.default_rng(0).integers(1, 255, (3, side // 50, side // 50), dtype="uint8")
pixels = coarse.repeat(50, 1).repeat(50, 2)
form = dict(driver="GTiff", width=side, height=side, count=3, dtype="uint8", tiled=True, compress="deflate",
            crs="EPSG:32615", transform=from_origin(300000, 1800000, 0.07, 0.07))
with rasterio.open(sys.argv[1], "w", **form) as file:
    file.write(pixels)
import django; django.setup()
from django.core.management import call_command
from damage.accounts.models import Role
from damage.accounts.services import create_account
call_command("migrate", verbosity=0)
call_command("ingest_mosaic", sys.argv[1], event="Kills", town="Kills", json=True)
for number in range(count):
    create_account(username=f"tagger{number}", password="practice-tags", role=Role.VOLUNTEER)
"""
DUMP = """
import json, django; django.setup()
from tagging.models import Tag
rows = Tag.objects.values_list("tagger__username", "crop__x_px", "crop__y_px", "answer")
print(json.dumps(list(rows)))
"""


class Tagger(threading.Thread):
    """One person, who tags squares nobody else tags, and notes what was acknowledged."""

    def __init__(self, number: int, port: int, scene: int, size_px: int) -> None:
        super().__init__(daemon=True)
        self.name, self.port, self.scene, self.size_px = f"tagger{number}", port, scene, size_px
        self.random = random.Random(number)  # noqa: S311
        self.acknowledged: dict[tuple[str, int, int], str] = {}
        self.times: list[tuple[float, float]] = []  # when acknowledged tags were sent and acknowledged
        self.refused: list[str] = []
        self.ended = threading.Event()
        self._cookies: dict[str, str] = {}
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                if "sessionid" not in self._cookies:
                    self._log_in()
                self._tag()
            except (OSError, http.client.HTTPException):
                self._connection = None
                time.sleep(0.05)

    def _log_in(self) -> None:
        self._ask("GET", "/login/")
        form = {
            "username": self.name,
            "password": PASSWORD,
            "csrfmiddlewaretoken": self._cookies["csrftoken"],
        }
        self._ask("POST", "/login/", urlencode(form), "application/x-www-form-urlencoded")

    def _tag(self) -> None:
        x_px, y_px = (self.random.randrange(SIDE_PX - self.size_px) for _ in range(2))
        answer = self.random.choice(("positive", "negative", "unsure"))
        square = {"scene": self.scene, "x_px": x_px, "y_px": y_px, "size_px": self.size_px}
        sent_at = time.monotonic()
        status, said = self._ask(
            "POST", "/api/v1/tags/", json.dumps({**square, "question": "damage", "answer": answer})
        )
        if status == 201:
            self.acknowledged[self.name, x_px, y_px] = answer
            self.times.append((sent_at, time.monotonic()))
            self.ended.wait(PAUSE_S)
        else:
            self.refused.append(f"{status} {said[:200]!r}")
            time.sleep(0.05)

    def _ask(
        self, method: str, path: str, body: str | None = None, kind: str = "application/json"
    ) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body:
            headers |= {"Content-Type": kind, "X-CSRFToken": self._cookies.get("csrftoken", "")}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(cookie).items()}
        return answer.status, answer.read()


class Site:
    """`serve`, as a service manager keeps it going."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment, self.port = environment, free_port()
        self.log = (WORK / "serve.log").open("w")
        self.orphans: list[str] = []
        self.start()

    def start(self) -> None:
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        self.program = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log
        )

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.program.pid).children()

    def kill(self) -> None:
        """Kill `serve` itself, see what outlives it, and start it again."""
        everybody = psutil.Process(self.program.pid).children(recursive=True)
        self.program.kill()
        self.program.wait()
        self.start()
        alive = psutil.wait_procs(everybody, timeout=2)[1]
        self.orphans += [str(process) for process in alive if process.status() != psutil.STATUS_ZOMBIE]

    def stop(self) -> int:
        self.program.terminate()
        return self.program.wait(60)


class SmallDisk:
    """A file system for the site's data that is filled in a moment. Only root may mount it."""

    SIZE_MB = 256

    def __init__(self, folder: Path) -> None:
        self._folder, self._filling = folder, folder / "filling"

    def __enter__(self) -> "SmallDisk":
        self._folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.SIZE_MB}m,mode=700", "none", str(self._folder)]
        subprocess.run(command, check=True)
        return self

    def __exit__(self, *failure: object) -> None:
        subprocess.run(["umount", "--lazy", str(self._folder)], check=True)

    def fill(self) -> None:
        """Leave not one page free."""
        with self._filling.open("wb", buffering=0) as file:
            for step_b in (2**20, 2**12):
                with suppress(OSError):  # it is full
                    while file.write(bytes(step_b)) == step_b:
                        pass

    def free(self) -> None:
        """Make room again."""
        self._filling.unlink()


def words(process: psutil.Process) -> str:
    """What a child is, for the table."""
    try:
        line = " ".join(process.cmdline())
    except psutil.Error:
        return "dead already"
    return next((name for name in ("damage.web", "db_worker", "cut_crops") if name in line), "starting")


def in_django(environment: dict[str, str], code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def make_trouble(
    site: Site, database: OwnServer | None, disk: SmallDisk | None, chance: random.Random
) -> tuple[str, float]:
    """Kill one process at random, or fill the disk for a while; gives which, and since when all could be well again."""
    since = time.monotonic()
    if database and chance.random() < 0.25:
        database.stop()
        database.start()
        return "PostgreSQL restarted", since
    if disk and chance.random() < 0.5:
        disk.fill()
        time.sleep(chance.uniform(0.2, 4))
        disk.free()
        return "disk was full", time.monotonic()
    return f"{kill_something(site, chance)} killed", since


def kill_something(site: Site, chance: random.Random) -> str:
    """Kill one process at random; gives which."""
    victims: list[psutil.Process | None] = [None, *site.children()]
    victim = chance.choice(victims)
    if victim is None:
        site.kill()
        return "serve"
    name = words(victim)
    victim.kill()
    return name


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--taggers", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--full-disk", action="store_true", help="fill the data's disk as well (needs root)")
    options = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    with ExitStack() as stack:
        database = stack.enter_context(own_server()) if options.postgresql else None
        disk = stack.enter_context(SmallDisk(WORK / "data")) if options.full_disk else None
        environment = os.environ | {
            "DAMAGE_DEBUG": "1",
            "DAMAGE_DATA": str(WORK / "data"),
            "DATABASE_URL": database.url if database else "",
            "DJANGO_SETTINGS_MODULE": "damage.settings",
        }
        sys.exit(0 if measure(options, environment, database, disk) else 1)


def measure(
    options: argparse.Namespace,
    environment: dict[str, str],
    database: OwnServer | None,
    disk: SmallDisk | None,
) -> bool:
    """Whether all went as it should; prints what was seen."""
    machine = machine_facts()
    print(f"{machine['processor']}, {machine['cores']} cores, load {machine['load_before']} before")
    in_django(environment, PREPARE, str(WORK / "mosaic.tif"), str(SIDE_PX), str(options.taggers))
    site = Site(environment)
    taggers = [Tagger(number, site.port, 1, 100) for number in range(options.taggers)]
    for tagger in taggers:
        tagger.start()
    begun_at = time.monotonic()
    back_s(taggers, begun_at, FIRST_ANSWER_S)
    chance = random.Random(options.seed)  # noqa: S311
    seen: list[tuple[str, float]] = []
    for _ in range(options.kills):
        time.sleep(chance.uniform(1, 8))
        what, since = make_trouble(site, database, disk, chance)
        seen.append((what, back_s(taggers, since, FIRST_ANSWER_S)))
        print(f"{what:<20} next tag acknowledged after {seen[-1][1]:.2f} s", flush=True)
    time.sleep(3)
    for tagger in taggers:
        tagger.ended.set()
    for tagger in taggers:
        tagger.join(60)
    status = site.stop()
    return report(taggers, site, status, seen, json.loads(in_django(environment, DUMP)))


def back_s(taggers: list[Tagger], since: float, patience_s: float) -> float:
    """How long until a tag was acknowledged that was sent after this moment."""
    while time.monotonic() < since + patience_s:
        ends = [end for tagger in taggers for start, end in tagger.times[-5:] if start >= since]
        if ends:
            return min(ends) - since
        time.sleep(0.01)
    return float("inf")


def report(
    taggers: list[Tagger], site: Site, status: int, seen: list[tuple[str, float]], rows: list[list[Any]]
) -> bool:
    """Print what was seen; gives whether it is as it should be."""
    acknowledged = {key: answer for tagger in taggers for key, answer in tagger.acknowledged.items()}
    stored = {(name, x_px, y_px): answer for name, x_px, y_px, answer in rows}
    lost = [key for key, answer in acknowledged.items() if stored.get(key) != answer]
    refused = [words for tagger in taggers for words in tagger.refused]
    took = sorted(seconds for _, seconds in seen)
    print(
        f"{len(acknowledged)} tags acknowledged, {len(stored)} stored, {len(lost)} lost, {len(refused)} refused"
    )
    print(f"orphans: {site.orphans or 'none'}; serve ended with status {status}")
    if took:
        shares = {"least": 0.0, "median": 0.5, "90 %": 0.9, "most": 1.0}
        parts = [f"{name} {took[round(share * (len(took) - 1))]:.2f}" for name, share in shares.items()]
        print(f"seconds until the next tag: {', '.join(parts)} (goal: at most {GOAL_S})")
    for said in sorted(set(refused))[:5]:
        print(f"  refused: {said}")
    return not lost and not site.orphans and status == 0 and max(took, default=0) <= GOAL_S


if __name__ == "__main__":
    main()
