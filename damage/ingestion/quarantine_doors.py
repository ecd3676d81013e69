"""What the API of scenes and that of crops share about taking things out of use."""

from typing import Any, cast

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.viewsets import ReadOnlyModelViewSet

from damage.accounts.models import Role, User


class ReasonSerializer(serializers.Serializer[Any]):
    """Why something is taken out of use, or put back."""

    reason = serializers.CharField(allow_blank=True, default="", max_length=2000)

    class Meta:
        ref_name = "QuarantineReason"


def reason_in(request: Request) -> str:
    """The reason that a request gives."""
    given = ReasonSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    reason: str = given.validated_data["reason"]
    return reason


def in_use_or_asked_for(rows: Any, view: ReadOnlyModelViewSet[Any]) -> Any:
    """Of rows with `is_quarantined`, those that a view shows of what the person may see: in lists, what is in use.

    An admin lists what is out of use by itself with `?quarantined=1`.
    """
    person = cast(User, view.request.user)
    if not person.is_authenticated:
        return rows.in_use()  # the API's description is made without anybody
    if view.action != "list":
        return rows.visible_to(person)
    if person.plays(Role.ADMIN) and view.request.query_params.get("quarantined"):
        return rows.filter(is_quarantined=True)
    return rows.visible_to(person).in_use()
