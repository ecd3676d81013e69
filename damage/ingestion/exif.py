"""What a photo says of itself: position, height, time, camera. Pure: a path in, facts out.

What cannot be true is left empty, and said in the facts' warnings: photos come from anybody's camera and program.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from damage.ingestion.capture_time import capture_time
from damage.ingestion.exif_values import number, numbers, text
from damage.ingestion.opening import open_photo
from damage.ingestion.thermal import is_thermal
from damage.messages import Message
from damage.messages import Message as _

FRAME_WIDTH_MM = 36.0  # width of the 35 mm frame that FocalLengthIn35mmFilm refers to (Exif 2.32, tag 41989)
NADIR_DEG, NADIR_TOLERANCE_DEG = -90.0, 20.0
# Below the lowest shores and above the highest mountains that anybody flies over, in metres.
HEIGHTS_M = (-500.0, 20_000.0)
ANGLES_DEG = (-180.0, 180.0)
YAWS_DEG = (-360.0, 360.0)
FOCAL_LENGTHS_MM = (1.0, 10_000.0)
LONGEST_SHOWN = 40
# What Pillow raises for EXIF that is damaged.
DAMAGED = (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error)
# A value of DJI's as attribute, in either quotes, or as element; no XML parser is let near what people hand in.
XMP_VALUE = r"""drone-dji:{name}\s*(?:=\s*(?:"([^"<]*)"|'([^'<]*)')|>([^<]*)<)"""
XMP_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class PhotoFacts:
    """What the metadata of a photo tells; `None` where it tells nothing or nonsense, which the warnings say."""

    lon: float | None = None
    lat: float | None = None
    altitude_m: float | None = None
    height_above_ground_m: float | None = None
    gimbal_pitch_deg: float | None = None
    gimbal_roll_deg: float | None = None
    yaw_deg: float | None = (
        None  # to which side the camera looks, or the top of its picture when it looks down
    )
    captured_at: datetime | None = None
    camera_make: str = ""
    camera_model: str = ""
    orientation: int = 1
    focal_35mm_mm: float | None = None
    warnings: tuple[Message, ...] = ()


def read_photo_facts(path: Path) -> PhotoFacts:
    """Read EXIF and DJI's XMP; never fails on odd metadata of an image that opens.

    A time without a zone is taken as UTC: cameras rarely say where they think they are.
    """
    with open_photo(path) as image:
        main, details, gps = (_tags(image, ifd) for ifd in (None, ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo))
        xmp = text(image.info.get("xmp") or image.info.get("XML:com.adobe.xmp"))
        longest_px = max(image.size)
    warnings: list[Message] = []
    lon, lat = _position(gps, warnings)
    make, model = (text(main.get(tag))[:80] for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    source = _xmp_value(xmp, "ImageSource")
    if is_thermal(make=make, model=model, image_source=source, longest_px=longest_px):
        warnings.append(
            _("it looks thermal, by its camera %(camera)s: its colours are temperatures")
            % {"camera": model or make or source}
        )
    orientation = main.get(ExifTags.Base.Orientation, 1)
    return PhotoFacts(
        lon=lon,
        lat=lat,
        altitude_m=_altitude_m(gps, warnings) if lon is not None else None,
        height_above_ground_m=_xmp_number(
            xmp, "RelativeAltitude", HEIGHTS_M, _("height above ground %(written)s m"), warnings
        ),
        gimbal_pitch_deg=_xmp_number(
            xmp, "GimbalPitchDegree", ANGLES_DEG, _("gimbal pitch %(written)s°"), warnings
        ),
        gimbal_roll_deg=_xmp_number(
            xmp, "GimbalRollDegree", ANGLES_DEG, _("gimbal roll %(written)s°"), warnings
        ),
        yaw_deg=_yaw_deg(xmp, warnings),
        captured_at=_captured_at(details, main, gps, warnings),
        camera_make=make,
        camera_model=model,
        orientation=orientation if orientation in range(1, 9) else 1,
        focal_35mm_mm=_focal_35mm_mm(details, warnings),
        warnings=tuple(warnings),
    )


def _tags(image: Image.Image, ifd: ExifTags.IFD | None) -> dict[int, Any]:
    """The main tags, or those of a block below them; none where they are damaged."""
    try:
        exif = image.getexif()
        return exif.get_ifd(ifd) if ifd else dict(exif)
    except DAMAGED:
        return {}


def camera_gsd_m(facts: PhotoFacts, width_px: int) -> float | None:
    """Ground sample distance below a camera that looks straight down, in metres per pixel of the longer side.

    The 35 mm equivalent focal length f sees 36 mm of frame: gsd = height * 36 / (f * width), see e.g. Linder,
    Digital Photogrammetry (2016), ch. 2. None for a camera that looks aside or whose height is unknown.
    """
    if facts.gimbal_pitch_deg is None or abs(facts.gimbal_pitch_deg - NADIR_DEG) > NADIR_TOLERANCE_DEG:
        return None
    if not facts.focal_35mm_mm or not facts.height_above_ground_m or facts.height_above_ground_m <= 0:
        return None
    return facts.height_above_ground_m * FRAME_WIDTH_MM / (facts.focal_35mm_mm * width_px)


def _position(gps: dict[int, Any], warnings: list[Message]) -> tuple[float | None, float | None]:
    """Longitude and latitude in degrees; exactly (0, 0) is what cameras write without a fix."""
    tags = ExifTags.GPS
    written = [gps.get(tag) for tag in (tags.GPSLatitude, tags.GPSLongitude)]
    lat = _degrees(written[0], gps.get(tags.GPSLatitudeRef), "NS", 90)
    lon = _degrees(written[1], gps.get(tags.GPSLongitudeRef), "EW", 180)
    if lat is None or lon is None:
        if any(value is not None for value in written):
            warnings.append(_("what is written as its GPS position is not believed"))
        return None, None
    if lat == 0 and lon == 0:
        return None, None
    pairs = ((written[0], lat), (written[1], lon))
    if any(_signed_degrees(numbers(value)) < 0 < degrees for value, degrees in pairs):
        warnings.append(
            _("its GPS position has a minus sign, yet lies north or east by its hemisphere, as it is read")
        )
    return lon, lat


def _degrees(value: Any, reference: Any, hemispheres: str, limit: float) -> float | None:
    """Signed degrees; without its hemisphere a place could lie on the other side of the world, so it is none.

    As exiftool reads it (GPS.pm): up to three numbers, the sign by the first letter of the hemisphere alone.
    """
    hemisphere = text(reference).upper()[:1]
    parts = numbers(value)
    if not parts or hemisphere not in tuple(hemispheres):
        return None
    degrees = abs(_signed_degrees(parts))
    if degrees > limit:
        return None
    return -degrees if hemisphere == hemispheres[1] else degrees


def _signed_degrees(parts: Sequence[float]) -> float:
    """Degrees, minutes and seconds, as far as they are written, in degrees; each with its own sign."""
    return sum(part / 60**power for power, part in enumerate(parts[:3]))


def _altitude_m(gps: dict[int, Any], warnings: list[Message]) -> float | None:
    """Metres above the sea or the ellipsoid; below where the reference is 1 or 3 (Exif 3.0, tag 5)."""
    written = gps.get(ExifTags.GPS.GPSAltitude)
    altitude = _believed(written, HEIGHTS_M, _("altitude %(written)s m"), warnings)
    reference = gps.get(ExifTags.GPS.GPSAltitudeRef)
    is_below = reference in (1, 3) or reference in (b"\1", b"\3") or text(reference) in ("1", "3")
    if altitude is None or not is_below:
        return altitude
    return _believed(-abs(altitude), HEIGHTS_M, _("altitude %(written)s m"), warnings)


def _yaw_deg(xmp: str, warnings: list[Message]) -> float | None:
    """Clockwise from north: the gimbal's yaw, else the aircraft's, which a nadir camera turns with."""
    yaws = (
        _xmp_number(xmp, name, YAWS_DEG, _("yaw %(written)s°"), warnings)
        for name in ("GimbalYawDegree", "FlightYawDegree")
    )
    return next((yaw for yaw in yaws if yaw is not None), None)


def _captured_at(
    details: dict[int, Any], main: dict[int, Any], gps: dict[int, Any], warnings: list[Message]
) -> datetime | None:
    moment, refused = capture_time(details, main, gps)
    if refused:
        warnings.append(_not_believed(_("time %(written)s") % {"written": refused[:LONGEST_SHOWN]}))
    return moment


def _focal_35mm_mm(details: dict[int, Any], warnings: list[Message]) -> float | None:
    written = details.get(ExifTags.Base.FocalLengthIn35mmFilm)
    if number(written) == 0:  # Exif's word for unknown
        return None
    return _believed(written, FOCAL_LENGTHS_MM, _("focal length %(written)s mm"), warnings)


def _xmp_number(
    xmp: str, name: str, limits: tuple[float, float], what: Message, warnings: list[Message]
) -> float | None:
    """A number of DJI's; a number is all that is taken from XMP."""
    written = _xmp_value(xmp, name)
    return _believed(written, limits, what, warnings, is_number=bool(XMP_NUMBER.fullmatch(written)))


def _believed(
    written: Any,
    limits: tuple[float, float],
    what: Message,
    warnings: list[Message],
    *,
    is_number: bool = True,
) -> float | None:
    """A number within its limits; anything else that is written there is said, and left out."""
    least, most = limits
    value = number(written) if is_number else None
    if value is not None and least <= value <= most:
        return value
    if shown := text(written):
        warnings.append(_not_believed(what % {"written": shown[:LONGEST_SHOWN]}))
    return None


def _not_believed(what: Message) -> Message:
    return _("%(what)s is not believed and left empty") % {"what": what}


def _xmp_value(xmp: str, name: str) -> str:
    """What is written for a name of DJI's; empty where there is nothing."""
    found = re.search(XMP_VALUE.format(name=name), xmp)
    return next((value for value in found.groups() if value is not None), "").strip() if found else ""
