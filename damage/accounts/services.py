"""What happens to accounts."""

from django.utils.translation import gettext as _

from damage.accounts.models import Role, User
from damage.errors import Refused


def create_account(*, username: str, password: str | None, role: Role) -> User:
    """Create a person's account; only admins reach the administration. No password means no log-in."""
    is_admin = role == Role.ADMIN
    return User.objects.create_user(
        username, password=password, role=role, is_staff=is_admin, is_superuser=is_admin
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
