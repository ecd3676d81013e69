"""What people type about invitations."""

from django import forms
from django.utils.translation import gettext_lazy as _

from damage.accounts.models import Role
from damage.errors import Refused
from damage.ingestion.joining.models import EVENT_ROLES
from damage.ingestion.joining.services import DAYS, MOST_NAME_LETTERS, MOST_USES, USES, checked_person_name
from damage.ingestion.models import Event


class JoinForm(forms.Form):
    """A name, and the random text of the page, by which a page that is sent twice is known again."""

    name = forms.CharField(label=_("Your name"), max_length=MOST_NAME_LETTERS)
    page = forms.CharField(widget=forms.HiddenInput, min_length=20, max_length=64)

    def clean_name(self) -> str:
        try:
            return checked_person_name(self.cleaned_data["name"])
        except Refused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class InvitationForm(forms.Form):
    """To which event, as what, for how long and for how many people an invitation is."""

    event = forms.ModelChoiceField(label=_("Event"), queryset=Event.objects.order_by("-created_at", "-pk"))
    role = forms.TypedChoiceField(
        label=_("They come in as"), coerce=Role, choices=EVENT_ROLES, initial=Role.VOLUNTEER
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        initial=DAYS,
        choices=[(1, _("1 day")), (DAYS, _("7 days")), (30, _("30 days")), (90, _("90 days"))],
    )
    uses = forms.IntegerField(label=_("People at most"), min_value=1, max_value=MOST_USES, initial=USES)
    note = forms.CharField(label=_("For whom (only admins see this)"), max_length=80, required=False)
