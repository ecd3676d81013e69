"""How names and passwords are checked: at every door of the site, for all of them call `authenticate`."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from damage.accounts.attempts import begin_password_attempt, end_password_attempt, visitor_of
from damage.accounts.models import User
from damage.statements import Lookup

_PEOPLE = Lookup(User, "pk")


class LimitedBackend(ModelBackend):
    """Django's own check, with limits; raises `TooMany` instead of looking at the password."""

    def get_user(self, user_id: Any) -> User | None:
        person = _PEOPLE.find(pk=user_id)
        return person if person is not None and self.user_can_authenticate(person) else None

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if username is None or password is None:
            return None
        attempt = begin_password_attempt(visitor_of(request or HttpRequest(), username))
        person = super().authenticate(request, username, password, **kwargs)
        end_password_attempt(attempt, succeeded=person is not None)
        return person
