"""How programs say who they are to the API: `Authorization: Token KEY`."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from damage.accounts.attempts import record_bad_token
from damage.accounts.models import ApiToken, User
from damage.accounts.tokens import find_token


class ApiTokenAuthentication(TokenAuthentication):
    """REST framework's header, with tokens that are kept as digests and end."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            record_bad_token(request)
            raise

    def authenticate_credentials(self, key: str) -> tuple[User, ApiToken]:
        token = find_token(key)
        if token is None:
            raise AuthenticationFailed(
                _("This token is not valid: it may have expired or been revoked. Make a new one.")
            )
        return token.person, token
