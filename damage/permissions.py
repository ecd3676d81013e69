"""Who may call what. Every API view names one of these; `damage.accounts.models.Role` defines the roles.

They let in who plays the role in any event. Which rows somebody then sees, query sets say by `visible_to(person)`: what
is outside one's events is not there.
"""

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import BasePermission

from damage.accounts.models import Role, User
from damage.ingestion.joining.membership import plays_anywhere

if TYPE_CHECKING:  # REST framework loads this module while its own views are loading
    from rest_framework.request import Request
    from rest_framework.views import APIView


class _ForRoles(BasePermission):
    least: Role

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        return isinstance(request.user, User) and self.lets_in(request.user)

    @classmethod
    def lets_in(cls, person: User) -> bool:
        return plays_anywhere(person, cls.least)


class ForTaggers(_ForRoles):
    """Everyone with a role in some event: all roles tag."""

    least = Role.VOLUNTEER


class ForAnalysts(_ForRoles):
    """Those who see predicted damage of some event: it says which homes may have fallen, so not everybody."""

    least = Role.ANALYST


class ForSiteAnalysts(_ForRoles):
    """Those who see models and experiments, which learn from all events: analysts of the site, not of an event."""

    least = Role.ANALYST

    @classmethod
    def lets_in(cls, person: User) -> bool:
        return person.is_at_least(cls.least)


class ForAdmins(_ForRoles):
    """Those who ingest, train and predict."""

    least = Role.ADMIN


def page_for(permission: type[_ForRoles]) -> Any:
    """Decorate a page view: log-in first, then the same roles as the API's permission."""

    def decorate(view: Any) -> Any:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not isinstance(request.user, User) or not permission.lets_in(request.user):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return login_required(guarded)

    return decorate
