"""What killed processes left: their folders, and work that is said to go on."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from django.conf import settings

from damage.doctor.findings import Finding, Severity
from damage.errors import Refused, Text
from damage.messages import Message as _
from damage.stored_files import left_over_folders, sweep_left_over
from damage.work.claims import is_abandoned, record_abandoned
from damage.work.locks import LOCK_FILE, is_left_over, locked
from damage.work.models import Work
from prediction.models import PredictionRun
from prediction.recovery import folders_of_ended_runs
from training.recovery import KINDS_OF_WORK


def work_findings() -> Iterator[Finding]:
    """Work folders of nobody, and work whose process was killed; what a living process has is left alone."""
    for folder in left_over_folders():
        if _holds_anything(folder):
            yield _folder_finding(folder, partial(_swept, folder))
    of_trainings = sorted((Path(settings.DATA_DIR) / "training-work").glob("*"))
    for folder in (*folders_of_ended_runs(), *of_trainings):
        if folder.is_dir() and is_left_over(folder) and _holds_anything(folder):
            yield _folder_finding(folder, partial(_removed, folder))
    kinds: tuple[type[Work], ...] = (*KINDS_OF_WORK, PredictionRun)
    for model in kinds:
        for work in model._default_manager.filter(status=Work.Status.RUNNING):
            if is_abandoned(work):
                yield _killed(work)


def _holds_anything(folder: Path) -> bool:
    """Whether there is more in it than a lock, which some work leaves where it is."""
    try:
        return any(path.name != LOCK_FILE for path in folder.iterdir())
    except FileNotFoundError:  # its process ended in order since it was listed
        return False


def _folder_finding(folder: Path, mend: Callable[[], Text]) -> Finding:
    return Finding(
        "left_over_folder",
        Severity.WARNING,
        str(folder.relative_to(settings.DATA_DIR)),
        _("A process that was killed left it."),
        _("Remove it: manage.py doctor --mend (the site does so when it starts)"),
        mend,
    )


def _killed(work: Work) -> Finding:
    what = _("It is said to go on, and the process that carried it out was killed.")
    if isinstance(work, PredictionRun):
        remedy = _("Start the site, which goes on with it; or: manage.py predict --resume %(run)s") % {
            "run": work.pk
        }
        return Finding("killed_work", Severity.WARNING, work.named, what, remedy)
    remedy = _("Have it marked as failed: manage.py doctor --mend; then ask for it again.")
    return Finding("killed_work", Severity.WARNING, work.named, what, remedy, partial(_settled, work))


def _swept(folder: Path) -> Text:
    if not sweep_left_over(folder):
        raise Refused(_("A process works in it by now."))
    return _("It was removed.")


def _removed(folder: Path) -> Text:
    with locked(folder) as mine:
        if not mine:
            raise Refused(_("A process works in it by now."))
        shutil.rmtree(folder, ignore_errors=True)
    return _("It was removed.")


def _settled(work: Work) -> Text:
    if not record_abandoned(work):
        raise Refused(_("It goes on after all."))
    return _("It was marked as failed.")
