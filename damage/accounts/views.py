"""The pages of one's own account."""

from http import HTTPStatus
from typing import Any, cast

from allauth.account.views import LoginView
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from damage.accounts.attempts import remember_device
from damage.accounts.forms import KeepForm, LogInForm, NewTokenForm, OwnPasswordForm
from damage.accounts.models import ApiToken, User
from damage.accounts.tokens import create_token
from damage.errors import Refused, TooMany


class LogIn(LoginView):
    """The only door for names and passwords; the administration leads here."""

    form_class = LogInForm
    template_name = "registration/login.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(request, *args, **kwargs)
        except TooMany as refusal:
            # The name is shown again, nothing is checked.
            form = LogInForm(request=request, initial={"login": request.POST.get("username", "")})
            return _refuse(
                self.render_to_response(self.get_context_data(form=form, refusal=refusal)), refusal
            )

    def form_valid(self, form: LogInForm) -> HttpResponse:
        response = super().form_valid(form)
        remember_device(self.request, response, form.user)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "next": self.get_next_url() or "",
            "options_address": reverse("passkey-login"),
        }


class OwnPassword(PasswordChangeView):
    """Change one's own password; sessions on other devices end, and so do tokens."""

    form_class = OwnPasswordForm
    template_name = "registration/own_password.html"
    success_url = reverse_lazy("front")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if isinstance(request.user, User) and not request.user.has_usable_password():
            return redirect("keep-history")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(request, *args, **kwargs)
        except TooMany as refusal:
            form = self.form_class(cast(User, request.user), request=request)
            return _refuse(
                self.render_to_response(self.get_context_data(form=form, refusal=refusal)), refusal
            )

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, _("Your password is changed."))
        return response


def _refuse(response: HttpResponse, refusal: TooMany) -> HttpResponse:
    response.status_code = HTTPStatus.TOO_MANY_REQUESTS
    response["Retry-After"] = str(refusal.retry_after_s)
    return response


def to_the_login(request: HttpRequest) -> HttpResponse:
    """The administration's own log-in page, in whose place stands the site's."""
    if request.user.is_authenticated:
        raise PermissionDenied  # logged in, and not as an admin
    return redirect_to_login(request.GET.get("next") or "/admin/")


@login_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def keep_history(request: HttpRequest) -> HttpResponse:
    """Who came by an invitation has no password, and can come back from this browser alone: until they choose one."""
    person = cast(User, request.user)
    if person.has_usable_password():
        return redirect("own-password")
    form = KeepForm(person, request.POST or None, initial={"username": person.username})
    if request.method == "POST" and form.is_valid() and _is_kept(form):
        update_session_auth_hash(request, person)
        messages.success(request, _("From now on you can log in with this user name and password."))
        response = redirect("front")
        remember_device(request, response, person)
        return response
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "registration/keep_history.html", {"form": form}, status=status)


def _is_kept(form: KeepForm) -> bool:
    try:
        person = form.save(commit=False)  # hashes the password, which takes its time
        with transaction.atomic():
            person.save()
    except IntegrityError:  # somebody took the name in this moment
        form.add_error("username", _("Somebody has this user name. Choose another."))
        return False
    return True


@login_required
@never_cache
@sensitive_post_parameters()
@sensitive_variables("key")
@require_http_methods(["GET", "HEAD", "POST"])
def own_tokens(request: HttpRequest) -> HttpResponse:
    """One's own API tokens. A new one is part of this one answer and is kept nowhere, not even in the session."""
    person = cast(User, request.user)
    form = NewTokenForm(request.POST or None)
    key = ""
    if request.method == "POST" and form.is_valid():
        try:
            key = create_token(person, name=form.cleaned_data["name"], days=form.cleaned_data["days"])
            form = NewTokenForm()
        except Refused as refusal:
            form.add_error("name", str(refusal))
    now = timezone.now()
    tokens = [(token, token.expires_at <= now) for token in person.api_tokens.all()]
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(
        request, "registration/tokens.html", {"form": form, "key": key, "tokens": tokens}, status=status
    )


@login_required
@require_POST
def revoke_own_token(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own tokens."""
    token = get_object_or_404(ApiToken, pk=pk, person=cast(User, request.user))
    token.delete()
    messages.success(request, _("The token %(name)s is revoked.") % {"name": token.name})
    return redirect("own-tokens")
