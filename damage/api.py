"""What all API views share."""

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler

from damage.errors import Refused


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn `Refused` into an answer with its reason and remedy; leave the rest to REST framework."""
    if not isinstance(error, Refused):
        return exception_handler(error, context)
    body = {"detail": str(error.reason), "remedy": str(error.remedy)}
    retry_after_s = getattr(error, "retry_after_s", None)
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Response(body, status=error.status, headers=headers)
