"""The pages that belong to no app."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def front(request: HttpRequest) -> HttpResponse:
    """The one page that everybody sees."""
    return render(request, "front.html")
