from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from damage.file_names import shown_name
from damage.ingestion.commands import IngestCommand
from damage.ingestion.judged_files import left_out_of, with_problems
from damage.ingestion.photo_problems import Problem, read_problems
from damage.ingestion.reports import FileReport, ingest_photos, passed_over_in, photos_in
from damage.work.progress import progress_bar


class Command(IngestCommand):
    help = "Take in drone photos (JPEG, PNG, TIFF, HEIC) of a town. A folder stands for the photos below it."

    taken_help = "when those were taken that do not say it, as 2023-02-08 or 2023-02-08T10:15+03:00"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "paths", metavar="PATH", nargs="+", type=Path, help="a photo, or a folder of photos"
        )
        self.add_place(parser)
        parser.add_argument(
            "--leave-out",
            default="",
            metavar="PROBLEMS",
            help="photos with one of these problems do not come in; by commas, of: " + ", ".join(Problem),
        )

    def run(
        self, *, paths: list[Path], event: str, town: str, leave_out: str, **options: Any
    ) -> dict[str, Any]:
        place: dict[str, Any] = {"event": event, "town": town}
        told, unwanted = self.told(options), read_problems(leave_out.split(","))
        photos = photos_in(paths)
        left_out = {}
        if unwanted:
            with progress_bar("Looking", "photo") as progress:
                left_out = left_out_of(photos, unwanted, **place, taken=told["taken"], progress=progress)
        with progress_bar("Photos", "photo") as progress:
            wanted = [path for path in photos if path not in left_out]
            reports = ingest_photos(wanted, progress=progress, **place, **told)
        return self.result(
            with_problems(reports)
            + [FileReport(shown_name(path), "left_out", reason=str(why)) for path, why in left_out.items()]
            + passed_over_in(paths)
        )
