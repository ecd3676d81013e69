"""The pages of experiments: all of them, one of them, its charts and tables as files."""

from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from damage.accounts.models import User
from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.permissions import ForAdmins, ForSiteAnalysts, page_for
from damage.tables import write_csv
from damage.work import claims
from tagging.models import Crop, in_use_by
from training.experiments.command_line import command_for, gist_of
from training.models import Experiment
from training.registry.decisions import Decision, check_may, may
from training.report.labels import measured_cell, parameter_rows, worded
from training.report.responses import Chart, chart_response

if TYPE_CHECKING:  # draws with matplotlib, which is heavy
    from training.experiments.charts import Table

EXPERIMENTS_PER_PAGE = 50
# Longer tables are for downloading; the page shows the charts made of them.
MOST_ROWS = 60
# So many letters do not stand in a narrow column.
SENTENCE = 40


@page_for(ForSiteAnalysts)
@require_safe
def experiments(request: HttpRequest) -> HttpResponse:
    """List all experiments with their state."""
    rows = Experiment.objects.select_related("question", "requested_by")
    rows = rows.defer("results", "library_versions", "hardware")
    page = Paginator(rows, EXPERIMENTS_PER_PAGE).get_page(request.GET.get("page"))
    shown = {
        "page": page,
        "rows": [(each, gist_of(each)) for each in page],
        "is_busy": any(each.can_cancel for each in page),
        **_may(request),
    }
    return render(request, "training/experiments.html", shown)


@page_for(ForSiteAnalysts)
@require_safe
def experiment(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one experiment: what it tried, tables, charts, how to do it again."""
    found = get_object_or_404(Experiment.objects.select_related("question", "requested_by"), pk=pk)
    shown: dict[str, Any] = {
        "experiment": found,
        "gist": gist_of(found),
        "is_busy": found.can_cancel,
        "parameters": parameter_rows({"seed": found.seed, **found.parameters}),
        "command": command_for(found),
        "runs": found.model_runs.light(),
        **_may(request),
    }
    if found.status == Experiment.Status.DONE:
        shown |= _finished(found)
    return render(request, "training/experiment.html", shown)


@page_for(ForAdmins)
@require_POST
def cancel_experiment(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop an experiment that waits or goes on; nothing of it stays but its row."""
    found = get_object_or_404(Experiment, pk=pk)
    try:
        check_may(cast(User, request.user), Decision.CANCEL)
        claims.cancel(found, by=cast(User, request.user))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("experiment", pk=pk)


@page_for(ForSiteAnalysts)
@require_safe
def experiment_chart(request: HttpRequest, pk: int, name: str, form: str) -> HttpResponse:
    """One chart of an experiment as SVG or PNG, for a light or a dark page."""
    from training.experiments.charts import charts_of, draw

    found = get_object_or_404(Experiment, pk=pk)
    return chart_response(request, partial(draw, found, name) if name in charts_of(found) else None, form)


@page_for(ForSiteAnalysts)
@require_safe
def experiment_table(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """A table of an experiment as CSV, under the short names of its columns."""
    from training.experiments.charts import tables_of

    found = get_object_or_404(Experiment, pk=pk)
    table = tables_of(found).get(name)
    if table is None:
        raise Http404
    answer = HttpResponse(content_type="text/csv; charset=utf-8", headers=_as_file(f"{found}-{name}.csv"))
    write_csv(cast(IO[str], answer), table.columns, table.rows)
    return answer


@page_for(ForSiteAnalysts)
@require_safe
def experiment_results(request: HttpRequest, pk: int) -> HttpResponse:
    """All that an experiment says, as JSON."""
    found = get_object_or_404(Experiment.objects.select_related("question"), pk=pk)
    content = {
        "experiment": found.pk,
        "kind": found.kind,
        "question": found.question.slug if found.question else None,
        "seed": found.seed,
        "parameters": found.parameters,
        "results": found.worded_results,
        "code_version": found.code_version,
        "library_versions": found.library_versions,
        "hardware": found.hardware,
        "finished_at": found.finished_at,
    }
    return JsonResponse(content, encoder=DjangoJSONEncoder, headers=_as_file(f"{found}.json"))


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name.replace(" ", "-")}"'}


def _may(request: HttpRequest) -> dict[str, bool]:
    return {"may_train": may(cast(User, request.user), Decision.CANCEL)}


def _finished(found: Experiment) -> dict[str, Any]:
    from training.experiments.charts import charts_of, tables_of, title_of

    tables = tables_of(found)
    return {
        "tables": [
            {
                "name": name,
                "title": table.title,
                "count": len(table.rows),
                "is_aside": name in ("trials", "points"),
                "columns": _headings(table),
                "rows": [[_cell(value) for value in row] for row in table.rows[:MOST_ROWS]]
                if len(table.rows) <= MOST_ROWS
                else [],
            }
            for name, table in tables.items()
        ],
        "charts": [
            Chart(
                title_of(found, name),
                _("Experiment %(number)s") % {"number": found.pk},
                *(reverse("experiment-chart", args=[found.pk, name, form]) for form in ("svg", "png")),
            )
            for name in charts_of(found)
        ],
        **(_explored(found) if found.kind == Experiment.Kind.EXPLORE else {}),
    }


def _headings(table: "Table") -> list[dict[str, Any]]:
    """The columns' words, and whether numbers stand below."""
    return [
        {"words": worded(name), "is_number": any(isinstance(row[index], (int, float)) for row in table.rows)}
        for index, name in enumerate(table.columns)
    ]


def _cell(value: Any) -> dict[str, str]:
    """A value in words, and how it stands in its cell."""
    words = measured_cell(value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    form = "number" if is_number else "sentence" if len(words) > SENTENCE else ""
    return {"words": words, "form": form}


def _points_in_use(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those whose picture an admin has taken out of use since."""
    scenes = set(Scene.objects.filter(is_quarantined=True).values_list("pk", flat=True))
    crops = set(Crop.objects.filter(~in_use_by()).values_list("pk", flat=True))
    return [point for point in points if point.get("scene") not in scenes and point.get("crop") not in crops]


def _explored(found: Experiment) -> dict[str, Any]:
    """What the script of the page needs: the points, and the scenes they are of; and how they were laid out."""
    results = found.results
    points = _points_in_use(results["points"])
    wanted = {point["scene"] for point in points if point.get("scene")}
    scenes = Scene.objects.filter(pk__in=wanted).values_list("pk", "name", "kind")
    return {
        "explored": {
            "points": points,
            "scenes": {pk: {"name": name, "kind": kind} for pk, name, kind in scenes},
            "answers": {"yes": worded("yes"), "no": worded("no")},
        },
        "perplexity": measured_cell(results["perplexity"]),
        "components": results["components"],
        "explained": f"{results['explained']:.0%}",
        "left_out": results["left_out"],
    }
