"""What the doors of scenes and crops share about taking things out of use: in the API and in the administration."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.viewsets import ReadOnlyModelViewSet

from damage.accounts.models import Role, User
from damage.errors import Refused


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
    """Of rows with `is_quarantined`, those that a view shows: in lists what is in use, else what the person may see.

    An admin lists what is out of use by itself with `?quarantined=1`.
    """
    person = cast(User, view.request.user)
    if view.action != "list":
        return rows.visible_to(person) if person.is_authenticated else rows.in_use()
    if person.is_authenticated and person.plays(Role.ADMIN) and view.request.query_params.get("quarantined"):
        return rows.filter(is_quarantined=True)
    return rows.in_use()


class ReasonForm(ActionForm):
    """The administration's choice of an action, and why."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=2000)


class QuarantineAdmin(admin.ModelAdmin[Any]):
    """A list of the administration whose rows can be taken out of use, and put back."""

    action_form = ReasonForm
    actions = ["take_out", "put_back"]
    quarantine: Callable[..., None]
    release: Callable[..., None]

    @admin.action(description=_("Take out of use"))
    def take_out(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._do(request, rows, type(self).quarantine)

    @admin.action(description=_("Put back into use"))
    def put_back(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._do(request, rows, type(self).release)

    def _do(self, request: HttpRequest, rows: QuerySet[Any], service: Callable[..., None]) -> None:
        done = 0
        for row in rows:
            try:
                service(row, by=request.user, reason=request.POST.get("reason", ""))
                done += 1
            except Refused as refused:
                self.message_user(request, str(refused), messages.ERROR)
        if done:
            self.message_user(request, _("Done: %(count)d") % {"count": done})
