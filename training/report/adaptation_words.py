"""Why a model adapted to a town, or was left as it was, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _


def adaptation_words(found: Mapping[str, Any], town: str) -> str:
    """What a run's metrics say under "adaptation" of the town that the run was to adapt to."""
    if found["is_adapted"]:
        return _(
            "It adapted to %(town)s: by its scores before, two groups of crops lie %(separation).1f standard "
            "deviations apart there, %(share)s of the crops are in the smaller, and of the crops that it calls yes "
            "before or after, %(agreement)s are the same."
        ) % {
            "town": town,
            "separation": found["separation"],
            "share": f"{found['share']:.0%}",
            "agreement": f"{found['agreement']:.0%}",
        }
    declined = _("It did not adapt to %(town)s and is as it would be without.") % {"town": town}
    return " ".join(filter(None, [declined, *map(_doubt, found["doubts"])]))


def _doubt(doubt: Mapping[str, Any]) -> str:
    """A piece of evidence that was too little; empty for one that this version does not know."""
    deviations = {name: f"{doubt[name]:.2f}" for name in ("found", "needed")}
    shares = {name: f"{doubt[name]:.1%}" for name in ("found", "needed")}
    if doubt["name"] == "separation":
        return (
            _(
                "The two groups of its scores there lie %(found)s standard deviations apart; %(needed)s are needed."
            )
            % deviations
        )
    if doubt["name"] == "half_separation":
        return (
            _(
                "In half of the crops these groups lie %(found)s standard deviations apart; %(needed)s are needed."
            )
            % deviations
        )
    if doubt["name"] == "share":
        return _("The smaller group has %(found)s of the crops; %(needed)s are needed.") % shares
    if doubt["name"] == "agreement":
        return (
            _(
                "Of the crops that it would call yes before or after adapting, %(found)s are the same; %(needed)s "
                "are needed."
            )
            % shares
        )
    return ""
