"""Making invitations, ending them, and coming in by one: each together with all its rows, or not at all."""

import re
import secrets
from datetime import timedelta
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from damage.accounts.models import Role, User
from damage.errors import Conflict, Refused
from damage.ingestion.joining.models import EVENT_ROLES, EventMembership, Invitation
from damage.ingestion.models import Event
from damage.ingestion.names import composed_name
from damage.messages import Message as _

DAYS = 7  # unless somebody says otherwise
MOST_DAYS = 366
USES = 100
MOST_USES = 10_000
MOST_NAME_LETTERS = 40
MOST_USERNAME_LETTERS = 24
# Told apart when they are read aloud or copied by hand.
SUFFIX_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
SUFFIX_LENGTH = 4
# A page that is sent twice, by a double tap or a slow link, is sent again this soon.
SAME_FORM_WITHIN = timedelta(minutes=2)


def digest_of(secret: str) -> str:
    """What is kept of a secret. It is random and long, so one plain hash is enough: nobody can guess it."""
    return sha256(secret.encode("utf-8", errors="replace")).hexdigest()


def make_invitation(
    event: Event,
    *,
    by: User | None,
    role: Role = Role.VOLUNTEER,
    days: int = DAYS,
    uses: int = USES,
    note: str = "",
) -> tuple[Invitation, str]:
    """Make an invitation; returns it with its secret, which is nowhere else. `by` is None on the command line."""
    if role.value not in dict(EVENT_ROLES):
        raise Refused(_("One is invited as a volunteer, a verifier or an analyst."))
    if not 1 <= days <= MOST_DAYS:
        raise Refused(_("An invitation is valid for 1 to %(most)s days.") % {"most": MOST_DAYS})
    if not 1 <= uses <= MOST_USES:
        raise Refused(_("An invitation is for 1 to %(most)s people.") % {"most": MOST_USES})
    secret = secrets.token_urlsafe(16)
    now = timezone.now()
    invitation = Invitation.objects.create(
        event=event,
        role=role,
        note=note,
        digest=digest_of(secret),
        made_by=by,
        made_at=now,
        expires_at=now + timedelta(days=days),
        most_uses=uses,
    )
    return invitation, secret


def revoke_invitation(invitation: Invitation, *, by: User) -> None:
    """End an invitation: nobody joins by it any more. Who joined stays. What is revoked already stays as it is."""
    Invitation.objects.filter(pk=invitation.pk, revoked_at=None).update(
        revoked_at=timezone.now(), revoked_by=by
    )


def find_invitation(secret: str) -> Invitation | None:
    """The invitation with this secret, if there is one, whether or not it still lets people in."""
    return Invitation.objects.select_related("event").filter(digest=digest_of(secret)).first()


def checked_person_name(name: str) -> str:
    """What a guest wants to be called, as it is kept. Raises `Refused`."""
    kept = composed_name(name)
    if not any(letter.isalnum() for letter in kept):
        raise Refused(_("Type a name: yours, or one that you like."))
    if len(kept) > MOST_NAME_LETTERS:
        raise Refused(_("Use %(most)s letters at most.") % {"most": MOST_NAME_LETTERS})
    return kept


def join_as_guest(invitation: Invitation, *, name: str, form: str) -> User:
    """Make the account of somebody who comes in by an invitation, in its event alone.

    `form` is the random text of the page on which the name was typed: the same page sent again gives the same account.
    Raises `Refused`: `Conflict` where the invitation lets nobody in any more.
    """
    if (person := _joined_by_form(invitation, form)) is not None:
        return person
    try:
        return _new_member(invitation, checked_person_name(name), form)
    except (IntegrityError, Conflict):
        # The same page sent twice at one moment: then the other one is in by now.
        if (person := _joined_by_form(invitation, form)) is not None:
            return person
        raise


@transaction.atomic
def _new_member(invitation: Invitation, name: str, form: str) -> User:
    _use(invitation)
    person = _new_guest(name)
    EventMembership.objects.create(
        person=person,
        event=invitation.event,
        role=invitation.role,
        invitation=invitation,
        form_digest=digest_of(form),
    )
    return person


@transaction.atomic
def join(invitation: Invitation, person: User) -> bool:
    """Let somebody with an account into the invitation's event; returns whether that changed anything.

    A role that the person plays there already is not made less, and then no use is spent. Raises `Conflict`.
    """
    # One at a time for each person, so that two requests do not spend two uses.
    User.objects.select_for_update().get(pk=person.pk)
    role = Role(invitation.role)
    there = EventMembership.objects.filter(person=person, event=invitation.event).first()
    if there is not None and Role(there.role).reaches(role):
        return False
    _use(invitation)
    EventMembership.objects.update_or_create(
        person=person, event=invitation.event, defaults={"role": role, "invitation": invitation}
    )
    return True


def _use(invitation: Invitation) -> None:
    """Spend one use, counted by the database: however many come at one moment, no more get in than there are uses."""
    of_it = Invitation.objects.filter(pk=invitation.pk)
    if not of_it.open_at(timezone.now()).update(uses=F("uses") + 1):
        raise Conflict(
            _("This invitation lets nobody in any more."), _("Ask whoever gave it to you for a new one.")
        )


def _joined_by_form(invitation: Invitation, form: str) -> User | None:
    membership = (
        EventMembership.objects.select_related("person")
        .filter(
            form_digest=digest_of(form),
            invitation=invitation,
            joined_at__gt=timezone.now() - SAME_FORM_WITHIN,
        )
        .first()
    )
    return membership.person if membership else None


def _new_guest(name: str) -> User:
    """A guest's account, with a user name made of the name, that nobody else has; it has no password."""
    letters = re.sub(r"[\W_]+", "-", name.lower()).strip("-")[:MOST_USERNAME_LETTERS].strip("-")
    while True:
        suffix = "".join(secrets.choice(SUFFIX_LETTERS) for _letter in range(SUFFIX_LENGTH))
        try:
            with transaction.atomic():
                return User.objects.create_user(
                    f"{letters or 'guest'}-{suffix}", first_name=name, role=Role.GUEST
                )
        except IntegrityError:
            continue  # somebody of that name drew the same letters: draw others
