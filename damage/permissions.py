"""Who may call what. Every API view names one of these; `damage.accounts.models.Role` defines the roles."""

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import BasePermission

from damage.accounts.models import Role, User

if TYPE_CHECKING:  # REST framework loads this module while its own views are loading
    from rest_framework.request import Request
    from rest_framework.views import APIView


class _ForRoles(BasePermission):
    roles: frozenset[Role]

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        return request.user.is_authenticated and request.user.plays(*self.roles)


class ForTaggers(_ForRoles):
    """Everyone with an account: all roles tag."""

    roles = frozenset(Role)


class ForAnalysts(_ForRoles):
    """Those who see predicted damage: it says which homes may have fallen, so not everybody."""

    roles = frozenset({Role.ANALYST, Role.ADMIN})


class ForAdmins(_ForRoles):
    """Those who ingest, train and predict."""

    roles = frozenset({Role.ADMIN})


def page_for(permission: type[_ForRoles]) -> Any:
    """Decorate a page view: log-in first, then the same roles as the API's permission."""

    def decorate(view: Any) -> Any:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not isinstance(request.user, User) or not request.user.plays(*permission.roles):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return login_required(guarded)

    return decorate
