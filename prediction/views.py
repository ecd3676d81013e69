"""The pages with the damage map and with all prediction runs."""

from typing import cast

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from damage.accounts.models import Role, User
from damage.permissions import ForAnalysts, page_for
from prediction.models import PredictionRun

RUNS_PER_PAGE = 50


@page_for(ForAnalysts)
def damage_map(request: HttpRequest) -> HttpResponse:
    """Look at predicted damage; its script asks the API for everything else."""
    facts = {"mayPredict": cast(User, request.user).plays(Role.ADMIN)}
    return render(request, "prediction/map.html", {"facts": facts})


@page_for(ForAnalysts)
def prediction_runs(request: HttpRequest) -> HttpResponse:
    """List every run with its state, what it found and its files."""
    runs = PredictionRun.objects.with_detection_counts().select_related(
        "scene__town__event", "model_run", "requested_by"
    )
    page = Paginator(runs, RUNS_PER_PAGE).get_page(request.GET.get("page"))
    may_predict = cast(User, request.user).plays(Role.ADMIN)
    shown = {"page": page, "may_predict": may_predict, "unsettled": PredictionRun.UNSETTLED}
    return render(request, "prediction/runs.html", shown)
