"""What taking in a drone photo costs, and where: `python benchmarks/ingest.py [PHOTO...] [--photos 60] [--mpx 12]`.

Without photos it draws some, as large as `--mpx` says. Each stage is measured alone in this process, best of three, and
beside them a view as GDAL alone writes it; then the whole service on all photos, one at a time and as `ingest_photos`
and the worker do, side by side.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
QUALITY = 93  # with this grain, 12 megapixels make 5 to 6 MB, as a drone's do
GRAIN = 10
PICTURES = 6


def draw_photos(folder: Path, count: int, mpx: float) -> list[Path]:
    """JPEGs of clouds and grain; a few pictures, each in many files that differ in a comment (T.81, B.2.4.5)."""
    width = round((mpx * 1e6 * 4 / 3) ** 0.5)
    size = (width, width * 3 // 4)
    pictures, paths = [], []
    for number in range(min(count, PICTURES)):
        random = np.random.default_rng(number)
        clouds = Image.fromarray(random.integers(0, 255, (size[1] // 12, size[0] // 12, 3), dtype=np.uint8))
        pixels = np.asarray(clouds.resize(size, Image.Resampling.BICUBIC)).astype(np.int16)
        grain = random.integers(-GRAIN, GRAIN + 1, pixels.shape, dtype=np.int16)
        encoded = BytesIO()
        Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)).save(
            encoded, "JPEG", quality=QUALITY
        )
        pictures.append(encoded.getvalue())
    for number in range(count):
        begin, rest = pictures[number % PICTURES][:2], pictures[number % PICTURES][2:]
        paths.append(folder / f"DJI_{number:04}.JPG")
        paths[-1].write_bytes(begin + b"\xff\xfe\0\6" + f"{number:04}".encode() + rest)
    return paths


def write_view_by_gdal(pixels: np.ndarray, target: Path) -> None:
    """A photo's view as it was written before: a copy in memory, one on the disk with overviews, then compressed."""
    from rasterio.io import MemoryFile

    from damage.ingestion.viewing import _write_checked

    height, width, bands = pixels.shape
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=width, height=height, count=bands, dtype="uint8") as dataset:
            dataset.write(pixels.transpose(2, 0, 1))
        with memory.open() as dataset:
            _write_checked(dataset, target)


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
    pixels = photo.pixels
    parts = {
        "SHA-256": measured(digest)[1:],
        "decoding, EXIF": reading,
        "view, checked": measured(lambda: write_photo_view(photo.image, folder / "view.tif"))[1:],
        "view by GDAL, checked": measured(lambda: write_view_by_gdal(pixels, folder / "view.tif"))[1:],
    }
    return [
        {
            "stage": name,
            "s": f"{wall:.3f}",
            "processor s": f"{cpu:.3f}",
            "of decoding": f"{cpu / reading[1]:.2f}",
            "photos a second": "",
        }
        for name, (wall, cpu) in parts.items()
    ]


def processor_s(pid: int | None) -> float:
    """Processor time of a process until now, as the system counts it (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def all_processor_s() -> float:
    """Processor time of this process, of the child that stays, and of those that ended."""
    from benchmarks.workplace import cpu_s
    from damage.ingestion.decoding import shared_decoder

    return cpu_s() + (processor_s(shared_decoder.pid) if shared_decoder.pid else 0)


def whole_service(
    stage: str, paths: list[Path], ingest: Callable[[list[Path]], list[Any]], *, decoding_s: float
) -> dict[str, Any]:
    """Seconds a photo of all that taking in does, but for drawing and starting this process."""
    begun, used = perf_counter(), all_processor_s()
    reports = ingest(paths)
    wall_s, used_s = perf_counter() - begun, all_processor_s() - used
    if {report.status for report in reports} != {"added"}:
        sys.exit(f"Not all came in: {reports}")
    count = len(reports)
    return {
        "stage": stage,
        "s": f"{wall_s / count:.3f}",
        "processor s": f"{used_s / count:.3f}",
        "of decoding": f"{used_s / count / decoding_s:.2f}",
        "photos a second": f"{count / wall_s:.2f}",
    }


def both_ways(paths: list[Path], *, decoding_s: float) -> list[dict[str, Any]]:
    """A quarter of the photos one at a time, the others side by side; the child that all share is started before."""
    from damage.ingestion.reports import ingest_files, ingest_photos
    from damage.ingestion.services import ingest_photo

    def one_at_a_time(paths: list[Path]) -> list[Any]:
        return ingest_files(paths, lambda path: ingest_photo(path, event="Quake", town="Town"))

    def side_by_side(paths: list[Path]) -> list[Any]:
        return ingest_photos(paths, event="Quake", town="Town")

    ingest_photo(paths[0], event="Quake", town="Warming up")
    some = 1 + len(paths) // 4
    return [
        whole_service("whole service, one at a time", paths[1:some], one_at_a_time, decoding_s=decoding_s),
        whole_service("whole service, side by side", paths[some:], side_by_side, decoding_s=decoding_s),
    ]


def main() -> None:
    from benchmarks.machine import machine_facts
    from benchmarks.tables import table
    from benchmarks.workplace import busy_s, start_django

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", metavar="PHOTO", nargs="*", type=Path)
    parser.add_argument("--photos", type=int, default=60)
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
        begun, busy_before, own_before = perf_counter(), busy_s(), all_processor_s()
        rows += both_ways(copies, decoding_s=float(rows[1]["processor s"]))
        busy_elsewhere = busy_s() - busy_before - (all_processor_s() - own_before)
        facts["cores_busy_elsewhere"] = round(max(0.0, busy_elsewhere) / (perf_counter() - begun), 2)
        facts["mb_a_photo"] = round(sum(path.stat().st_size for path in copies) / len(copies) / 1e6, 1)
    print(json.dumps(facts))
    print(table(rows))


if __name__ == "__main__":
    main()
