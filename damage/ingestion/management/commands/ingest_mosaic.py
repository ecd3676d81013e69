from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from damage.ingestion.commands import IngestCommand
from damage.ingestion.reports import ingest_files
from damage.ingestion.services import ingest_mosaic
from damage.work.progress import progress_bar


class Command(IngestCommand):
    help = "Take in orthomosaics (8-bit RGB or RGBA GeoTIFF with a coordinate system) of a town."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a GeoTIFF")
        self.add_place(parser)
        parser.add_argument(
            "--in-place", action="store_true", help="use the file where it lies instead of a copy"
        )

    def run(
        self, *, files: list[Path], event: str, town: str, in_place: bool, **options: Any
    ) -> dict[str, Any]:
        place = {"event": event, "town": town, **self.told(options)}
        with progress_bar("Mosaics", "mosaic") as progress:
            reports = ingest_files(
                files, lambda path: ingest_mosaic(path, in_place=in_place, **place), progress
            )
        return self.result(reports)
