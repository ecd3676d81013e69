"""What every page asks about its reader: which doors to show."""

from django.http import HttpRequest

from damage.accounts.models import Role, User
from damage.ingestion.joining.membership import plays_anywhere


class Standing:
    """What the reader may do somewhere; asked only where a page shows it."""

    def __init__(self, person: User | None) -> None:
        self._person = person

    def _is(self, least: Role) -> bool:
        return self._person is not None and plays_anywhere(self._person, least)

    @property
    def tags(self) -> bool:
        """Whether the reader tags in some event."""
        return self._is(Role.VOLUNTEER)

    @property
    def verifies(self) -> bool:
        """Whether the reader sees others' tags in some event."""
        return self._is(Role.VERIFIER)

    @property
    def analyses(self) -> bool:
        """Whether the reader sees predicted damage of some event."""
        return self._is(Role.ANALYST)

    @property
    def analyses_everything(self) -> bool:
        """Whether the reader sees models and experiments, which belong to no event."""
        return self._person is not None and self._person.is_at_least(Role.ANALYST)

    @property
    def administers(self) -> bool:
        """Whether the reader is an admin of the site."""
        return self._is(Role.ADMIN)


def standing(request: HttpRequest) -> dict[str, Standing]:
    """Template context: `standing`."""
    person = getattr(request, "user", None)
    return {"standing": Standing(person if isinstance(person, User) else None)}
