"""What a model was trained to see, and whether a scene shows ground as it did. Pure."""

from dataclasses import dataclass
from math import floor, log2

from damage.errors import Refused
from damage.messages import Message
from damage.messages import Message as _

# How many times coarser than the training's a scene's ground sample distance may be.
COARSER_WARNED, COARSER_REFUSED = 1.5, 4.0
# How many times finer; it is read through an overview, but other sensors see other things.
FINER_WARNED, FINER_REFUSED = 8.0, 32.0
LEAST_WINDOW_PX = 8


@dataclass(frozen=True)
class ModelInput:
    """What a model was trained to see: crops of this side on the ground, scaled to the network's input."""

    input_size_px: int
    crop_size_px: int
    crop_size_m: float | None = None

    @property
    def gsd_m(self) -> float | None:
        return self.crop_size_m / self.crop_size_px if self.crop_size_m else None


def gsd_warnings(model_input: ModelInput, gsd_m: float | None) -> list[Message]:
    """What may mislead about the scene's ground sample distance; raises `Refused` when it is too far off."""
    trained_m = model_input.gsd_m
    if trained_m is None or gsd_m is None:
        return [
            _(
                "The ground size of the model's crops or of the scene's pixels is unknown: "
                "windows are %(window_px)s scene pixels wide, whatever they cover."
            )
            % {"window_px": model_input.crop_size_px}
        ]
    coarser = gsd_m / trained_m
    if coarser > COARSER_REFUSED or coarser < 1 / FINER_REFUSED:
        raise Refused(
            _("The scene has %(gsd_m).3g m per pixel, the model was trained at %(trained_m).3g m.")
            % {"gsd_m": gsd_m, "trained_m": trained_m},
            _("Use a model trained between %(least_m).2g and %(most_m).2g m.")
            % {"least_m": gsd_m / COARSER_REFUSED, "most_m": gsd_m * FINER_REFUSED},
        )
    if coarser > COARSER_WARNED or coarser < 1 / FINER_WARNED:
        return [
            _(
                "The scene has %(gsd_m).3g m per pixel, the model was trained at %(trained_m).3g m: "
                "expect more mistakes than its test says."
            )
            % {"gsd_m": gsd_m, "trained_m": trained_m}
        ]
    return []


def window_as_read(model_input: ModelInput, gsd_m: float | None) -> tuple[int, int]:
    """A window's side in pixels as read, and `scale`: the scene is read at 1/scale of its size.

    Raises `Refused` where that leaves too few pixels.
    """
    side_px = (
        model_input.crop_size_m / gsd_m
        if model_input.crop_size_m and gsd_m
        else float(model_input.crop_size_px)
    )
    scale = _scale(model_input, side_px, gsd_m)
    window_px = round(side_px / scale)
    if window_px < LEAST_WINDOW_PX:
        raise Refused(
            _("A window would be %(window_px)s pixels wide, too few to see anything.")
            % {"window_px": window_px},
            _("Use imagery with a finer ground sample distance, or a model trained on larger crops."),
        )
    return window_px, scale


def _scale(model_input: ModelInput, side_px: float, gsd_m: float | None) -> int:
    """Power of two by which the scene is reduced: never below the crops' own resolution and the input's."""
    blur = model_input.gsd_m / gsd_m if model_input.gsd_m and gsd_m else 1.0
    surplus = max(blur, side_px / model_input.input_size_px)
    return 2 ** max(0, floor(log2(surplus)))
