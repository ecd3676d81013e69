"""The pages with the damage map, with all prediction runs, and with a photo."""

from typing import cast

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from damage.accounts.models import Role, User
from damage.ingestion.models import Scene, SceneKind
from damage.permissions import ForAnalysts, page_for
from prediction.models import PredictionRun
from prediction.photos import photos_beside
from training.models import HEAVY

RUNS_PER_PAGE = 50


@page_for(ForAnalysts)
@require_safe
def damage_map(request: HttpRequest) -> HttpResponse:
    """Look at predicted damage; its script asks the API for everything else."""
    facts = {"mayPredict": cast(User, request.user).plays(Role.ADMIN)}
    return render(request, "prediction/map.html", {"facts": facts})


@page_for(ForAnalysts)
@require_safe
def prediction_runs(request: HttpRequest) -> HttpResponse:
    """List every run with its state, what it found and its files."""
    person = cast(User, request.user)
    rows = PredictionRun.objects.visible_to(person).in_use().with_detection_counts().with_places()
    long = (f"model_run__{name}" for name in HEAVY)
    runs = rows.select_related("model_run", "requested_by").defer("parameters", "timings_s", *long)
    page = Paginator(runs, RUNS_PER_PAGE).get_page(request.GET.get("page"))
    may_predict = person.plays(Role.ADMIN)
    shown = {"page": page, "may_predict": may_predict, "unsettled": PredictionRun.UNSETTLED}
    return render(request, "prediction/runs.html", shown)


@page_for(ForAnalysts)
@require_safe
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a run, by default the newest, found in a photo."""
    scenes = Scene.objects.visible_to(cast(User, request.user), Role.ANALYST).select_related("town__event")
    scene = get_object_or_404(scenes, pk=pk, kind=SceneKind.PHOTO)
    long = (f"model_run__{name}" for name in HEAVY)
    runs = list(scene.prediction_runs.select_related("model_run", "scene").defer(*long))
    wanted = request.GET.get("run", "")
    run = next((each for each in runs if str(each.pk) == wanted), None if wanted else next(iter(runs), None))
    if wanted and not run:
        raise Http404
    before, after = photos_beside(run) if run else (None, None)
    facts = {"scene": scene.pk, "run": run and run.pk}
    shown = {"scene": scene, "runs": runs, "run": run, "before": before, "after": after, "facts": facts}
    return render(request, "prediction/photo.html", shown)
