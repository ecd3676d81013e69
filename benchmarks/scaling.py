"""Predict with 1 and 2 Dask workers of one thread each, and load a scheduler with blocks of which nothing is computed.

    python benchmarks/scaling.py [--gpx 0.2] [--rounds 3] [--json]

Works in a data folder of its own below `build/`; the mosaic in it is kept for the next call.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "benchmark-scaling"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gpx", type=float, default=0.2, help="size of the mosaic in billions of pixels")
    parser.add_argument("--rounds", type=int, default=3, help="whose best counts: others use the machine too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT)]
    from benchmarks.scaling_measuring import measure

    result = measure(FOLDER, gpx=options.gpx, rounds=options.rounds)
    print(json.dumps(result, indent=2) if options.json else described(result))


def described(result: dict) -> str:
    """The figures for a person."""
    lines = [f"{name}: {value}" for name, value in result.items() if not isinstance(value, dict)]
    for name, values in result.items():
        if isinstance(values, dict):
            lines += [name, *(f"  {key}: {value}" for key, value in values.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
