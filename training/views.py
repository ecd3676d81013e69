"""The pages of the training lab: all model runs, one of them, several side by side."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from damage.accounts.models import User
from damage.converters import row_number
from damage.errors import Refused
from damage.permissions import ForSiteAnalysts, page_for
from tagging.models import in_use_by
from training.data.towns import town_labels
from training.inference import kind_of
from training.models import ModelRun, ModelRunCrop, Promotion
from training.registry import promotions
from training.registry.decisions import Decision, check_may
from training.report.labels import parameter_rows, readable, worded
from training.report.responses import Chart, chart_response

RUNS_PER_PAGE = 50
SHOWN_CROPS = 12
COMPARED = ("auc", "balanced_accuracy", "precision", "recall", "f1")
MOST_COMPARED = 4


@page_for(ForSiteAnalysts)
@require_safe
def model_runs(request: HttpRequest) -> HttpResponse:
    """List all trainings with their state, their metrics and where they stand."""
    runs = ModelRun.objects.select_related("question", "requested_by").light().with_metrics()
    page = Paginator(runs, RUNS_PER_PAGE).get_page(request.GET.get("page"))
    shown = {"page": page, "is_busy": any(run.can_cancel for run in page)}
    return render(request, "training/runs.html", shown)


@page_for(ForSiteAnalysts)
@require_safe
def model_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one training: metrics, charts, the crops it got most wrong and most right, and how to do it again."""
    run = get_object_or_404(ModelRun.objects.select_related("question", "requested_by"), pk=pk)
    chosen = {name: value for name, value in run.parameters.items() if name != "imported"}
    shown = {
        "run": run,
        "question": run.question.words("text"),
        "parameters": parameter_rows({"seed": run.seed, **chosen}),
        "experiments": run.experiments.defer("results", "parameters"),
        "is_busy": run.can_cancel,
        "open": promotions.open_decisions(run, cast(User, request.user)),
    }
    if run.status == ModelRun.Status.DONE:
        waiting = run.promotions.waiting().select_related("proposed_by").first()
        shown |= {"waiting": waiting, "is_busy": bool(waiting and waiting.can_cancel), **_finished(run)}
    return render(request, "training/run.html", shown)


@page_for(ForSiteAnalysts)
@require_safe
def chart(request: HttpRequest, pk: int, name: str, form: str) -> HttpResponse:
    """One chart of a run as SVG or PNG, for a light or a dark page."""
    from training.report.charts import CHARTS, charts_of

    run = get_object_or_404(ModelRun, pk=pk)
    return chart_response(request, partial(CHARTS[name], run) if name in charts_of(run) else None, form)


@page_for(ForSiteAnalysts)
@require_safe
def comparison(request: HttpRequest) -> HttpResponse:
    """Show runs side by side."""
    from training.report.charts import charts_of

    wanted = [number for text in request.GET.getlist("run") if (number := row_number(text))][:MOST_COMPARED]
    found = ModelRun.objects.select_related("question").in_bulk(wanted)
    runs = [found[number] for number in wanted if number in found]
    keys = sorted({key for run in runs for key in run.parameters} - {"imported"})
    rows = [(capfirst(worded(key)), [readable(run.parameters.get(key)) for run in runs]) for key in keys]
    rows.append((capfirst(worded("seed")), [str(run.seed) for run in runs]))
    shown = {
        "runs": runs,
        "parameters": [(key, values, len(set(values)) > 1) for key, values in rows],
        "parts": [
            (
                part.label,
                [(worded(name), [run.metrics.get(part, {}).get(name) for run in runs]) for name in COMPARED],
            )
            for part in ModelRunCrop.Part
        ],
        "charts": [
            [_chart(run, name) for run in runs]
            for name in ("roc", "precision-recall", "scores", "confusion")
            if all(name in charts_of(run) for run in runs)
        ],
    }
    return render(request, "training/compare.html", shown)


@page_for(ForSiteAnalysts)
@require_POST
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel, propose, confirm, decline, retire or roll back, and say how that went on the run's page."""
    run = get_object_or_404(ModelRun.objects.select_related("question"), pk=pk)
    try:
        _decide(run, request.POST.get("action", ""), cast(User, request.user), request.POST.get("reason", ""))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("model-run", pk=pk)


def _decide(run: ModelRun, action: str, by: User, reason: str) -> None:
    from training.services import cancel

    def waiting() -> Promotion:
        return promotions.waiting_promotion(run)

    steps: dict[str, Callable[[], object]] = {
        Decision.CANCEL: lambda: cancel(run, by=by),
        Decision.PROPOSE: lambda: promotions.request_proposal(run, by=by, reason=reason),
        Decision.COMPARE: lambda: promotions.request_comparison(waiting(), by=by),
        Decision.CONFIRM: lambda: promotions.confirm(waiting(), by=by),
        Decision.DECLINE: lambda: promotions.decline(waiting(), by=by, reason=reason),
        Decision.RETIRE: lambda: promotions.retire(run, by=by, reason=reason),
        Decision.ROLL_BACK: lambda: promotions.roll_back(run, by=by, reason=reason),
    }
    if action not in steps:
        raise Refused(_("There is no such decision."))
    check_may(by, Decision(action))
    steps[action]()


def _chart(run: ModelRun, name: str) -> Chart:
    from training.report.charts import TITLES

    files = (reverse("model-run-chart", args=[run.pk, name, form]) for form in ("svg", "png"))
    return Chart(str(TITLES[name]), pgettext("training", "Run %(number)s") % {"number": run.pk}, *files)


def _finished(run: ModelRun) -> dict[str, Any]:
    from training.report.charts import charts_of, measured_part, town_metrics

    people = ("proposed_by", "confirmed_by", "ended_by")
    promotions = run.promotions.select_related(*people).defer("comparison", "library_versions", "hardware")
    shown: dict[str, Any] = {"promotions": promotions}
    shown |= {"files": run.files.all(), "is_portable": run.files.exists() and kind_of(run).is_portable}
    shown["parts"] = [(each.label, run.metrics[each]) for each in ModelRunCrop.Part if each in run.metrics]
    names = charts_of(run)
    if not names:
        return shown
    part = measured_part(run)
    scored = run.run_crops.filter(part=part).exclude(score=None)
    crops = scored.filter(in_use_by("crop__")).select_related("crop")
    labels = town_labels(run.run_crops.order_by().values_list("crop__town", flat=True).distinct())
    yes, no = crops.filter(is_positive=True), crops.filter(is_positive=False)
    return shown | {
        "charts": [_chart(run, name) for name in names],
        "part": part.label,
        "towns": town_metrics(run).items(),
        "galleries": [
            (title, [(row, labels[row.crop.town_id]) for row in rows[:SHOWN_CROPS]])
            for title, rows in (
                (_("Missed or nearly: people say yes, lowest scores"), yes.order_by("score")),
                (_("False alarms or nearly: people say no, highest scores"), no.order_by("-score")),
                (_("Surest yes"), yes.order_by("-score")),
                (_("Surest no"), no.order_by("score")),
            )
        ],
    }
