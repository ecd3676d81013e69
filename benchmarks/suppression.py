"""Non-maximum suppression of a million boxes.

    python benchmarks/suppression.py [--boxes 1000000] [--json]

Three heaps: windows side by side as over a mosaic, boxes at random, and boxes that nearly all overlap.
"""

import argparse
import json
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

SIDE_PX, STRIDE_PX = 299, 209


def heaps(count: int) -> dict[str, np.ndarray]:
    """Boxes (N, 4) by name."""
    random = np.random.default_rng(0)
    along = round(count**0.5)
    grid = np.stack(np.meshgrid(np.arange(along), np.arange(along)), axis=-1).reshape(-1, 2) * STRIDE_PX
    corners = {
        "windows of a mosaic": grid,
        "at random": random.integers(0, along * STRIDE_PX, (count, 2)),
        "nearly all on one spot": random.integers(0, 10 * SIDE_PX, (count, 2)),
    }
    return {name: np.column_stack([xy, np.full_like(xy, SIDE_PX)]) for name, xy in corners.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--boxes", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]
    from prediction.suppression import kept_boxes

    rows = []
    for name, boxes in heaps(options.boxes).items():
        scores = np.random.default_rng(1).random(len(boxes))
        for max_iou in (0.0, 0.3):
            begun = perf_counter()
            kept = len(kept_boxes(boxes, scores, max_iou=max_iou))
            seconds = round(perf_counter() - begun, 1)
            rows.append(
                {"boxes": name, "count": len(boxes), "max_iou": max_iou, "kept": kept, "seconds": seconds}
            )
    print(json.dumps(rows, indent=2) if options.json else "\n".join(map(str, rows)))


if __name__ == "__main__":
    main()
