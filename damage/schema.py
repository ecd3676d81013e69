"""How the API describes itself: every operation with the errors that it may answer."""

from http import HTTPStatus
from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.permissions import AllowAny

ALWAYS = (HTTPStatus.BAD_REQUEST, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
GUARDED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
WITH_BODY = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


class ErrorSerializer(serializers.Serializer[Any]):
    """Why not, in the reader's language; where fields are wrong, each with its problems as well."""

    detail = serializers.CharField()
    remedy = serializers.CharField(required=False, help_text="what can be done about it")


class Schema(AutoSchema):
    """drf-spectacular's description of an operation, and its errors by method and permissions."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status in sorted(self._errors()):
            body = self._get_response_for_code(
                ErrorSerializer, str(status.value), ["application/json"], direction
            )
            bodies[str(status.value)] = {**body, "description": status.phrase}
        return bodies

    def _errors(self) -> set[HTTPStatus]:
        errors = set(ALWAYS)
        if not any(isinstance(each, AllowAny) for each in self.view.get_permissions()):
            errors.update(GUARDED)
        if "{" in self.path or self._is_list_view():
            errors.add(HTTPStatus.NOT_FOUND)  # no such row, no such page of a list
        if self.method in ("POST", "PUT", "PATCH"):
            errors.update(WITH_BODY)
        if self.method != "GET":
            errors.add(HTTPStatus.CONFLICT)
        return errors
