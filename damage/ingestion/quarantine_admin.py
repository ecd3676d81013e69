"""Taking scenes and crops out of use in the administration.

Apart from the API's doors: the administration is loaded in every process, REST framework only where the API is.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from damage.errors import Refused


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
