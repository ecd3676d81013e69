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


def find_account(username: str) -> User:
    """The account of this name."""
    if person := User.objects.filter(username=username).first():
        return person
    raise Refused(_("There is no account %(name)s.") % {"name": username}, _("Names are case-sensitive."))
