"""What happens to accounts."""

import logging

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from damage.accounts.models import ApiToken, Role, User
from damage.errors import Refused
from damage.messages import Message as _

log = logging.getLogger("damage.accounts")


def create_account(*, username: str, password: str | None, role: Role) -> User:
    """Create a person's account; only admins reach the administration. No password means no log-in."""
    return User.objects.create_user(username, password=password, role=role)


def set_role(person: User, role: Role, *, by: User | None) -> None:
    """Give a person another role; log-ins and tokens of the old one end. `by` is None on the command line."""
    _set_standing(person, role=role, is_active=person.is_active, by=by)


def set_active(person: User, is_active: bool, *, by: User | None) -> None:
    """Let a person in, or no longer; log-ins and tokens end and do not come back with the account."""
    _set_standing(person, role=Role(person.role), is_active=is_active, by=by)


def refuse_losing_last_admin(person: User, *, role: str, is_active: bool) -> None:
    """Refuse what would leave the site without an active admin. Call it where it is written: it locks admins."""
    active_admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
    is_last = {admin.pk for admin in active_admins} == {person.pk}
    if is_last and not (role == Role.ADMIN and is_active):
        raise Refused(
            _("%(name)s is the last active admin.") % {"name": person.username},
            _("Make somebody else an admin first."),
        )


@transaction.atomic
def _set_standing(person: User, *, role: Role, is_active: bool, by: User | None) -> None:
    refuse_losing_last_admin(person, role=role, is_active=is_active)
    stored = User.objects.select_for_update().get(pk=person.pk)
    changes = [
        f"{name}: {before} -> {after}"
        for name, before, after in (
            ("role", stored.role, role.value),
            ("active", stored.is_active, is_active),
        )
        if before != after
    ]
    if not changes:
        return
    person.role, person.is_active, person.session_number = role, is_active, stored.session_number + 1
    person.save(update_fields=["role", "is_active", "session_number"])
    revoke_tokens(person)
    record_change(person, "; ".join(changes), by=by)


def revoke_tokens(person: User) -> None:
    """End all tokens of a person."""
    ApiToken.objects.filter(person=person).delete()


def record_change(person: User, change: str, *, by: User | None) -> None:
    """Note what was done to an account, and by whom, where admins read it."""
    log.warning("account %s: %s (by %s)", person.username, change, by.username if by else "the command line")
    if by is not None:
        LogEntry.objects.create(
            user=by,
            content_type=ContentType.objects.get_for_model(User),
            object_id=str(person.pk),
            object_repr=person.username,
            action_flag=CHANGE,
            change_message=change,
        )


def automatic_account(username: str) -> User:
    """The account of this name that nobody can log in to, made if it is new: whose tags no person gave."""
    if account := find_automatic_account(username):
        return account
    account = create_account(username=username, password=None, role=Role.VOLUNTEER)
    account.is_active = False
    account.save(update_fields=["is_active"])
    return account


def find_automatic_account(username: str) -> User | None:
    """The automatic account of this name, if there is one; refused where a person has that name."""
    account = User.objects.filter(username=username).first()
    if account is not None and account.is_active:
        raise Refused(
            _("The account %(name)s is a person's, and that name is needed.") % {"name": username},
            _("Give the person another name in the administration."),
        )
    return account


def find_account(username: str) -> User:
    """The account of this name."""
    if person := User.objects.filter(username=username).first():
        return person
    raise Refused(_("There is no account %(name)s.") % {"name": username}, _("Names are case-sensitive."))
