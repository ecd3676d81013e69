"""What people see while the site cannot do its work: a full disk, a busy or lost database. Needs no database."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string

from damage.disk import for_visitors, trouble_of
from damage.errors import FileUnreadable, NotNow

API = "/api/"
logger = logging.getLogger("damage.unavailable")


class ExplainTrouble:
    """Answers 503 with words, instead of 500, where the disk or the database refuses."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer to what a view raised; None leaves it to Django."""
        return explained(request, error)


class Sessions(SessionMiddleware):
    """Django's sessions, which take a session that cannot be written for one that was deleted (400)."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except SessionInterrupted as error:
            if answer := explained(request, error):
                return answer
            raise


def explained(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    """The answer to an error behind which is the disk, the database or a file's damage; logged; None for any other."""
    if isinstance(error, FileUnreadable):
        logger.warning("%s %s: %s", request.method, request.path, error)
        return unavailable(request, error)
    trouble = trouble_of(error)
    if trouble is None:
        return None
    logger.error("%s %s: %s", request.method, request.path, trouble, exc_info=error)
    return unavailable(request, for_visitors(trouble))


def unavailable(request: HttpRequest, trouble: NotNow | FileUnreadable) -> HttpResponse:
    """The answer 503 as a page, or as JSON to a script."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(trouble, NotNow):
        headers["Retry-After"] = str(trouble.retry_after_s)
    status = HTTPStatus.SERVICE_UNAVAILABLE
    if request.path.startswith(API):
        words = {"detail": str(trouble.reason), "remedy": str(trouble.remedy)}
        return JsonResponse(words, status=status, headers=headers)
    page = render_to_string(
        "503.html", {"trouble": trouble}
    )  # without the request, whose account is in the database
    return HttpResponse(page, status=status, headers=headers)
