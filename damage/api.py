"""What all API views share."""

import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from damage.disk import for_visitors, trouble_of
from damage.errors import FileUnreadable, NotNow, Refused
from damage.json_renderer import JSONRenderer
from damage.messages import Message as _
from damage.parsing import TooLarge

logger = logging.getLogger("damage.unavailable")


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Say in JSON, whatever the view gives otherwise, why not: `detail`, and a `remedy` where there is one.

    What disk and database refuse is 503. What nobody foresaw stays an error: Django logs it and `damage.views` answers.
    """
    if request := context.get("request"):
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if isinstance(error, ValidationError):
        return _explain_fields(exception_handler(error, context))
    refused = error if isinstance(error, Refused) else _trouble(error, context)
    if refused is None and isinstance(error, FileNotFoundError):
        refused = NotNow(
            _("A file is not where it should be."), _("Ask an admin to look for it on the site's disk.")
        )
    if refused is None:
        return exception_handler(error, context)
    if isinstance(refused, FileUnreadable):
        logger.warning("%s: %s", _where(context), refused)
    body = {"detail": str(refused.reason), "remedy": str(refused.remedy)}
    retry_after_s = getattr(refused, "retry_after_s", None)
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Response(body, status=refused.status, headers=headers)


def _trouble(error: Exception, context: dict[str, Any]) -> Refused | None:
    """The trouble of disk or database behind an error, worded for strangers and logged in full."""
    trouble = trouble_of(error)
    if trouble is None:
        return None
    logger.error("%s: %s", _where(context), trouble, exc_info=error)
    return for_visitors(trouble)


def _where(context: dict[str, Any]) -> str:
    request = context.get("request")
    return f"{request.method} {request.path}" if request else "an API view"


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
