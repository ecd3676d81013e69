"""How names and passwords are checked: at every door of the site, for all of them call `authenticate`."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from damage.accounts.attempts import begin_password_attempt, end_password_attempt, visitor_of
from damage.accounts.models import User


class LimitedBackend(ModelBackend):
    """Django's own check, with limits; raises `TooMany` instead of looking at the password."""

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
