"""Run the whole job on a practice town."""

from typing import Any

from damage.commands import JsonCommand
from damage.practice.demo import Demo, run_demo
from damage.work.progress import progress_bar


class Command(JsonCommand):
    help = (
        "Draw a practice event into the data folder, ingest it, have simulated volunteers tag two of its towns, "
        "train on them, predict the third, which no training saw, and compare with the truth. What is done "
        "already is not done again, and nothing that people did is touched."
    )

    def run(self, **options: Any) -> dict[str, Any]:
        return run_demo(Demo(bars=progress_bar))

    def describe(self, result: dict[str, Any]) -> str:
        return "\n".join([*_work(result), "", *_found(result), "", *_where(result)])


def _work(result: dict[str, Any]) -> list[str]:
    training = result["training"]
    seconds = ", ".join(f"{step} {taken:.0f} s" for step, taken in result["seconds"].items())
    return [
        f"{result['event']}: {', '.join(result['towns'])}",
        f"  ingested   {result['photos']} photos, {result['mosaics']} orthomosaics",
        f"  tagged     {result['crops']} crops, {result['tags']} tags by simulated volunteers",
        *(
            f"             {one['name']:<20} {one['tags']:>5} tags, {one['error_rate']:>4.0%} wrong on purpose"
            for one in result["volunteers"]
        ),
        f"  trained    model {training['model_run']} ({training['backbone']}), threshold {training['threshold']:.2f}; "
        f"validation AUC {training['auc']:.3f}, balanced accuracy {training['balanced_accuracy']:.3f}",
        f"  in         {seconds}",
    ]


def _found(result: dict[str, Any]) -> list[str]:
    lines = [
        f"{'map':<18}{'run':>5}{'boxes':>7}{'precision':>11}{'recall':>8}{'collapsed':>11}{'partial':>9}"
    ]
    for one in result["maps"]:
        degrees = [
            f"{one['found'][degree]}/{one['present'][degree]}" if one["present"][degree] else "-"
            for degree in ("collapsed", "partial")
        ]
        lines.append(
            f"{one['town'] + ', ' + one['moment']:<18}{one['prediction_run']:>5}{one['detections']:>7}"
            f"{_rate(one['precision']):>11}{_rate(one['recall']):>8}{degrees[0]:>11}{degrees[1]:>9}"
        )
        alarms = ", ".join(f"{what} {count}" for what, count in sorted(one["false_alarms"].items()))
        lines.append(f"  false alarms: {alarms or 'none'}")
    return lines


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _where(result: dict[str, Any]) -> list[str]:
    return [
        *(f"{one['moment']:<7} {one['geojson']}\n        {one['shapefile']}" for one in result["maps"]),
        f"accounts {result['accounts_file']}",
    ]
