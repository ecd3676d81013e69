"""How the API's viewsets get their addresses."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern
from rest_framework.routers import DefaultRouter

from damage.converters import RowConverter


class Router(DefaultRouter):
    """REST framework's router, whose rows have numbers and whose suffixes (`.json`) reach no handler."""

    def get_lookup_regex(self, viewset: Any, lookup_prefix: str = "") -> str:
        return f"(?P<{lookup_prefix}{viewset.lookup_field}>{RowConverter.regex})"

    def get_urls(self) -> list[Any]:
        return [
            URLPattern(each.pattern, _without_format(each.callback), each.default_args, each.name)
            for each in super().get_urls()
            if isinstance(each, URLPattern)
        ]


def _without_format(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view, with the address's suffix noted on the request for `damage.negotiation` and not handed on."""

    @wraps(view)
    def respond(
        request: HttpRequest,
        *args: Any,
        format: str | None = None,  # noqa: A002 - REST framework's name
        **kwargs: Any,
    ) -> HttpResponseBase:
        request.format_suffix = format  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return respond
