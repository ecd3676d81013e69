"""What a model was trained to see, and whether a scene shows ground as it did. Pure."""

from dataclasses import dataclass

from damage.errors import Refused

# How many times coarser than the training's a scene's ground sample distance may be.
COARSER_WARNED, COARSER_REFUSED = 1.5, 4.0
# How many times finer; it is read through an overview, but other sensors see other things.
FINER_WARNED, FINER_REFUSED = 8.0, 32.0


@dataclass(frozen=True)
class Sight:
    """What a model was trained to see: crops of this side on the ground, scaled to the network's input."""

    input_size_px: int
    crop_size_px: int
    crop_size_m: float | None = None

    @property
    def gsd_m(self) -> float | None:
        return self.crop_size_m / self.crop_size_px if self.crop_size_m else None


def gsd_warnings(sight: Sight, gsd_m: float | None) -> list[str]:
    """What may mislead about the scene's ground sample distance; raises `Refused` when it is too far off."""
    trained_m = sight.gsd_m
    if trained_m is None or gsd_m is None:
        return [
            f"The ground size of the model's crops or of the scene's pixels is unknown: "
            f"windows are {sight.crop_size_px} scene pixels wide, whatever they cover."
        ]
    coarser = gsd_m / trained_m
    if coarser > COARSER_REFUSED or coarser < 1 / FINER_REFUSED:
        raise Refused(
            f"The scene has {gsd_m:.3g} m per pixel, the model was trained at {trained_m:.3g} m.",
            f"Use a model trained between {gsd_m / COARSER_REFUSED:.2g} and {gsd_m * FINER_REFUSED:.2g} m.",
        )
    if coarser > COARSER_WARNED or coarser < 1 / FINER_WARNED:
        return [
            f"The scene has {gsd_m:.3g} m per pixel, the model was trained at {trained_m:.3g} m: "
            f"expect more mistakes than its test says."
        ]
    return []
