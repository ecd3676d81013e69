"""Requests that nobody can read: refused, or made readable, before anybody tries to."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, QueryDict

from damage.views import bad_request

CHARSET = re.compile(r";\s*charset\s*=[^;]*", re.IGNORECASE)
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def read_as_utf8(application: Application) -> Application:
    """The WSGI application, to which everything is UTF-8, whatever a sender claims.

    Python knows codecs that are no text; Django reads the query with them while it makes the request, where no
    middleware and no handler of errors is yet.
    """

    def respond(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if content_type := environ.get("CONTENT_TYPE"):
            environ["CONTENT_TYPE"] = CHARSET.sub("", content_type)
        return application(environ, start_response)

    return respond


def refuse_unreadable(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the query is not endless, and no cookie holds what no database takes."""

    def respond(request: HttpRequest) -> HttpResponse:
        try:
            request.GET  # noqa: B018 - it is read here, once, and whatever is wrong with it comes to light
        except TooManyFieldsSent:
            request.GET = QueryDict("")  # pages of errors read it
            return bad_request(request)
        # A browser could not get rid of such a cookie; it reads as if it were not there.
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if "\0" not in value}
        return get_response(request)

    return respond
