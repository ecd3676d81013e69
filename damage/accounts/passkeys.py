"""Passkeys (WebAuthn, by django-allauth): making one, taking one back, and logging in with one."""

import struct
from http import HTTPStatus
from typing import Any, cast

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm, LoginWebAuthnForm
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from damage.accounts.attempts import (
    begin_password_attempt,
    check_passkey,
    end_password_attempt,
    record_passkey,
    visitor_of,
)
from damage.accounts.forms import LogInForm
from damage.accounts.models import User
from damage.errors import TooMany

MOST_PASSKEYS = 20
# What python-fido2 raises where no browser made the JSON: it takes keys, lengths and types for granted.
MALFORMED = (KeyError, IndexError, AttributeError, TypeError, ValueError, struct.error)


class PasskeyForm(AddWebAuthnForm):
    """A new passkey; who has a password types it, so that whoever finds an unlocked device adds none."""

    password = forms.CharField(widget=forms.PasswordInput, strip=False, required=False)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)

    def clean_password(self) -> None:
        if not self.user.has_usable_password():
            return
        attempt = begin_password_attempt(visitor_of(self.request, self.user.username))
        is_right = self.user.check_password(self.cleaned_data["password"])
        end_password_attempt(attempt, succeeded=is_right)
        if not is_right:
            raise forms.ValidationError(gettext_lazy("This is not your password."))

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except MALFORMED as error:
            raise forms.ValidationError(gettext_lazy("This is no passkey.")) from error
        return cleaned

    field_order = ("password", "name", "credential")


class PasskeyLoginForm(LoginWebAuthnForm):
    """A passkey of an account that is in use."""

    def clean_credential(self) -> Authenticator:
        try:
            authenticator = super().clean_credential()
        except MALFORMED as error:
            raise forms.ValidationError(gettext_lazy("This is no passkey.")) from error
        if not authenticator.user.is_active:
            raise forms.ValidationError(gettext_lazy("This account is not in use."))
        return authenticator


class LogInWithPasskey(LoginWebAuthnView):
    """Options for the browser (GET), then its answer (POST)."""

    form_class = PasskeyLoginForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return JsonResponse({"request_options": auth.begin_authentication(user=None)})

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            check_passkey(request)
        except TooMany as refusal:
            shown = {"refusal": refusal, "form": LogInForm(request=request), "options_address": request.path}
            answer = render(request, "registration/login.html", shown, status=HTTPStatus.TOO_MANY_REQUESTS)
            answer["Retry-After"] = str(refusal.retry_after_s)
            return answer
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: PasskeyLoginForm) -> HttpResponse:
        record_passkey(self.request, cast(User, form.cleaned_data["credential"].user))
        return super().form_valid(form)

    def form_invalid(self, form: PasskeyLoginForm) -> HttpResponse:
        record_passkey(self.request, None)
        messages.error(self.request, _("This passkey is not known here."))
        return redirect("login")


def passkeys_of(person: User) -> list[Authenticator]:
    """A person's passkeys, the newest first."""
    of_person = Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN)
    return list(of_person.order_by("-created_at", "-pk"))


@login_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def own_passkeys(request: HttpRequest) -> HttpResponse:
    """One's own passkeys, and a new one."""
    person = cast(User, request.user)
    form, refusal = PasskeyForm(request.POST or None, user=person, request=request), None
    try:
        if request.method == "POST" and form.is_valid():
            auth.WebAuthn.add(person, form.cleaned_data["name"], form.cleaned_data["credential"])
            messages.success(request, _("From now on you can log in with this passkey."))
            return redirect("own-passkeys")
    except TooMany as error:
        refusal = error
    rows = passkeys_of(person)
    shown: dict[str, Any] = {"form": form, "passkeys": rows, "refusal": refusal}
    if len(rows) < MOST_PASSKEYS:
        shown["options"] = auth.begin_registration(person, passwordless=True)
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    status = HTTPStatus.TOO_MANY_REQUESTS if refusal else status
    answer = render(request, "registration/passkeys.html", shown, status=status)
    if refusal:
        answer["Retry-After"] = str(refusal.retry_after_s)
    return answer


@login_required
@require_POST
def revoke_own_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one of one's own passkeys back."""
    person = cast(User, request.user)
    get_object_or_404(Authenticator, pk=pk, user=person, type=Authenticator.Type.WEBAUTHN).delete()
    messages.success(request, _("The passkey is taken back."))
    return redirect("own-passkeys")
