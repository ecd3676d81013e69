"""Write a model run as one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from damage.commands import JsonCommand
from training.lookup import find_model_run
from training.registry.exchange import export_model


class Command(JsonCommand):
    help = (
        "Write a finished model run as one file for other sites: weights, model card, STAC Item, metrics, licence, "
        "with the digest of each. No imagery and no tags are in it. Send the printed sha256 another way than the file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, help="number of a finished model run")
        parser.add_argument(
            "--out", required=True, type=Path, metavar="FILE", help="such as towns.damage-model"
        )
        parser.add_argument("--site", default="", help="the name of this site, for whoever imports it")

    def run(self, **options: Any) -> dict[str, Any]:
        path: Path = options["out"]
        sha256 = export_model(find_model_run(options["run"]), path, site=options["site"])
        return {
            "model_run": options["run"],
            "file": str(path),
            "sha256": sha256,
            "size_bytes": path.stat().st_size,
        }

    def describe(self, result: dict[str, Any]) -> str:
        return f"{result['file']}: {result['size_bytes'] / 1e6:.1f} MB\nsha256 {result['sha256']}"
