"""What all API views share."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from damage.errors import NotNow, Refused
from damage.messages import Message as _
from damage.parsing import TooLarge


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Say in JSON, whatever the view gives otherwise, why not: `detail`, and a `remedy` where there is one.

    What nobody foresaw stays an error: Django logs it and `damage.views` answers.
    """
    if request := context.get("request"):
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
    if isinstance(error, FileNotFoundError):
        error = NotNow(
            _("A file is not where it should be."), _("Ask an admin to look for it on the site's disk.")
        )
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if isinstance(error, ValidationError):
        return _explain_fields(exception_handler(error, context))
    if not isinstance(error, Refused):
        return exception_handler(error, context)
    body = {"detail": str(error.reason), "remedy": str(error.remedy)}
    retry_after_s = getattr(error, "retry_after_s", None)
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Response(body, status=error.status, headers=headers)


def _explain_fields(response: Response | None) -> Response | None:
    """The problems of each field as they are, and all of them in one `detail` for whoever only shows words."""
    if response is not None:
        problems = response.data if isinstance(response.data, dict) else {"non_field_errors": response.data}
        response.data = {"detail": " ".join(_sentences(problems)), **problems}
    return response


def _sentences(problems: Any) -> list[str]:
    """Every text in nested lists and dictionaries of problems."""
    if isinstance(problems, str):
        return [str(problems)]
    nested = problems.values() if isinstance(problems, dict) else problems
    return [sentence for each in nested for sentence in _sentences(each)]
