"""Draws a map's first tiles in eight threads at once, in a process that has drawn none: `first_tiles VIEW Z X Y`.

Prints as JSON how many tiles came, how many differed, and what was imported while they were drawn.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import django

THREADS = 8


def main(view: Path, z: int, x: int, y: int) -> None:
    django.setup()
    from damage.ingestion.map_tiles import read_map_tile

    imported = set(sys.modules)
    together = Barrier(THREADS)

    def draw(_thread: int) -> bytes:
        together.wait()
        return read_map_tile(view, z, x, y)

    with ThreadPoolExecutor(THREADS) as pool:
        tiles = list(pool.map(draw, range(THREADS)))
    late = {name.split(".")[0] for name in set(sys.modules) - imported}
    print(json.dumps({"tiles": len(tiles), "different": len(set(tiles)), "late": sorted(late)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
