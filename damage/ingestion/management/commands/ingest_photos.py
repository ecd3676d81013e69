from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from damage.ingestion.commands import IngestCommand
from damage.ingestion.services import ingest_photos, passed_over_in, photos_in
from damage.work.progress import progress_bar


class Command(IngestCommand):
    help = "Take in drone photos (JPEG, PNG, TIFF, HEIC) of a town. A folder stands for the photos below it."

    taken_help = "when those were taken that do not say it, as 2023-02-08 or 2023-02-08T10:15+03:00"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "paths", metavar="PATH", nargs="+", type=Path, help="a photo, or a folder of photos"
        )
        self.add_place(parser)

    def run(self, *, paths: list[Path], event: str, town: str, **options: Any) -> dict[str, Any]:
        with progress_bar("Photos", "photo") as progress:
            reports = ingest_photos(
                photos_in(paths), progress=progress, event=event, town=town, **self.told(options)
            )
        return self.result(reports + passed_over_in(paths))
