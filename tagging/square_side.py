"""How many scene pixels the side of a question's square has. Pure; `static/js/tagging/square.js` does the same."""

from tagging.crops import LEAST_SIZE_PX
from tagging.limits import MOST_SIZE_PX


def asked_side_px(*, size_m: float | None, size_px: int, gsd_m: float | None) -> int:
    """The side that a question asks for, in pixels of a scene whose pixels have `gsd_m` metres.

    Metres decide where both they and the pixels' size are known: a house covers as much ground from any height. Else
    the question's pixels stand. Never less or more than any square may have; a scene may still be smaller than that.
    """
    wanted_px = size_m / gsd_m if size_m and gsd_m else size_px
    return round(max(LEAST_SIZE_PX, min(wanted_px, MOST_SIZE_PX)))
