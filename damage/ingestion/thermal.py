"""Which photos show temperatures in false colours, told by their camera. Pure."""

import re

# Cameras that take nothing but thermal images.
THERMAL_CAMERAS = re.compile(r"FLIR|XTR?S?|VUE(PRO)?(R)?|TAU2?|WIRIS.*")
# Cameras that take both, and name both alike: DJI's T and N series, Autel's dual ones, Parrot's and Yuneec's.
DUAL_CAMERAS = re.compile(
    r"(DJI)?(XT2|Z?H20[TN]|H30T|M30T|M3TD?|M4TD?|M2EA|MAVIC2ENTERPRISE(DUAL|ADVANCED))|XL70\d|XK729|ANAFI(USA|THERMAL|T)|CGOET.*|E10TV?|E20TV?X?"
)
# No thermal sensor of a drone has more pixels than this along its longer side; every colour camera beside one has.
LONGEST_THERMAL_PX = 1280


def is_thermal(*, make: str, model: str, image_source: str, longest_px: int) -> bool:
    """Whether the camera says that its image shows temperatures; `image_source` is DJI's XMP value of that name."""
    if image_source:
        return bool(re.search(r"infrared|thermal|^ir", image_source, re.IGNORECASE))
    make, model = (re.sub(r"[^A-Z0-9]", "", name.upper()) for name in (make, model))
    if make.startswith("FLIR") or THERMAL_CAMERAS.fullmatch(model):
        return True
    return longest_px <= LONGEST_THERMAL_PX and bool(DUAL_CAMERAS.fullmatch(model))
