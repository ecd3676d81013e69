"""Decide which model answers and predicts."""

from argparse import ArgumentParser
from typing import Any

from damage.accounts.services import find_account
from damage.commands import JsonCommand
from tagging.services import find_question
from training import registry
from training.models import ModelRun


class Command(JsonCommand):
    help = (
        "Propose a model run, or confirm one that somebody else proposed: the promoted model answers and predicts. "
        "Called for a run that is not proposed it proposes it and shows both models' figures on towns that neither "
        "learnt from; called by a second person it confirms."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, nargs="?", help="number of a model run")
        parser.add_argument("--by", required=True, metavar="NAME", help="who decides: an admin or an analyst")
        parser.add_argument("--reason", default="", help="why")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--decline", action="store_true", help="turn the run's proposal down")
        what.add_argument("--retire", action="store_true", help="take the run out of use")
        what.add_argument("--roll-back", metavar="QUESTION", help="put the question's earlier model back")

    def run(self, **options: Any) -> dict[str, Any]:
        by, reason = find_account(options["by"]), options["reason"]
        if options["roll_back"]:
            return _stand(registry.roll_back(find_question(options["roll_back"]), by=by, reason=reason))
        run = registry.find_model_run(options["run"] or 0)
        waiting = run.promotions.filter(confirmed_at=None, ended_at=None).first()
        if options["retire"]:
            registry.retire(run, by=by, reason=reason)
        elif options["decline"]:
            registry.decline(registry.waiting_promotion(run), by=by, reason=reason)
        elif waiting:
            registry.confirm(waiting, by=by)
        else:
            registry.propose(run, by=by, reason=reason)
        return _stand(run)

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"Model run {result['model_run']} is {result['stage']}."]
        for town, figures in result["comparison"].get("towns", {}).items():
            for role in ("candidate", "present"):
                if figures[role]:
                    shown = ", ".join(f"{name} {value:.3f}" for name, value in figures[role].items())
                    lines.append(f"  {town} ({figures['crops']} crops), {role}: {shown}")
        if result["is_proposed"]:
            lines.append("It is proposed; a second person confirms it with the same command.")
        return "\n".join(lines)


def _stand(run: ModelRun) -> dict[str, Any]:
    """Where the run stands now."""
    run.refresh_from_db()
    last = run.promotions.first()
    return {
        "model_run": run.pk,
        "stage": run.stage,
        "is_proposed": bool(last and not last.confirmed_at and not last.ended_at),
        "comparison": last.comparison if last else {},
    }
