"""What django-allauth asks this site: nobody signs up alone, nothing is mailed, limits are counted from rows."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from damage.accounts.addresses import address_of
from damage.accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Accounts with user names."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        return False  # the log-in is a page

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Attempts are limited by `damage.accounts.backends`, the same at every door."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """What happened, the pages say in their own words."""


class PasskeyAdapter(DefaultMFAAdapter):
    """Passkeys in place of passwords, not after them."""

    def is_mfa_enabled(self, user: Any, types: Any = None) -> bool:
        return False

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": context.request.get_host().partition(":")[0], "name": "Damage"}

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        person: User = user
        return super().get_public_key_credential_user_entity(user) | {
            "name": person.username,
            "display_name": person.shown_name,
        }
