"""The people, what they may do, and how they came in."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person does here, from the least to the most: each may also do what those before it do.

    A person's own role holds in every event. A guest's is nothing by itself: memberships say what guests do where
    (`damage.ingestion.joining`).
    """

    GUEST = "guest", _("Guest")
    VOLUNTEER = "volunteer", _("Volunteer")
    VERIFIER = "verifier", _("Verifier")
    ANALYST = "analyst", _("Analyst")
    ADMIN = "admin", _("Admin")

    def reaches(self, least: "Role") -> bool:
        """Whether this is the role `least` or more."""
        return self in Role.at_least(least)

    @classmethod
    def at_least(cls, least: "Role") -> frozenset["Role"]:
        """The role `least` and all that are more."""
        roles = list(cls)
        return frozenset(roles[roles.index(least) :])


class People(BaseUserManager["User"]):
    """The accounts, as Django's commands make them."""

    def create_user(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> "User":
        person = self.model(
            username=self.model.normalize_username(username), email=self.normalize_email(email), **fields
        )
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> "User":
        """What `createsuperuser` calls: an admin."""
        return self.create_user(username, email, password, **{**fields, "role": Role.ADMIN})


class User(AbstractUser):
    """A person with one role, which holds in every event, and alone decides about the administration."""

    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.VOLUNTEER)
    # Part of what a session is checked against: counted up, it ends all sessions of this person.
    session_number = models.PositiveIntegerField(default=0, editable=False)

    objects = People()  # type: ignore[assignment, misc]

    # Django's columns of these names would be a second truth; properties in their place remove them.
    @property
    def is_staff(self) -> bool:  # type: ignore[override]
        """Whether the person may enter the administration: Django's name for it."""
        return self.role == Role.ADMIN

    @property
    def is_superuser(self) -> bool:  # type: ignore[override]
        """Whether the person may do everything there: Django's name for it."""
        return self.role == Role.ADMIN

    def plays(self, *roles: Role) -> bool:
        """Whether the person has one of `roles`."""
        return self.role in roles

    def is_at_least(self, least: Role) -> bool:
        """Whether the person's own role, which holds everywhere, is `least` or more."""
        return Role(self.role).reaches(least)

    @property
    def shown_name(self) -> str:
        """What the pages call the person: guests by the name that they gave, others by their user name."""
        return self.first_name if self.role == Role.GUEST and self.first_name else self.username

    def get_session_auth_hash(self) -> str:
        """What a session must hold to go on: changed by a new password and by `session_number`."""
        return self._with_session_number(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same with earlier secret keys."""
        return map(self._with_session_number, super().get_session_auth_fallback_hash())

    def _with_session_number(self, auth_hash: str) -> str:
        return f"{auth_hash}-{self.session_number}" if self.session_number else auth_hash


class ApiToken(models.Model):
    """A key with which a person's programs use the API. Only its digest is kept: nobody can read it here."""

    person = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="api_tokens", verbose_name=_("person")
    )
    name = models.CharField(_("name"), max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256, in hexadecimal digits
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("-created_at", "-pk")
        constraints = [models.UniqueConstraint(fields=("person", "name"), name="one_token_a_name")]

    def __str__(self) -> str:
        return self.name


class Outcome(models.TextChoices):
    """How an attempt to log in ended."""

    FAILED = "failed", _("failed")
    SUCCEEDED = "succeeded", _("succeeded")


class Door(models.TextChoices):
    """What was tried."""

    PASSWORD = "password", _("password")
    TOKEN = "token", _("token")
    INVITATION = "invitation", _("invitation")
    PASSKEY = "passkey", _("passkey")


class LoginAttempt(models.Model):
    """One attempt to come in. The limits are counted from these rows, and admins read them.

    Of a name that is nobody's only a keyed digest is kept: people type passwords into the wrong field.
    """

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    door = models.CharField(_("tried"), max_length=16, choices=Door.choices)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices, default=Outcome.FAILED)
    person = models.ForeignKey(User, null=True, on_delete=models.CASCADE, verbose_name=_("person"))
    name_digest = models.CharField(max_length=64, editable=False)
    address = models.CharField(_("address"), max_length=45)
    # A number that only browsers have which logged in to this account before; empty for all others.
    device = models.CharField(max_length=32, editable=False)

    class Meta:
        verbose_name = _("log-in attempt")
        verbose_name_plural = _("log-in attempts")
        ordering = ("-at", "-pk")
        indexes = [
            models.Index(fields=("name_digest", "at"), name="attempts_by_name"),
            models.Index(fields=("address", "at"), name="attempts_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.get_door_display()} {self.get_outcome_display()}"
