"""All that is looked at, in order, and what is put right of it."""

import logging
from collections.abc import Callable, Iterator
from itertools import chain

from damage.disk import trouble_explained
from damage.doctor.files import file_findings
from damage.doctor.findings import Finding
from damage.doctor.installation import database_findings, installation_findings
from damage.doctor.scenes import scene_findings
from damage.doctor.work import work_findings
from damage.errors import Refused
from damage.messages import Message as _
from damage.work.progress import Progress, no_progress

logger = logging.getLogger(__name__)


def examine(*, mend: bool = False, thorough: bool = False, progress: Progress = no_progress) -> list[Finding]:
    """Everything that is wrong with the installation and its data; with `mend`, what is safe is put right at once.

    Work folders come first: sweeping them takes files along that would be found without a row.
    """
    if findings := list(database_findings()):
        return findings
    parts: tuple[Callable[[], Iterator[Finding]], ...] = (
        installation_findings,
        work_findings,
        lambda: scene_findings(thorough=thorough, progress=progress),
        file_findings,
    )
    for finding in chain.from_iterable(part() for part in parts):
        findings.append(finding)
        if mend and finding.mend:
            _mend(finding)
    return findings


def _mend(finding: Finding) -> None:
    """Put one thing right; that it fails stops no other."""
    try:
        with trouble_explained():
            finding.mended = finding.mend() if finding.mend else ""
    except Refused as error:
        finding.not_mended = str(error)
    except Exception as error:  # whatever it is, the rest is to be mended all the same
        logger.exception("%s of %s could not be mended", finding.check, finding.subject)
        finding.not_mended = _("%(kind)s: %(words)s") % {"kind": type(error).__name__, "words": str(error)}
