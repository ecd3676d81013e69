"""How the site bears many people who tag at once, on photos and mosaics.

    python benchmarks/load.py [--taggers 200] [--seconds 60] [--scenes all|mosaics|photos] [--postgresql] [--json]

A fresh data folder gets drawn mosaics and drawn photos of 12 and 48 megapixels, and accounts that are logged in.
`manage.py serve` runs as on a real site (no debugging); one process plays everybody, each sending a tag a second on a
connection that is kept open. Afterwards every acknowledged tag is looked for in the database, and its crop's pixels
once they are cut. The players share the machine's cores with the site.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path[:0] = [str(ROOT)]

from benchmarks.goals import Goal  # noqa: E402
from benchmarks.machine import machine_facts  # noqa: E402
from benchmarks.postgresql import free_port, own_server  # noqa: E402
from benchmarks.scheduler_load import cpu_seconds  # noqa: E402
from benchmarks.tables import table  # noqa: E402
from benchmarks.tagging_load import Account, Ground, write_plan  # noqa: E402
from benchmarks.workplace import measured_in_child, peak_memory_mb, start_django  # noqa: E402

WORK = ROOT / "build" / "load"
# Both the processes that prepare and the site must sign sessions alike.
SECRET_KEY = "for-a-benchmark-on-one-machine-and-nothing-else"  # noqa: S105
PHOTOS_PX = {"12mp": (4000, 3000), "48mp": (8000, 6000)}
PHOTOS_EACH, MOSAICS, MOSAIC_PX = 2, 2, (6000, 5000)
WARM_UP_S = 5.0
PASSES_S = 0.5  # between two looks at the processes


def drawn(size_px: tuple[int, int], seed: int) -> Any:
    """A picture with as much in it as ground has: coarse shapes and fine grain, uint8 (H, W, 3)."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(seed)
    coarse = random.integers(40, 200, (size_px[1] // 100, size_px[0] // 100, 3)).astype(np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize(size_px, Image.Resampling.BICUBIC))
    grain = random.integers(0, 40, (512, 512, 3)).astype(np.uint8)
    repeats = (size_px[1] // 512 + 1, size_px[0] // 512 + 1, 1)
    return picture + np.tile(grain, repeats)[: size_px[1], : size_px[0]]


def scenes(wanted: str, folder: Path) -> list[Ground]:
    """Draw the scenes and take them in."""
    import rasterio
    from PIL import Image

    from damage.ingestion.services import ingest_mosaic, ingest_photo

    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    for number in range(MOSAICS if wanted != "photos" else 0):
        path = folder / f"mosaic-{number}.tif"
        width, height = MOSAIC_PX
        profile = {"driver": "GTiff", "width": width, "height": height, "count": 3, "dtype": "uint8"}
        tiled = {"tiled": True, "compress": "jpeg", "photometric": "ycbcr", "crs": "EPSG:32615"}
        transform = rasterio.Affine(0.07, 0, 240_000 + 1000 * number, 0, -0.07, 1_820_000)
        with rasterio.open(path, "w", **profile, **tiled, transform=transform) as mosaic:
            mosaic.write(drawn(MOSAIC_PX, number).transpose(2, 0, 1))
        taken.append(ingest_mosaic(path, event="Load", town="Mosaics").scene)
    for name, size_px in PHOTOS_PX.items():
        for number in range(PHOTOS_EACH if wanted != "mosaics" else 0):
            path = folder / f"{name}-{number}.jpg"
            Image.fromarray(drawn(size_px, 100 + number)).save(path, "JPEG", quality=90)
            taken.append(ingest_photo(path, event="Load", town="Photos").scene)
    return [Ground(scene.pk, scene.width_px, scene.height_px) for scene in taken]


def accounts(count: int) -> list[Account]:
    """People who are logged in, made directly in the database."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.utils.crypto import get_random_string

    from damage.accounts.models import Role, User

    people = []
    for number in range(count):
        person = User.objects.create(username=f"tagger-{number:03}", role=Role.VOLUNTEER)
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.create()
        people.append(Account(person.username, str(session.session_key), get_random_string(32)))
    return people


@contextmanager
def served(folder: Path, database_url: str) -> Iterator[tuple[int, int]]:
    """Run `manage.py serve` as a real site would; gives its process and its port."""
    port = free_port()
    settings = {"DAMAGE_DEBUG": "0", "DAMAGE_DATA": str(folder), "DATABASE_URL": database_url}
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}) as site:
        try:
            _wait_for(port, site)
            yield site.pid, port
        finally:
            site.terminate()
            site.wait(60)


def _wait_for(port: int, site: "subprocess.Popen[bytes]") -> None:
    from http.client import HTTPConnection, HTTPException

    deadline = monotonic() + 300
    while monotonic() < deadline and site.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/api/v1/tags/")
            connection.getresponse()
            return
        except (OSError, HTTPException):
            sleep(0.2)
        finally:
            connection.close()
    raise SystemExit("The site did not start.")


class Watch:
    """What the site's processes use, by what they do: processor time, and memory now and then."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._ended = Event()
        self._cpu_s: dict[tuple[str, int], float] = {}
        self._peaks_mb: dict[tuple[str, int], float] = {}
        self.most_together_mb: dict[str, float] = {}
        self._thread = Thread(target=self._look_on)

    def __enter__(self) -> "Watch":
        self._look(first := {})
        self._before = dict(first)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()
        self._look(self._cpu_s)

    def cpu_s(self, role: str) -> float:
        """Processor time of the processes of a role since the beginning."""
        return sum(used - self._before.get(key, 0.0) for key, used in self._cpu_s.items() if key[0] == role)

    def peak_mb(self, role: str) -> float:
        """The most memory that any process of a role held."""
        return max((peak for key, peak in self._peaks_mb.items() if key[0] == role), default=0.0)

    def _look_on(self) -> None:
        while not self._ended.wait(PASSES_S):
            self._look(self._cpu_s)

    def _look(self, cpu_s: dict[tuple[str, int], float]) -> None:
        together: dict[str, float] = {}
        for pid in descendants(self._root):
            try:
                role = role_of(pid)
                cpu_s[role, pid] = cpu_seconds(pid)
                self._peaks_mb[role, pid] = peak_memory_mb(pid)
                for each in (role, "all"):
                    together[each] = together.get(each, 0.0) + _memory_mb(pid)
            except (OSError, ValueError):  # it has ended meanwhile
                continue
        for each, megabytes in together.items():
            self.most_together_mb[each] = max(self.most_together_mb.get(each, 0.0), megabytes)


def descendants(pid: int) -> list[int]:
    """A process and all that it, and what it started, started."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(one) for task in tasks for one in (task / "children").read_text().split()]
    except OSError:
        return []
    return [pid, *(each for child in children for each in descendants(child))]


def role_of(pid: int) -> str:
    """What a process of the site does."""
    command = Path(f"/proc/{pid}/cmdline").read_text()
    named = {"db_worker": "worker", "cut_crops": "cutter", "serve\0": "serve"}
    return next((role for word, role in named.items() if word in command), "web")


def _memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return round(int(kib) * 1024 / 1e6, 1)


def check(acknowledged: list[list[Any]]) -> int:
    """How many acknowledged tags are not in the database as they were given last."""
    from tagging.models import Tag

    rows = Tag.objects.values_list("tagger__username", "crop__scene", "crop__x_px", "crop__y_px", "answer")
    there = {row[:4]: row[4] for row in rows.iterator()}
    last = {tuple(one[:4]): one[4] for one in acknowledged}
    return sum(there.get(place) != answer for place, answer in last.items())


def wait_for_pixels(patience_s: float) -> dict[str, Any]:
    """How long it takes until every crop has its pixels, and how many have none then, or no file."""
    from django.core.files.storage import default_storage

    from tagging.models import Crop

    begun, behind = monotonic(), Crop.objects.pending().count()
    while Crop.objects.pending().exists() and monotonic() - begun < patience_s:
        sleep(0.5)
    names = Crop.objects.with_pixels().values_list("image", flat=True)
    return {
        "crops": Crop.objects.count(),
        "behind_at_the_end": behind,
        "seconds_until_all_are_cut": round(monotonic() - begun, 1),
        "without_pixels": Crop.objects.pending().count(),
        "without_file": sum(not default_storage.exists(name) for name in names),
    }


def measure(options: argparse.Namespace, database_url: str) -> dict[str, Any]:
    """Everything that the benchmark says."""
    os.environ["DAMAGE_SECRET_KEY"] = SECRET_KEY
    start_django(WORK / "data", empty=True, database_url=database_url)
    from django.db import connections

    grounds, people = scenes(options.scenes, WORK / "drawn"), accounts(options.taggers)
    connections.close_all()
    machine = machine_facts()
    plan = WORK / "data" / "plan.json"
    with served(WORK / "data", database_url) as (pid, port):
        write_plan(plan, port, people, grounds)
        # Each process of the site imports its views with its first request; that is no cost of tagging.
        measured_in_child("tagging_load", plan=plan, seconds=WARM_UP_S, tags_per_s=options.rate)
        with Watch(pid) as watch:
            tagged = measured_in_child(
                "tagging_load", plan=plan, seconds=options.seconds, tags_per_s=options.rate
            )
        pixels = wait_for_pixels(patience_s=600)
    acknowledged = json.loads(plan.with_suffix(".acknowledged.json").read_text())
    tags = max(1, len(acknowledged))
    return {
        "machine": machine,
        "database": "PostgreSQL" if database_url else "SQLite",
        "taggers": options.taggers,
        "seconds": options.seconds,
        "scenes": options.scenes,
        "tagging": tagged,
        "cpu_ms_per_tag": {
            role: round(1000 * watch.cpu_s(role) / tags, 2) for role in ("web", "cutter", "worker")
        },
        "memory_mb": {
            "web, any": watch.peak_mb("web"),
            "cutter": watch.peak_mb("cutter"),
            **{f"{role}, together": round(mb, 1) for role, mb in watch.most_together_mb.items()},
        },
        "lost": check(acknowledged),
        "pixels": pixels,
    }


def goals(result: dict[str, Any]) -> list[Goal]:
    """What issue 11 asks for."""
    tagged, pixels = result["tagging"], result["pixels"]
    errors = sum(count for status, count in tagged["statuses"].items() if status != "201")
    return [
        Goal("acknowledged tags/s", tagged["acknowledged_per_s"], 0.98 * result["taggers"]),
        Goal("p95, ms", tagged["latency_ms"]["p95"], 300, at_most=True),
        Goal("processor time of the web processes per tag, ms", result["cpu_ms_per_tag"]["web"], 5, True),
        Goal("memory of the web processes together, MB", result["memory_mb"]["web, together"], 600, True),
        Goal("acknowledged tags that are not there", result["lost"], 0, True),
        Goal("crops without pixels in the end", pixels["without_pixels"] + pixels["without_file"], 0, True),
        Goal("answers other than 201", errors, 0, True),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--taggers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=1.0, help="tags a second of each tagger")
    parser.add_argument("--scenes", choices=("all", "mosaics", "photos"), default="all")
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL server of its own")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        database_url = stack.enter_context(own_server()).url if options.postgresql else ""
        result = measure(options, database_url)
    result["goals"] = [goal.as_json() for goal in goals(result)]
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print({name: value for name, value in result.items() if name not in ("goals", "machine")})
    print(result["machine"]["processor"], "load before:", result["machine"]["load_before"])
    rows = [
        {
            "": goal["name"],
            "measured": goal["value"],
            "goal": f"at {'most' if goal['at_most'] else 'least'} {goal['goal']:g}",
            "met": "yes" if goal["is_met"] else "no",
        }
        for goal in result["goals"]
    ]
    print(table(rows))


if __name__ == "__main__":
    main()
