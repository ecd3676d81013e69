"""How large a square may be, and how many one person may make. Pure."""

from damage.errors import Refused
from damage.messages import Message as _
from tagging.crops import LEAST_SIZE_PX

# As PNG such a square has up to 50 MB, which is cut, kept and trained on at a stroke; roofs are seen in far less.
MOST_SIZE_PX = 4096
# What a question may ask for on the ground: less shows no building, more shows a quarter of a town.
LEAST_SIZE_M, MOST_SIZE_M = 0.5, 1000.0
# The page always makes squares of the question's size. Others come from programs that allow for the height of the
# flight, which differs by a factor of two or three within an event; what is further off shows other things.
SIZE_FACTOR = 4
# Somebody quick presses two keys a second; a phone that was offline sends what waited faster, and is told to wait.
TAGS_A_MINUTE = 180
# A tag a second for more than eight hours.
TAGS_A_DAY = 30_000
# Squares larger than the question's: the page makes none, and each may take SIZE_FACTOR squared as much of the disk.
LARGE_SQUARES_A_DAY = 500


def check_size(size_px: int) -> None:
    """Refuse a square that nobody may make, whatever the question."""
    if size_px < LEAST_SIZE_PX:
        raise Refused(
            _("A square of %(size)s px is too small.") % {"size": size_px},
            _("It needs at least %(least)s px.") % {"least": LEAST_SIZE_PX},
        )
    if size_px > MOST_SIZE_PX:
        raise Refused(
            _("A square of %(size)s px is too large.") % {"size": size_px},
            _("It may have %(most)s px at most.") % {"most": MOST_SIZE_PX},
        )


def check_size_for(size_px: int, *, asked_px: int, width_px: int, height_px: int) -> None:
    """Refuse a new square that is far from the side that the question asks for, in a scene of that width and height.

    In a scene smaller than the question's squares, people see the largest that fits.
    """
    least = max(LEAST_SIZE_PX, min(asked_px, width_px, height_px) // SIZE_FACTOR)
    most = min(MOST_SIZE_PX, asked_px * SIZE_FACTOR)
    if not least <= size_px <= most:
        raise Refused(
            _("Squares for this question have %(asked)s px; %(size)s px are too far from that.")
            % {"asked": asked_px, "size": size_px},
            _("Choose between %(least)s and %(most)s px.") % {"least": least, "most": most},
        )
