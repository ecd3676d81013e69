"""How charts of runs and experiments reach a page: two forms, two themes, one address each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.translation import gettext as _

if TYPE_CHECKING:  # matplotlib is heavy, and most pages draw nothing
    from training.report.plots import Sheet

PRIVATE_HOUR = "private, max-age=3600"
KINDS = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True)
class Chart:
    """A chart on a page: what it shows, of what, and where its files are."""

    title: str
    of: str
    svg: str
    png: str


def chart_response(request: HttpRequest, draw: "Callable[[str], Sheet] | None", form: str) -> HttpResponse:
    """The chart as SVG or PNG in the theme asked for; 404 where there is none."""
    theme = request.GET.get("theme", "light")
    if theme not in ("light", "dark"):
        return HttpResponseBadRequest(_("The theme is light or dark."))
    if draw is None or form not in KINDS:
        raise Http404
    content = draw(theme).rendered(form)  # type: ignore[arg-type]
    return HttpResponse(content, content_type=KINDS[form], headers={"Cache-Control": PRIVATE_HOUR})
