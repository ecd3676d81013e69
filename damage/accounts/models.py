"""The people."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person does here; each may also do what volunteers do."""

    VOLUNTEER = "volunteer", _("Volunteer")
    VERIFIER = "verifier", _("Verifier")
    ANALYST = "analyst", _("Analyst")
    ADMIN = "admin", _("Admin")


class User(AbstractUser):
    """A person with one role."""

    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.VOLUNTEER)

    def plays(self, *roles: Role) -> bool:
        """Whether the person has one of `roles`; a superuser is an admin."""
        return (Role.ADMIN if self.is_superuser else self.role) in roles
