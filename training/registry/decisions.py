"""Who may decide what about models: the one table, which services hold to and doors ask before they show a button."""

from collections.abc import Mapping
from enum import StrEnum

from damage.accounts.models import Role, User
from damage.errors import Refused
from damage.messages import Message as _


class Decision(StrEnum):
    """What somebody may want of a model run, by the name that pages and addresses have for it."""

    TRAIN = "train"
    CANCEL = "cancel"
    PROPOSE = "propose"
    COMPARE = "compare"  # once more, after a comparison that failed
    CONFIRM = "confirm"
    DECLINE = "decline"
    RETIRE = "retire"
    ROLL_BACK = "roll-back"


_ADMINS = frozenset({Role.ADMIN})
_ADMINS_AND_ANALYSTS = frozenset({Role.ADMIN, Role.ANALYST})
MAY: Mapping[Decision, frozenset[Role]] = {
    Decision.TRAIN: _ADMINS,
    Decision.CANCEL: _ADMINS,
    Decision.PROPOSE: _ADMINS,
    Decision.COMPARE: _ADMINS,
    Decision.RETIRE: _ADMINS,
    Decision.CONFIRM: _ADMINS_AND_ANALYSTS,
    Decision.DECLINE: _ADMINS_AND_ANALYSTS,
    Decision.ROLL_BACK: _ADMINS_AND_ANALYSTS,
}


def may(person: User, decision: Decision) -> bool:
    """Whether the person may decide so about models; what state a model is in is another question."""
    return person.is_active and person.plays(*MAY[decision])


def check_may(person: User, decision: Decision) -> None:
    """Refuse what the person may not decide."""
    if may(person, decision):
        return
    if MAY[decision] == _ADMINS:
        raise Refused(
            _("Only admins do that."), _("%(person)s is no admin.") % {"person": person.get_username()}
        )
    raise Refused(
        _("%(person)s may not decide about models.") % {"person": person.get_username()},
        _("Name an admin or an analyst."),
    )
