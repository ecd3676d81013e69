"""In which form the API answers."""

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import NotAcceptable
from rest_framework.metadata import BaseMetadata
from rest_framework.negotiation import DefaultContentNegotiation

from damage.json_renderer import JSONRenderer

if TYPE_CHECKING:  # REST framework loads this module while its own views are loading
    from rest_framework.request import Request
    from rest_framework.views import APIView


class OwnFormAnyway(DefaultContentNegotiation):
    """The form that is asked for where a view has several; else the view's own, whatever `Accept` says.

    A tile is a picture and a list is JSON: whoever asks for another form is better served with it than with 406.
    """

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        suffix = format_suffix or getattr(request, "format_suffix", None)
        try:
            return super().select_renderer(request, renderers, suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type


class NameAndDescription(BaseMetadata):
    """What OPTIONS answers, beside the header `Allow`; the fields are in the schema."""

    def determine_metadata(self, request: "Request", view: "APIView") -> dict[str, str]:
        # A view of pages or pictures has no form of its own for this.
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return {"name": view.get_view_name(), "description": view.get_view_description()}
