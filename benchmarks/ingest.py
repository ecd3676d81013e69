"""What taking in a drone photo costs, and where: `python benchmarks/ingest.py [PHOTO...] [--photos 12] [--mpx 12]`.

Without photos it draws some, as large as `--mpx` says. Each stage is measured alone in this process, best of three;
then the whole service on all photos, one after the other, as `ingest_photos` and the worker do.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
QUALITY = 95  # drones write large files


def draw_photos(folder: Path, count: int, mpx: float) -> list[Path]:
    """JPEGs of clouds and grain, each different."""
    width = round((mpx * 1e6 * 4 / 3) ** 0.5)
    size = (width, width * 3 // 4)
    paths = []
    for number in range(count):
        random = np.random.default_rng(number)
        clouds = Image.fromarray(random.integers(0, 255, (size[1] // 12, size[0] // 12, 3), dtype=np.uint8))
        pixels = np.asarray(clouds.resize(size, Image.Resampling.BICUBIC)).astype(np.int16)
        grain = random.integers(-12, 13, pixels.shape, dtype=np.int16)
        paths.append(folder / f"DJI_{number:04}.JPG")
        Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)).save(paths[-1], quality=QUALITY)
    return paths


def measured(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What the work gives, and the fewest seconds and seconds of processor time of three times."""
    wall, cpu = [], []
    for _ in range(3):
        begun, used = perf_counter(), process_time()
        result = work()
        wall.append(perf_counter() - begun)
        cpu.append(process_time() - used)
    return result, min(wall), min(cpu)


def stages(path: Path, folder: Path) -> list[dict[str, Any]]:
    """Seconds of each stage for one photo."""
    from damage.ingestion.photos import read_usable_photo
    from damage.ingestion.viewing import write_photo_view

    def digest() -> str:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()

    photo, *reading = measured(lambda: read_usable_photo(path, max_mpx=200))
    parts = {
        "SHA-256": measured(digest)[1:],
        "decoding, EXIF": reading,
        "view": measured(lambda: write_photo_view(photo.pixels, folder / "view.tif"))[1:],
    }
    return [
        {
            "stage": name,
            "s": f"{wall:.3f}",
            "processor s": f"{cpu:.3f}",
            "of decoding": f"{cpu / reading[1]:.2f}",
        }
        for name, (wall, cpu) in parts.items()
    ]


def processor_s(pid: int | None) -> float:
    """Processor time of a process until now, as the system counts it (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def whole_service(paths: list[Path], *, decoding_s: float) -> dict[str, Any]:
    """Seconds a photo of all that `ingest_photos` does; the process that decodes is started before."""
    from damage.ingestion.decoding import _decoder
    from damage.ingestion.services import ingest_files, ingest_photo

    ingest_photo(paths[0], event="Quake", town="Warming up")
    begun, used = perf_counter(), process_time() + processor_s(_decoder.pid)
    reports = ingest_files(paths[1:], lambda path: ingest_photo(path, event="Quake", town="Town"))
    wall_s, cpu_s = perf_counter() - begun, process_time() + processor_s(_decoder.pid) - used
    if {report.status for report in reports} != {"added"}:
        sys.exit(f"Not all came in: {reports}")
    count = len(reports)
    return {
        "stage": "whole service",
        "s": f"{wall_s / count:.3f}",
        "processor s": f"{cpu_s / count:.3f}",
        "of decoding": f"{cpu_s / count / decoding_s:.2f}",
    }


def main() -> None:
    from benchmarks.machine import machine_facts
    from benchmarks.tables import table
    from benchmarks.workplace import start_django

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", metavar="PHOTO", nargs="*", type=Path)
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--mpx", type=float, default=12.0)
    options = parser.parse_args()
    facts = machine_facts()
    with TemporaryDirectory(prefix="damage-ingest-") as name:
        folder = Path(name)
        start_django(folder / "site", empty=True)
        paths = options.paths or draw_photos(folder, options.photos, options.mpx)
        rows = stages(paths[0], folder)
        copies = [
            Path(shutil.copy(path, folder / f"{number}-{path.name}")) for number, path in enumerate(paths)
        ]
        rows.append(whole_service(copies, decoding_s=float(rows[1]["processor s"])))
    print(json.dumps(facts))
    print(table(rows))


if __name__ == "__main__":
    main()
