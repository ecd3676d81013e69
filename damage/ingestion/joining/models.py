"""Who does what in which event: memberships, and the invitations by which people come to them."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from damage.accounts.models import Role, User

# What somebody may be in one event; admins are admins of the site.
EVENT_ROLES = [(role.value, role.label) for role in (Role.VOLUNTEER, Role.VERIFIER, Role.ANALYST)]


class InvitationState(models.TextChoices):
    """Whether an invitation still lets people in, and why not."""

    OPEN = "open", _("open")
    REVOKED = "revoked", _("revoked")
    EXPIRED = "expired", _("expired")
    USED_UP = "used-up", _("used up")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open_at(self, now: datetime) -> "InvitationQuerySet":
        """Those by which somebody may join at that time."""
        return self.filter(revoked_at=None, expires_at__gt=now, uses__lt=models.F("most_uses"))


class Invitation(models.Model):
    """A link by which people join an event. Only its secret's digest is kept: nobody can read the link here."""

    event = models.ForeignKey(
        "ingestion.Event", on_delete=models.CASCADE, related_name="invitations", verbose_name=_("event")
    )
    role = models.CharField(_("role"), max_length=16, choices=EVENT_ROLES, default=Role.VOLUNTEER)
    note = models.CharField(_("for whom"), max_length=80, blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256, in hexadecimal digits
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    most_uses = models.PositiveIntegerField(_("people at most"))
    uses = models.PositiveIntegerField(_("joined"), default=0)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    revoked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-made_at", "-pk")
        constraints = [
            models.CheckConstraint(
                name="invitation_no_more_uses_than_it_has",
                condition=models.Q(uses__lte=models.F("most_uses")),
            ),
            models.CheckConstraint(
                name="invitation_role_of_an_event",
                condition=models.Q(role__in=[value for value, _label in EVENT_ROLES]),
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    @property
    def state(self) -> InvitationState:
        """Whether it lets people in now."""
        if self.revoked_at is not None:
            return InvitationState.REVOKED
        if self.expires_at <= timezone.now():
            return InvitationState.EXPIRED
        return InvitationState.USED_UP if self.uses >= self.most_uses else InvitationState.OPEN


class EventMembership(models.Model):
    """That a person plays a role in one event, whatever the person's own role is."""

    person = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="event_memberships", verbose_name=_("person")
    )
    event = models.ForeignKey(
        "ingestion.Event", on_delete=models.CASCADE, related_name="memberships", verbose_name=_("event")
    )
    role = models.CharField(_("role"), max_length=16, choices=EVENT_ROLES, default=Role.VOLUNTEER)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now)
    invitation = models.ForeignKey(
        Invitation,
        null=True,
        on_delete=models.SET_NULL,
        related_name="memberships",
        verbose_name=_("invitation"),
    )
    # Of the page on which a guest typed a name: sent twice, it makes one account.
    form_digest = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = _("member of an event")
        verbose_name_plural = _("members of events")
        ordering = ("-joined_at", "-pk")
        constraints = [
            models.UniqueConstraint(fields=("person", "event"), name="member_once_per_event"),
            models.UniqueConstraint(
                fields=("form_digest",), name="one_member_a_form", condition=models.Q(form_digest__gt="")
            ),
            models.CheckConstraint(
                name="membership_role_of_an_event",
                condition=models.Q(role__in=[value for value, _label in EVENT_ROLES]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()}"
