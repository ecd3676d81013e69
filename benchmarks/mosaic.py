"""Predict a mosaic as large as Juchitán's, beside the thesis's way and beside the network alone.

    python benchmarks/mosaic.py [--gpx 1.22] [--data ../shared/data] [--backbone efficientnet-lite0]
                                [--peers] [--fresh] [--json]

Works in a data folder of its own below `build/`; the mosaics in it are kept for the next call (`--fresh` writes them
anew), all else is made anew each time. `--peers` measures torchgeo, a plain PyTorch loop and GeoDeep too, in an
environment of their own below `build/`, which the first such call installs (6 GB).
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "benchmark-mosaic"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gpx", type=float, default=1.22, help="size in billions of pixels")
    parser.add_argument(
        "--data", type=Path, help="folder of real imagery, to mirror instead of a practice town"
    )
    parser.add_argument("--backbone", default="efficientnet-lite0", help="an EfficientNet-Lite")
    parser.add_argument(
        "--peers", action="store_true", help="measure other programs beside ours (installs 6 GB below build/)"
    )
    parser.add_argument("--fresh", action="store_true", help="write the mosaics anew")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not 0.005 <= options.gpx <= 100:
        parser.error("--gpx must lie between 0.005 and 100")
    sys.path[:0] = [str(ROOT)]
    from benchmarks.goals import table
    from benchmarks.mosaic_measuring import measure

    result = measure(
        FOLDER,
        gpx=options.gpx,
        data=options.data,
        backbone=options.backbone,
        peers=options.peers,
        fresh=options.fresh,
    )
    print(json.dumps(result, indent=2) if options.json else table(result))


if __name__ == "__main__":
    main()
