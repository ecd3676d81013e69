from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from damage.errors import Refused
from damage.ingestion.commands import WORDS, IngestCommand
from damage.ingestion.remote import services
from damage.messages import Message as _
from damage.tables import text_table
from damage.work.progress import progress_bar


class Command(IngestCommand):
    help = (
        "Fetch NOAA's emergency-response imagery, or other imagery of the hosts in DAMAGE_FETCH_HOSTS, and take it "
        "into a town. What is there already is not fetched again; what broke off goes on."
    )
    nothing = "No image was found there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "sources",
            metavar="EVENT|URL|FILE",
            nargs="+",
            help="a folder of NOAA's bucket (2020_Nashville_Tornado, or a flight in it), the https address of an image "
            "or of a list, or a file with a list: addresses line by line, STAC, OpenAerialMap",
        )
        self.add_place(parser, required=False)
        parser.add_argument(
            "--list-only", action="store_true", help="say what would be fetched, and fetch nothing"
        )
        parser.add_argument(
            "--limit",
            type=int,
            default=0,
            metavar="N",
            help="at most N images that are not there yet; 0 for all",
        )

    def run(
        self, *, sources: Sequence[str], event: str, town: str, list_only: bool, limit: int, **options: Any
    ) -> dict[str, Any]:
        if limit < 0:
            raise Refused(_("The limit must not be negative."), _("Give --limit 0 for all."))
        if not list_only and not (event and town):
            raise Refused(
                _("It is not said into which town the imagery is taken."),
                _("Give --event and --town, or --list-only to look first."),
            )
        with services.site_client() as client:
            plan = services.plan_fetch(client, sources, limit=limit)
            if list_only:
                return listed(plan)
            with progress_bar("Imagery", "B") as progress:
                reports = services.fetch_imagery(
                    client, plan, event=event, town=town, progress=progress, **self.told(options)
                )
        return self.result(reports)

    def describe(self, result: dict[str, Any]) -> str:
        if "to_fetch" not in result:
            return super().describe(result)
        rows = [[file["size_bytes"], file["taken"], file["address"]] for file in result["to_fetch"]]
        lines = [text_table(["bytes", "taken", "address"], rows)] if rows else []
        lines += [
            f"{WORDS[left['status']]}  {left['address']}  {left['reason']}" for left in result["left_out"]
        ]
        unknown = f", and {result['unknown_sizes']} of unknown size" if result["unknown_sizes"] else ""
        lines.append(
            f"{len(rows)} to fetch ({result['known_bytes'] / 1e9:.2f} GB{unknown}), {result['there']} already there"
        )
        return "\n".join(lines)

    def then(self, result: dict[str, Any]) -> tuple[str, ...]:
        return () if "to_fetch" in result else super().then(result)


def listed(plan: services.Plan) -> dict[str, Any]:
    """The plan as a result of the command."""
    return {
        "ok": bool(plan.to_fetch or plan.there) and all(left.status != "refused" for left in plan.left_out),
        "to_fetch": [
            {
                "address": file.address,
                "name": file.name,
                "size_bytes": file.size_bytes,
                "taken": file.taken,
                "phase": file.phase,
            }
            for file in plan.to_fetch
        ],
        "known_bytes": plan.known_bytes,
        "unknown_sizes": plan.unknown_sizes,
        "there": len(plan.there),
        "left_out": [
            {"address": left.address, "status": left.status, "reason": str(left.reason)}
            for left in plan.left_out
        ],
    }
