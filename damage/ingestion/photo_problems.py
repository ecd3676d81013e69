"""What may be wrong with photos for finding damage, and how that is said. Pure."""

from collections.abc import Iterable
from enum import StrEnum

from damage.errors import Refused
from damage.messages import Message
from damage.messages import Message as _


class Problem(StrEnum):
    """What may be wrong with a photo."""

    BLURRED = "blurred"
    DARK = "dark"
    BRIGHT = "bright"
    OBLIQUE = "oblique"
    LOW = "low"
    HIGH = "high"
    NO_GPS = "no_gps"
    NEAR_DUPLICATE = "near_duplicate"


# Of such photos people are not asked: too little of the ground is seen, sky stands in them, or it was asked before.
NOT_ASKED_ABOUT = (Problem.BLURRED, Problem.DARK, Problem.BRIGHT, Problem.OBLIQUE, Problem.NEAR_DUPLICATE)

NAMES = {
    Problem.BLURRED: _("blurred"),
    Problem.DARK: _("too dark"),
    Problem.BRIGHT: _("overexposed"),
    Problem.OBLIQUE: _("oblique"),
    Problem.LOW: _("taken near the ground"),
    Problem.HIGH: _("taken from very high"),
    Problem.NO_GPS: _("no GPS position"),
    Problem.NEAR_DUPLICATE: _("near-duplicate"),
}


def problem_words(problem: Problem, figure: float | None = None, like: int | str | None = None) -> Message:
    """A problem with its figure, for people; `like` is a scene's number or a file's name."""
    percent = {"percent": round(100 * (figure or 0))}
    number = {"number": round(figure or 0)}
    match problem:
        case Problem.BLURRED:
            return _("blurred (%(percent)d %% of its flight's usual sharpness)") % percent
        case Problem.DARK:
            return _("too dark (its mean brightness is %(number)d of 255)") % number
        case Problem.BRIGHT:
            return _("overexposed (%(percent)d %% of it is white)") % percent
        case Problem.OBLIQUE:
            return _("oblique (the camera looks %(number)d° off straight down)") % number
        case Problem.LOW:
            return _("taken near the ground (%(number)d m above the start)") % number
        case Problem.HIGH:
            return _("taken from very high (%(number)d m above the start)") % number
        case Problem.NEAR_DUPLICATE if isinstance(like, int):
            return _("nearly the same as scene %(number)d") % {"number": like}
        case Problem.NEAR_DUPLICATE if like:
            return _("nearly the same as %(name)s") % {"name": like}
    return NAMES[problem]


def read_problems(codes: Iterable[str]) -> frozenset[Problem]:
    """The problems with these codes; raises `Refused` for one that there is not."""
    wanted = {code.strip() for code in codes} - {""}
    if unknown := sorted(wanted - set(Problem)):
        raise Refused(
            _("There is no problem %(code)s.") % {"code": unknown[0][:40]},
            _("Name one of: %(known)s.") % {"known": ", ".join(Problem)},
        )
    return frozenset(map(Problem, wanted))
