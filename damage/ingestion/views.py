"""The pages where admins send imagery, and where is seen what was flown."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from damage.ingestion.folders import OTHER_SUFFIXES, PHOTO_SUFFIXES, RAW_SUFFIXES
from damage.ingestion.photo_problems import NAMES
from damage.permissions import ForAdmins, ForAnalysts, page_for


@page_for(ForAdmins)
@require_safe
def upload(request: HttpRequest) -> HttpResponse:
    """Send photos and orthomosaics, and see what became of each."""
    kinds = {"photo": PHOTO_SUFFIXES, "raw": RAW_SUFFIXES, "other": OTHER_SUFFIXES}
    facts = {"suffixes": {kind: sorted(suffixes) for kind, suffixes in kinds.items()}}
    return render(request, "ingestion/upload.html", {"facts": facts, "problems": NAMES})


@page_for(ForAnalysts)
@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Which ground of a town was flown, and which gaps that leaves."""
    return render(request, "ingestion/coverage.html")
