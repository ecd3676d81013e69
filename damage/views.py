"""The pages that belong to no app, and what is answered where no view is to answer."""

import sys
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import csrf, defaults
from django.views.decorators.http import require_safe

from damage.errors import Text
from damage.messages import Message as _
from damage.unavailable import explained


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """The one page that everybody sees."""
    return render(request, "front.html")


def is_api(request: HttpRequest) -> bool:
    """Whether programs ask: they are answered in JSON, also where something is wrong."""
    return request.path_info.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What cannot be understood: a wrong host, too many parameters."""
    if is_api(request):
        return _detail(_("The request cannot be understood."), HTTPStatus.BAD_REQUEST)
    return defaults.bad_request(request, exception)  # type: ignore[arg-type]


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return _detail(_("You may not do this."), HTTPStatus.FORBIDDEN)
    return defaults.permission_denied(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if is_api(request):
        return _detail(_("You may not do this."), HTTPStatus.FORBIDDEN)
    return csrf.csrf_failure(request, reason)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return _detail(_("There is nothing at this address."), HTTPStatus.NOT_FOUND)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """What comes of an error that no view caught: 503 where the disk or the database is behind it, else 500."""
    error = sys.exception()
    if error and (answer := explained(request, error)):
        return answer
    if is_api(request):
        return _detail(
            _("Something went wrong on the site. Its log says what."), HTTPStatus.INTERNAL_SERVER_ERROR
        )
    return defaults.server_error(request)


def _detail(words: Text, status: HTTPStatus) -> JsonResponse:
    return JsonResponse({"detail": str(words)}, status=status)
