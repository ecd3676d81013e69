"""What a photo says of itself: position, height, time, camera. Pure: a path in, facts out."""

import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from damage.ingestion.opening import open_image

FRAME_WIDTH_MM = 36.0  # width of the 35 mm frame that FocalLengthIn35mmFilm refers to (Exif 2.32, tag 41989)
NADIR_DEG, NADIR_TOLERANCE_DEG = -90.0, 20.0
# What Pillow raises for EXIF that is damaged.
DAMAGED = (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error)
XMP_NUMBER = r'drone-dji:{name}(?:="|>)\s*([+-]?\d+(?:\.\d+)?)\s*(?:"|<)'


@dataclass(frozen=True)
class PhotoFacts:
    """What the metadata of a photo tells; `None` where it tells nothing or nonsense."""

    lon: float | None = None
    lat: float | None = None
    altitude_m: float | None = None
    height_above_ground_m: float | None = None
    gimbal_pitch_deg: float | None = None
    captured_at: datetime | None = None
    camera_make: str = ""
    camera_model: str = ""
    orientation: int = 1
    focal_35mm_mm: float | None = None


def read_photo_facts(path: Path) -> PhotoFacts:
    """Read EXIF and DJI's XMP; never fails on odd metadata of an image that opens.

    A time without a zone is taken as UTC: cameras rarely say where they think they are.
    """
    with open_image(path) as image:
        main, details, gps = (_tags(image, ifd) for ifd in (None, ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo))
        xmp = _text(image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b"")
    lon, lat = _position(gps)
    orientation = main.get(ExifTags.Base.Orientation, 1)
    return PhotoFacts(
        lon=lon,
        lat=lat,
        altitude_m=_altitude_m(gps) if lon is not None else None,
        height_above_ground_m=_xmp_number(xmp, "RelativeAltitude"),
        gimbal_pitch_deg=_xmp_number(xmp, "GimbalPitchDegree"),
        captured_at=_time(details, main),
        camera_make=_text(main.get(ExifTags.Base.Make, ""))[:80],
        camera_model=_text(main.get(ExifTags.Base.Model, ""))[:80],
        orientation=orientation if orientation in range(1, 9) else 1,
        focal_35mm_mm=_number(details.get(ExifTags.Base.FocalLengthIn35mmFilm)) or None,
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


def _position(gps: dict[int, Any]) -> tuple[float | None, float | None]:
    """Longitude and latitude in degrees; exactly (0, 0) is what cameras write without a fix."""
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "NS", 90)
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "EW", 180)
    if lat is None or lon is None or (lat == 0 and lon == 0):
        return None, None
    return lon, lat


def _degrees(value: Any, reference: Any, hemispheres: str, limit: float) -> float | None:
    """Signed degrees; without its hemisphere a place could lie on the other side of the world, so it is none."""
    hemisphere = _text(reference).upper()
    if hemisphere not in tuple(hemispheres):
        return None
    if not isinstance(value, tuple) or len(value) != 3:
        return None
    parts = [_number(part) for part in value]
    if any(part is None for part in parts):
        return None
    degrees = sum((part or 0.0) / 60**power for power, part in enumerate(parts))
    if not 0 <= degrees <= limit:
        return None
    return -degrees if hemisphere == hemispheres[1] else degrees


def _altitude_m(gps: dict[int, Any]) -> float | None:
    altitude = _number(gps.get(ExifTags.GPS.GPSAltitude))
    below = gps.get(ExifTags.GPS.GPSAltitudeRef, b"\x00") in (b"\x01", 1)
    return -altitude if altitude is not None and below else altitude


def _time(details: dict[int, Any], main: dict[int, Any]) -> datetime | None:
    written = _text(details.get(ExifTags.Base.DateTimeOriginal) or main.get(ExifTags.Base.DateTime) or "")
    offset = _text(details.get(ExifTags.Base.OffsetTimeOriginal) or "")
    for text, layout in ((f"{written}{offset}", "%Y:%m:%d %H:%M:%S%z"), (written, "%Y:%m:%d %H:%M:%S")):
        try:
            moment = datetime.strptime(text, layout)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _xmp_number(xmp: str, name: str) -> float | None:
    """A DJI value, as attribute or element; a number is all that is taken from XMP, so no XML parser is let near."""
    found = re.search(XMP_NUMBER.format(name=name), xmp)
    return float(found.group(1)) if found else None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if number == number and abs(number) != float("inf") else None


def _text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return text.replace("\x00", "").strip()
