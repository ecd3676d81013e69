"""What happens to accounts."""

from damage.accounts.models import Role, User


def create_account(*, username: str, password: str | None, role: Role) -> User:
    """Create a person's account; only admins reach the administration. No password means no log-in."""
    is_admin = role == Role.ADMIN
    return User.objects.create_user(
        username, password=password, role=role, is_staff=is_admin, is_superuser=is_admin
    )
