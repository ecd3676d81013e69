from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from damage.ingestion.commands import IngestCommand
from damage.ingestion.odm.services import ingest_odm
from damage.work.progress import progress_bar
from prediction.placing import place_anew, placed_words

POSE_WORDS = {"placed": "placed", "already": "already so", "unmatched": "no photo", "refused": "refused"}


class Command(IngestCommand):
    help = (
        "Take in a folder that OpenDroneMap or WebODM wrote: its orthophoto as a mosaic, the photos in images/, and "
        "its camera poses, by which photos know which ground they show."
    )

    taken_help = "when it was taken, as 2023-02-08 or 2023-02-08T10:15+03:00; default: what the photos say"

    nothing = "There was no orthophoto and no photo."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path, help="the project's folder")
        self.add_place(parser)

    def run(self, *, folder: Path, event: str, town: str, **options: Any) -> dict[str, Any]:
        with progress_bar("Photos", "photo") as progress:
            report = ingest_odm(folder, event=event, town=town, progress=progress, **self.told(options))
        anew = place_anew(report.photos)
        counts = Counter(pose.status for pose in report.poses)
        result = self.result(report.files)
        has_come = bool(result["added"] + result["already"] + counts["placed"] + counts["already"])
        return {
            **result,
            "ok": has_come and not result["refused"] and not counts["refused"] and not anew.runs_left,
            "poses": {status: counts[status] for status in POSE_WORDS},
            "photos": [asdict(pose) for pose in report.poses],
            **anew.as_result(),
        }

    def describe(self, result: dict[str, Any]) -> str:
        poses = [
            f"{POSE_WORDS[pose['status']]:>13}  {pose['file']}  {pose['reason']}".rstrip()
            for pose in result["photos"]
        ]
        totals = ", ".join(f"{result['poses'][status]} {word}" for status, word in POSE_WORDS.items())
        return "\n".join([super().describe(result), *poses, f"Camera poses: {totals}", placed_words(result)])
