"""The page with the damage map."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from damage.accounts.models import Role, User
from damage.permissions import ForAnalysts, page_for


@page_for(ForAnalysts)
def damage_map(request: HttpRequest) -> HttpResponse:
    """Look at predicted damage; its script asks the API for everything else."""
    facts = {"mayPredict": cast(User, request.user).plays(Role.ADMIN)}
    return render(request, "prediction/map.html", {"facts": facts})
