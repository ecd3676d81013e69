"""What all API views share."""

from typing import Any

from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from damage.errors import Refused


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn `Refused` into a 400 that carries its reason and remedy; leave the rest to REST framework."""
    if isinstance(error, Refused):
        body = {"detail": str(error.reason), "remedy": str(error.remedy)}
        return Response(body, status=status.HTTP_400_BAD_REQUEST)
    return exception_handler(error, context)
