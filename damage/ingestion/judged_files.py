"""The quality of photos as they come in: what is reported of it, and which do not come in for it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.conf import settings

from damage.errors import Refused
from damage.file_names import shown_name
from damage.ingestion.decoding import decode_photo
from damage.ingestion.models import Scene
from damage.ingestion.photo_problems import Problem, problem_words
from damage.ingestion.photo_quality import Finding, JudgedPhoto, judge
from damage.ingestion.places import find_towns
from damage.ingestion.quality import judge_flights, photos_of
from damage.ingestion.reports import FileReport
from damage.ingestion.services import sha256_of
from damage.messages import Message, listed, sentences
from damage.messages import Message as _
from damage.work.progress import Progress, no_progress


def with_problems(reports: Sequence[FileReport]) -> list[FileReport]:
    """The reports with what is wrong with the photos, after all their flights were judged anew."""
    numbers = [report.scene for report in reports if report.scene]
    judge_flights(Scene.objects.in_bulk(numbers).values())
    scenes = Scene.objects.defer("crs_wkt", "footprint_4326").prefetch_related("problems").in_bulk(numbers)
    return [_with_problems(report, scenes[report.scene]) if report.scene else report for report in reports]


def _with_problems(report: FileReport, scene: Scene) -> FileReport:
    problems = scene.open_problems
    note = listed(*(problem.words for problem in problems), *filter(None, [report.note]))
    return replace(report, note=str(note), problems=tuple(problem.code for problem in problems))


def left_out_of(
    paths: Sequence[Path],
    leave_out: Collection[Problem],
    *,
    event: str,
    town: str,
    taken: datetime | None = None,
    progress: Progress = no_progress,
) -> dict[Path, Message]:
    """Which photos have one of these problems, and why each does not come in.

    They are decoded one by one, and judged together with the town's photos that are here. What is here already, is no
    photo or cannot be read is passed over: taking it in says so.
    """
    there = find_towns(event, [town]).get(town)
    photos = photos_of(there) if there else []
    for done, path in enumerate(paths, start=1):
        photos += _measured(path, taken)
        progress(done, len(paths))
    reasons: dict[Path, list[Message]] = {}
    for finding in judge(photos):
        if isinstance(finding.key, Path) and finding.problem in leave_out:
            reasons.setdefault(finding.key, []).append(_words(finding))
    remedy = _("Take it in without leaving out such photos if it is needed all the same.")
    return {
        path: sentences(_("%(problems)s.") % {"problems": listed(*why)}, remedy)
        for path, why in reasons.items()
    }


def _measured(path: Path, taken: datetime | None) -> Iterator[JudgedPhoto]:
    """What a photo is judged by, if it may come in; its key is the path."""
    try:
        if Scene.objects.filter(sha256=sha256_of(path)).exists():
            return
        photo = decode_photo(path, None, max_mpx=settings.ENVIRONMENT.max_photo_mpx)
    except (Refused, OSError):
        return
    facts = photo.facts
    yield JudgedPhoto(
        path,
        lon=facts.lon,
        lat=facts.lat,
        height_above_ground_m=facts.height_above_ground_m,
        gimbal_pitch_deg=facts.gimbal_pitch_deg,
        captured_at=facts.captured_at or taken,
        camera=(facts.camera_make, facts.camera_model),
        look=photo.look,
    )


def _words(finding: Finding) -> Message:
    like = shown_name(finding.like) if isinstance(finding.like, Path) else finding.like
    return problem_words(finding.problem, finding.figure, like)
