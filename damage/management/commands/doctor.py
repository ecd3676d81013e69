from argparse import ArgumentParser
from collections import Counter
from typing import Any

from damage.commands import JsonCommand
from damage.doctor.findings import Severity
from damage.doctor.services import examine
from damage.tables import markdown_table
from damage.work.progress import progress_bar

MOST_LINES = 20


class Command(JsonCommand):
    help = (
        "Look for what is wrong with this installation and its data: files without rows, rows without files, broken "
        "views, changed sources, left-overs of killed processes, missing libraries. Ends with status 0 where all is "
        "well (or was mended; notes do not count), with 1 where something is wrong."
    )
    not_ok = "Something is wrong; see above."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--mend",
            action="store_true",
            help="put right what can be safely: views are written again from their scenes, left-overs are "
            "removed, files without a row are moved out of the way; nothing that a row names or that a running "
            "process uses is touched",
        )
        parser.add_argument(
            "--thorough",
            action="store_true",
            help="also decode every view and read every source whole (as long as taking them in, about)",
        )

    def run(self, *, mend: bool, thorough: bool, **options: Any) -> dict[str, Any]:
        with progress_bar("Scenes", "scene") as progress:
            findings = examine(mend=mend, thorough=thorough, progress=progress)
        return {
            "ok": not any(finding.is_wrong for finding in findings),
            "findings": [finding.as_json() for finding in findings],
        }

    def describe(self, result: dict[str, Any]) -> str:
        findings = result["findings"]
        if not findings:
            return "All is well."
        rank = [str(severity) for severity in Severity]
        ordered = sorted(findings, key=lambda finding: rank.index(finding["severity"]))
        seen: Counter[str] = Counter()
        rows = []
        for finding in ordered:
            seen[finding["check"]] += 1
            if seen[finding["check"]] <= MOST_LINES:
                rows.append(_row(finding))
        more = [
            f"{count - MOST_LINES} more of {check}: --json lists all."
            for check, count in seen.items()
            if count > MOST_LINES
        ]
        totals = Counter("mended" if finding["mended"] else finding["severity"] for finding in findings)
        counts = ", ".join(f"{totals[name]} {name}" for name in (*rank, "mended") if totals[name])
        table = markdown_table(("severity", "check", "of", "what", "remedy"), rows)
        return "\n".join([table, *more, counts])


def _row(finding: dict[str, Any]) -> tuple[str, ...]:
    remedy = finding["mended"] or finding["remedy"]
    if finding["not_mended"]:
        remedy = f"Not mended: {finding['not_mended']}"
    severity = "mended" if finding["mended"] else finding["severity"]
    return severity, finding["check"], finding["subject"], finding["what"], remedy
