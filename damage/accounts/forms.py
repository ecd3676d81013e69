"""What people type about their own account."""

import unicodedata
from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from damage.accounts.attempts import begin_password_attempt, end_password_attempt, visitor_of
from damage.accounts.models import User
from damage.accounts.tokens import DAYS


class LogInForm(LoginForm):
    """A user name and a password, which django-allauth hands to `authenticate`, and so to the one backend."""

    def add_prefix(self, field_name: str) -> str:
        """The name is called `username`, as by Django and by password managers."""
        return super().add_prefix("username" if field_name == "login" else field_name)

    def clean_login(self) -> str:
        return unicodedata.normalize("NFKC", super().clean_login())  # as names are stored


class OwnPasswordForm(PasswordChangeForm):
    """The old password and a new one; guesses of the old one are limited like those at the log-in."""

    def __init__(self, user: User, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        attempt = begin_password_attempt(visitor_of(self.request, self.user.username))
        is_right = self.user.check_password(self.cleaned_data["old_password"])
        end_password_attempt(attempt, succeeded=is_right)
        return super().clean_old_password()


class KeepForm(SetPasswordForm):
    """A user name and a password, with which somebody who came by an invitation can log in from now on."""

    username = forms.CharField(label=_("User name"), max_length=150, validators=[UnicodeUsernameValidator()])

    def clean_username(self) -> str:
        username = User.normalize_username(self.cleaned_data["username"])
        if User.objects.filter(username=username).exclude(pk=self.user.pk).exists():
            raise forms.ValidationError(gettext("Somebody has this user name. Choose another."))
        self.user.username = username  # what the password is compared with
        return username

    field_order = ("username", "new_password1", "new_password2")


class NewTokenForm(forms.Form):
    """What a token is for, and for how long."""

    name = forms.CharField(label=_("What is it for?"), max_length=60)
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        initial=DAYS,
        choices=[(7, _("7 days")), (30, _("30 days")), (DAYS, _("90 days")), (365, _("1 year"))],
    )
