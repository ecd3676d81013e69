"""What a new password brings with it."""

from django.utils.translation import gettext as _

from damage.accounts.models import User
from damage.accounts.services import revoke_tokens


class NewPasswordEndsTokens:
    """Ends a person's tokens: Django calls this wherever a password is changed, in pages and on the command line."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Any password will do."""

    def get_help_text(self) -> str:
        """What to expect."""
        return _("With a new password you are logged out on your other devices, and your API tokens end.")

    def password_changed(self, password: str, user: User | None = None) -> None:
        """Called after the new password is stored."""
        if isinstance(user, User):
            revoke_tokens(user)
