"""The pages of invitations: the one that guests see, and the admins' list."""

import secrets
from http import HTTPStatus
from typing import cast

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from damage.accounts.attempts import check_joining, record_bad_invitation, record_joined
from damage.accounts.models import Role, User
from damage.errors import Conflict, TooMany
from damage.ingestion.joining import services
from damage.ingestion.joining.forms import InvitationForm, JoinForm
from damage.ingestion.joining.models import Invitation, InvitationState
from damage.ingestion.joining.qr import qr_svg
from damage.ingestion.models import Event
from damage.listening import is_for_this_machine_only
from damage.permissions import ForAdmins, page_for

SHOWN = 200
# A guest has no password to come back with, so their browser remembers them for longer than others'.
GUEST_SESSION_S = 60 * 24 * 3600


@never_cache
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Come in by an invitation. Looking at the page makes nothing: messengers look at links before people do."""
    invitation = services.find_invitation(secret)
    if invitation is None:
        return _no_such_invitation(request)
    if request.method != "POST":
        return _page(request, invitation)
    if isinstance(request.user, User):
        return _join_with_account(request, invitation, request.user)
    return _join_as_guest(request, invitation)


def _page(request: HttpRequest, invitation: Invitation, form: JoinForm | None = None) -> HttpResponse:
    shown = {"invitation": invitation, "is_in": False}
    if invitation.state != InvitationState.OPEN:
        person = request.user
        if isinstance(person, User):
            shown["is_in"] = person.event_memberships.filter(event=invitation.event_id).exists()
        return render(request, "joining/ended.html", shown, status=HTTPStatus.GONE)
    form = form or JoinForm(initial={"page": secrets.token_urlsafe(16)})
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "joining/join.html", shown | {"form": form}, status=status)


def _join_as_guest(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = JoinForm(request.POST)
    if not form.is_valid():
        return _page(request, invitation, form)
    try:
        check_joining(request)
        person = services.join_as_guest(
            invitation, name=form.cleaned_data["name"], form=form.cleaned_data["page"]
        )
    except TooMany as refusal:
        return _wait(request, refusal)
    except Conflict:
        invitation.refresh_from_db()
        return _page(request, invitation)
    login(request, person)
    request.session.set_expiry(GUEST_SESSION_S)
    record_joined(request, person)
    return redirect(_first_page(invitation))


def _join_with_account(request: HttpRequest, invitation: Invitation, person: User) -> HttpResponse:
    try:
        is_new = services.join(invitation, person)
    except Conflict:
        invitation.refresh_from_db()
        return _page(request, invitation)
    if is_new:
        record_joined(request, person)
    messages.success(request, _("You are in: %(event)s.") % {"event": invitation.event})
    return redirect(_first_page(invitation))


def _first_page(invitation: Invitation) -> str:
    return "map" if invitation.role == Role.ANALYST else "tagging"


def _no_such_invitation(request: HttpRequest) -> HttpResponse:
    try:
        record_bad_invitation(request)
    except TooMany as refusal:
        return _wait(request, refusal)
    return render(request, "joining/ended.html", {"invitation": None}, status=HTTPStatus.NOT_FOUND)


def _wait(request: HttpRequest, refusal: TooMany) -> HttpResponse:
    page = render(request, "joining/ended.html", {"refusal": refusal}, status=HTTPStatus.TOO_MANY_REQUESTS)
    page["Retry-After"] = str(refusal.retry_after_s)
    return page


@page_for(ForAdmins)
@never_cache
@sensitive_variables("secret", "address")
@require_http_methods(["GET", "HEAD", "POST"])
def invitations(request: HttpRequest) -> HttpResponse:
    """All invitations. A new one's link is part of this one answer, to be printed or copied, and is kept nowhere."""
    form = InvitationForm(request.POST or None, initial={"event": Event.objects.order_by("-pk").first()})
    if request.method == "POST" and form.is_valid():
        invitation, secret = services.make_invitation(by=cast(User, request.user), **form.cleaned_data)
        address = request.build_absolute_uri(reverse("join", args=[secret]))
        shown = {
            "invitation": invitation,
            "address": address,
            "qr": qr_svg(address),
            "is_for_this_machine_only": is_for_this_machine_only(_host(request)),
        }
        return render(request, "joining/invitation.html", shown)
    rows = Invitation.objects.select_related("event", "made_by")[:SHOWN]
    shown = {"form": form, "invitations": rows, "has_events": Event.objects.exists()}
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "joining/invitations.html", shown, status=status)


def _host(request: HttpRequest) -> str:
    return request.get_host().rsplit(":", 1)[0].strip("[]")


@page_for(ForAdmins)
@require_POST
def revoke_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """End an invitation."""
    services.revoke_invitation(get_object_or_404(Invitation, pk=pk), by=cast(User, request.user))
    messages.success(request, _("The invitation is revoked: nobody joins by it any more."))
    return redirect("invitations")
