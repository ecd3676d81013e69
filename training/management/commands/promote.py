"""Decide which model answers and predicts."""

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext

from damage.accounts.models import User
from damage.accounts.services import find_account
from damage.commands import JsonCommand
from damage.work.progress import progress_bar
from tagging.services import find_question
from training.lookup import find_model_run
from training.models import ModelRun, Promotion
from training.registry import promotions


class Command(JsonCommand):
    help = (
        "Propose a model run, or confirm one that somebody else proposed: the promoted model answers and predicts. "
        "Called for a run that is not proposed it proposes it and shows both models' metrics on towns that neither "
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
            present = promotions.promoted_run(find_question(options["roll_back"]))
            return _stand(promotions.roll_back(present, by=by, reason=reason))
        run = find_model_run(options["run"] or 0)
        if options["retire"]:
            promotions.retire(run, by=by, reason=reason)
        elif options["decline"]:
            promotions.decline(promotions.waiting_promotion(run), by=by, reason=reason)
        else:
            _propose_or_confirm(run, by, reason)
        return _stand(run)

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"Model run {result['model_run']} is {result['stage']}."]
        for town, metrics in result["comparison"].get("towns", {}).items():
            for role in ("candidate", "present"):
                if metrics[role]:
                    shown = ", ".join(f"{name} {value:.3f}" for name, value in metrics[role].items())
                    lines.append(f"  {town} ({metrics['crops']} crops), {role}: {shown}")
        if result["is_proposed"] and not result["comparison"].get("towns"):
            lines.append(
                "  There is nothing to compare them on: no tagged town is left that neither learnt from."
            )
        if result["is_proposed"]:
            lines.append("It is proposed; a second person confirms it with the same command.")
        return "\n".join(lines)

    def then(self, result: dict[str, Any]) -> tuple[str, ...]:
        return (f"See /training/runs/{result['model_run']}/ on the site.",)


def _propose_or_confirm(run: ModelRun, by: User, reason: str) -> None:
    """Whoever proposed has it compared where that is still to be done; somebody else confirms."""
    waiting = run.promotions.waiting().first()
    with progress_bar(gettext("comparing"), gettext("crop")) as progress:
        if waiting is None:
            promotions.propose(run, by=by, reason=reason, progress=progress)
        elif waiting.status == Promotion.Status.FAILED:
            promotions.compare_again(waiting, by=by, progress=progress)
        elif waiting.status == Promotion.Status.QUEUED and by == waiting.proposed_by:
            promotions.compare(waiting, progress=progress)
        else:
            promotions.confirm(waiting, by=by)


def _stand(run: ModelRun) -> dict[str, Any]:
    """Where the run stands now."""
    run.refresh_from_db()
    last = run.promotions.first()
    return {
        "model_run": run.pk,
        "stage": run.stage,
        "is_proposed": run.promotions.waiting().exists(),
        "comparison": last.comparison if last else {},
    }
