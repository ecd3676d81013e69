"""How long `manage.py doctor` looks at many scenes, and what checking a view adds to writing it.

    python benchmarks/doctor.py [--scenes 2000] [--side 2048] [--json]

The scenes are copies of one drawn mosaic's row that share its source and its view, both in the system's cache: what is
measured is the looking, not the disk. A view is written and checked as when a mosaic comes in.
"""

import argparse
import json
import sys
from hashlib import sha256
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path[:0] = [str(ROOT)]

from benchmarks.machine import machine_facts  # noqa: E402
from benchmarks.tables import table  # noqa: E402
from benchmarks.workplace import start_django  # noqa: E402

WORK = ROOT / "build" / "doctor"
BLOCK_PX = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scenes", type=int, default=2000)
    parser.add_argument("--side", type=int, default=2048, help="pixels along a side of the mosaic")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    start_django(WORK, empty=True)
    source = WORK / "drawn.tif"
    write_mosaic(source, options.side)
    result = {"machine": machine_facts(), **measured_view(source), **measured_looking(source, options.scenes)}
    print(json.dumps(result, indent=2) if options.json else table([result | {"machine": ""}]))


def write_mosaic(path: Path, side_px: int) -> None:
    """A GeoTIFF of random squares in deflated tiles."""
    import rasterio

    small = np.random.default_rng(1).integers(1, 255, (3, side_px // BLOCK_PX, side_px // BLOCK_PX), np.uint8)
    form = {"width": side_px, "height": side_px, "count": 3, "dtype": "uint8", "photometric": "rgb"}
    tiled = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
    place = {"crs": "EPSG:32637", "transform": rasterio.Affine(0.1, 0, 500_000, 0, -0.1, 4_160_000)}
    with rasterio.open(path, "w", driver="GTiff", **form, **tiled, **place) as mosaic:
        mosaic.write(small.repeat(BLOCK_PX, 1).repeat(BLOCK_PX, 2))


def measured_view(source: Path) -> dict[str, Any]:
    """Processor time of writing a view, and of checking it afterwards, in seconds; the least of three."""
    from damage.ingestion import viewing
    from damage.ingestion.opening import open_raster
    from damage.ingestion.view_checks import check_view, squares_of_raster

    view, written, checked = WORK / "view.tif", [], []
    for _attempt in range(3):
        with open_raster(source) as dataset:
            begun = process_time()
            viewing._write_cog(dataset, view)
            between = process_time()
            size = {"width_px": dataset.width, "height_px": dataset.height}
            check_view(view, **size, like=squares_of_raster(dataset))
            written.append(between - begun)
            checked.append(process_time() - between)
    return {
        "view_cpu_s": round(min(written), 3),
        "check_cpu_s": round(min(checked), 3),
        "check_to_view": round(min(checked) / min(written), 3),
    }


def measured_looking(source: Path, count: int) -> dict[str, Any]:
    """Processor and wall time of `scene_findings` for so many scenes, in milliseconds a scene."""
    from damage.doctor.scenes import scene_findings
    from damage.ingestion.models import Scene
    from damage.ingestion.services import ingest_mosaic

    scene = ingest_mosaic(source, event="Benchmark", town="Norte", in_place=True).scene
    copies = []
    for number in range(count - 1):
        copy = Scene.objects.get(pk=scene.pk)
        copy.pk, copy.sha256 = None, sha256(str(number).encode()).hexdigest()
        copies.append(copy)
    Scene.objects.bulk_create(copies, batch_size=100)
    begun, cpu_begun = perf_counter(), process_time()
    findings = list(scene_findings())
    wall_s, cpu_s = perf_counter() - begun, process_time() - cpu_begun
    return {
        "scenes": count,
        "findings": len(findings),
        "cpu_ms_a_scene": round(1000 * cpu_s / count, 1),
        "wall_ms_a_scene": round(1000 * wall_s / count, 1),
    }


if __name__ == "__main__":
    main()
