"""How long a new model takes after ten new tags, and how feature extraction and training compare with plain Keras.

    python benchmarks/retraining.py [--data ../shared/data] [--backbone efficientnet-lite0] [--json]

A question with 1,000 tagged crops of three towns has a model, so their features are kept. Ten more crops are tagged,
and the whole training is timed, from the request to the stored run: in a process that has trained before (a warm
`db_worker`), in one that has loaded what it needs (a `db_worker` before its first training), in one that has only just
started Django, and as the command `manage.py train`, with all that it imports.
`--data` names the developers' folder of real crops; without it, squares are drawn.
"""

import argparse
import csv
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path[:0] = [str(ROOT)]

from benchmarks.goals import Goal  # noqa: E402
from benchmarks.machine import machine_facts  # noqa: E402
from benchmarks.tables import table  # noqa: E402
from benchmarks.workplace import measured_in_child, start_django  # noqa: E402

WORK = ROOT / "build" / "retraining"
EVENT = "Benchmark"
CROPS, NEW_TAGS, ROUNDS = 1000, 10, 5
SECONDS, COMMAND_SECONDS = 1.0, 5.0
SIZE_PX = 60


def crops_of(data: Path | None, folder: Path) -> list[dict[str, str]]:
    """Rows of a list of crops (file, town, label) with an answer, the towns mixed; drawn where there is no data."""
    if data is None:
        return list(_drawn(folder / "squares"))
    with (data / "crops.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["label"] != "unsure"]
    for row in rows:  # a list names files beside it alone
        place = folder / row["file"]
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(data / row["file"], place)
    names = ("file", "town", "label", "size_px", "gsd_m")
    return _mixed([{name: row[name] for name in names} for row in rows])


def _mixed(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    import numpy as np

    return [rows[index] for index in np.random.default_rng(0).permutation(len(rows))]


def _drawn(folder: Path) -> Iterator[dict[str, str]]:
    """Squares of three towns: plain ground, with rubble (noise) in every other."""
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for number in range(CROPS + NEW_TAGS * (ROUNDS + 4)):
        is_damaged = bool(number % 2)
        coarse = random.integers(60, 190, (4, 4, 3)).astype(np.uint8)
        ground = np.asarray(Image.fromarray(coarse).resize((SIZE_PX, SIZE_PX), Image.Resampling.BICUBIC))
        noise = random.normal(0, 30 if is_damaged else 4, ground.shape)
        path = folder / f"{number}.png"
        Image.fromarray(np.clip(ground + noise, 0, 255).astype(np.uint8)).save(path)
        label = "damage" if is_damaged else "no_damage"
        yield {"file": str(path), "town": ["Norte", "Este", "Sur"][number // 2 % 3], "label": label,
               "size_px": str(SIZE_PX), "gsd_m": "0.5"}  # fmt: skip


def tag(rows: list[dict[str, str]], folder: Path) -> None:
    """Have rows of the list stored as crops with their label as a tag."""
    from tagging.importing import import_crops

    path = folder / "crops.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    import_crops(path, event=EVENT)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Everything, in fresh processes on a database of its own."""
    start_django(WORK, empty=True)
    rows = crops_of(options.data, WORK)
    tag(rows[:CROPS], WORK)
    asked = {"folder": WORK, "backbone": options.backbone}
    given = iter(rows[CROPS + start :][:NEW_TAGS] for start in range(0, len(rows) - CROPS, NEW_TAGS))
    measured_in_child("retraining_measuring", what="first", **asked)  # so that features are kept
    tag(next(given), WORK)
    command = measured_in_child("retraining_measuring", what="command", **asked)
    tag(next(given), WORK)
    first = measured_in_child("retraining_measuring", what="first", **asked)
    tag(next(given), WORK)
    loaded = measured_in_child("retraining_measuring", what="loaded", **asked)
    batches = [next(given) for _ in range(ROUNDS)]
    warm = measured_in_child("retraining_measuring", what="warm", batches=batches, **asked)
    plain = measured_in_child("retraining_measuring", what="plain", **asked)
    return {
        "backbone": options.backbone,
        "crops": "drawn" if options.data is None else "real",
        "machine": machine_facts(),
        "warm": warm,
        "loaded": loaded,
        "first": first,
        "command": command,
        "plain_keras": plain,
    }


def goals(result: dict[str, Any]) -> list[Goal]:
    """What is asked of it."""
    warm, command, plain = result["warm"], result["command"], result["plain_keras"]
    return [
        Goal("seconds after ten new tags, in a process that trained before", warm["seconds"], SECONDS, at_most=True),
        Goal("seconds after ten new tags, the whole command", command["seconds"], COMMAND_SECONDS, at_most=True),
        Goal("times a plain Keras loop, features", plain["features"]["ratio"], 1.0),
        Goal("times a plain Keras loop, training the head", plain["head"]["ratio"], 1.0),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of real crops; default: squares are drawn")
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.data and not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv")
    if options.data:
        options.data = options.data.resolve()
    result = measured(options)
    found = goals(result)
    if options.json:
        print(json.dumps(result | {"goals": [goal.as_json() for goal in found]}, indent=2))
        return
    print(table([
        {"": goal.name, "measured": goal.value, "goal": f"at {'most' if goal.at_most else 'least'} {goal.goal:g}",
         "met": "yes" if goal.is_met else "no"}
        for goal in found
    ]))  # fmt: skip
    shown = {name: result[name]["seconds"] for name in ("warm", "loaded", "first", "command")}
    print(
        table([{"training after ten new tags": name, "seconds": seconds} for name, seconds in shown.items()])
    )
    print(json.dumps(result["plain_keras"], indent=2))


if __name__ == "__main__":
    main()
