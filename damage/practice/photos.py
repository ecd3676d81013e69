"""Drone photos of a practice town: a camera that looks straight down, and the metadata it writes. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, sin
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFilter
from PIL.TiffImagePlugin import IFDRational

from damage.practice.canvas import STRIP_ROWS
from damage.practice.plan import Place
from damage.practice.sites import Site

FOCAL_MM, FOCAL_35MM_MM, FRAME_MM = 8.8, 24, 36.0
GROUND_ALTITUDE_M = 1480.0
MAKE, MODEL = "Practice Drones", "PD-1"
JPEG_QUALITY = 87
UPSIDE_DOWN = 3  # EXIF orientation: stored turned by 180 degrees
# Where the photos lie within the town, as shares of the room that they have.
SPREAD = ((0.0, 0.0), (1.0, 0.1), (0.1, 1.0), (0.95, 0.95), (0.5, 0.5), (0.5, 0.0))


@dataclass(frozen=True)
class Shot:
    """One photo: its middle on the ground, its heading clockwise from north, and how the camera saw."""

    x_m: float
    y_m: float
    heading_rad: float
    gsd_m: float
    width_px: int
    height_px: int
    exposure: float
    blur_px: float
    vignetting: float
    noise: float
    orientation: int
    captured_at: datetime
    seed: int

    @property
    def relative_altitude_m(self) -> float:
        """The height at which a 35 mm frame of this focal length sees this GSD."""
        return self.gsd_m * FOCAL_35MM_MM * self.width_px / FRAME_MM

    @property
    def place(self) -> Place:
        """The ground that the photo shows."""
        return Place(
            self.x_m, self.y_m, self.width_px * self.gsd_m, self.height_px * self.gsd_m, self.heading_rad
        )

    def pixels(self, points_m: np.ndarray) -> np.ndarray:
        """Where places in the town are in the photo as shown, (n, 2) to (n, 2)."""
        x, y = points_m[:, 0] - self.x_m, points_m[:, 1] - self.y_m
        c, s = cos(self.heading_rad), sin(self.heading_rad)
        along, across = (x * c + y * s) / self.gsd_m, (y * c - x * s) / self.gsd_m
        return np.stack([along + self.width_px / 2, across + self.height_px / 2], axis=1)


def town_shots(
    rng: np.random.Generator, *, count: int, size_m: float, size_px: tuple[int, int], day: datetime
) -> list[Shot]:
    """Plan photos that lie wholly in the town and cover it together."""
    shots = []
    for number in range(count):
        gsd_m = size_m / 230 * 160 / size_px[0] * float(rng.uniform(0.94, 1.04))
        heading = float(rng.normal(0, 0.06)) + (np.pi if number % 2 else 0.0)
        half = np.abs(Place(0, 0, size_px[0] * gsd_m, size_px[1] * gsd_m, heading).corners_m).max(axis=0)
        share = np.clip(np.array(SPREAD[number % len(SPREAD)]) + rng.uniform(-0.06, 0.06, 2), 0, 1)
        x, y = half + 1 + share * (size_m - 2 * half - 2)
        shots.append(
            Shot(
                x_m=float(x),
                y_m=float(y),
                heading_rad=heading,
                gsd_m=gsd_m,
                width_px=size_px[0],
                height_px=size_px[1],
                exposure=float(rng.uniform(0.88, 1.12)),
                blur_px=float(rng.uniform(0.3, 0.9)),
                vignetting=float(rng.uniform(0.08, 0.26)),
                noise=float(rng.uniform(1.5, 4.0)),
                orientation=UPSIDE_DOWN if number == count - 1 else 1,
                captured_at=day + timedelta(seconds=7 * number),
                seed=int(rng.integers(2**31)),
            )
        )
    return shots


def write_photo(path: Path, town: np.ndarray, town_gsd_m: float, shot: Shot, site: Site) -> None:
    """Take the photo of a town's picture and store it as a camera does."""
    image = Image.fromarray(_seen(town, town_gsd_m, shot))
    if shot.orientation == UPSIDE_DOWN:
        image = image.transpose(Image.Transpose.ROTATE_180)
    image.save(path, "JPEG", quality=JPEG_QUALITY, exif=_exif(shot, site), xmp=_xmp(shot))


def _seen(town: np.ndarray, town_gsd_m: float, shot: Shot) -> np.ndarray:
    """The pixels that the camera records, uint8 (height, width, 3)."""
    c, s = cos(shot.heading_rad), sin(shot.heading_rad)
    step = shot.gsd_m / town_gsd_m
    half_width, half_height = shot.width_px / 2, shot.height_px / 2
    left = shot.x_m / town_gsd_m - step * (c * half_width - s * half_height)
    top = shot.y_m / town_gsd_m - step * (s * half_width + c * half_height)
    ground = Image.fromarray(town).transform(
        (shot.width_px, shot.height_px),
        Image.Transform.AFFINE,
        (step * c, -step * s, left, step * s, step * c, top),
        Image.Resampling.BILINEAR,
    )
    pixels = np.array(ground.filter(ImageFilter.BoxBlur(shot.blur_px)))
    rng = np.random.default_rng(shot.seed)
    grain = rng.normal(0, shot.noise, (STRIP_ROWS, shot.width_px, 1)).astype(np.float32)
    x = (np.arange(shot.width_px, dtype=np.float32) - half_width) / half_width
    y = (np.arange(shot.height_px, dtype=np.float32) - half_height) / half_width
    for top_row in range(0, shot.height_px, STRIP_ROWS):
        rows = slice(top_row, min(top_row + STRIP_ROWS, shot.height_px))
        light = shot.exposure * (1 - shot.vignetting * (x**2 + y[rows, None] ** 2) ** 1.3)
        moved = np.roll(grain, int(rng.integers(shot.width_px)), axis=1)[: rows.stop - rows.start]
        strip = pixels[rows] * light[..., None] + moved
        pixels[rows] = np.clip(strip, 0, 255).astype(np.uint8)
    return pixels


def _exif(shot: Shot, site: Site) -> Image.Exif:
    lon, lat = site.lonlat(np.array([(shot.x_m, shot.y_m)]))[0]
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = MAKE, MODEL
    exif[ExifTags.Base.Orientation] = shot.orientation
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = shot.captured_at.strftime("%Y:%m:%d %H:%M:%S")
    details[ExifTags.Base.FocalLength] = IFDRational(round(FOCAL_MM * 10), 10)
    details[ExifTags.Base.FocalLengthIn35mmFilm] = FOCAL_35MM_MM
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N" if lat >= 0 else "S", _dms(lat)
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E" if lon >= 0 else "W", _dms(lon)
    gps[ExifTags.GPS.GPSAltitudeRef] = b"\x00"
    gps[ExifTags.GPS.GPSAltitude] = IFDRational(
        round((GROUND_ALTITUDE_M + shot.relative_altitude_m) * 1000), 1000
    )
    return exif


def _dms(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes and seconds, to a millionth of a second."""
    millionths = round(abs(degrees) * 3600e6)
    whole, rest = divmod(millionths, 3600 * 10**6)
    minutes, seconds = divmod(rest, 60 * 10**6)
    return IFDRational(whole, 1), IFDRational(minutes, 1), IFDRational(seconds, 10**6)


def _xmp(shot: Shot) -> bytes:
    """What DJI's drones write beside EXIF; the height in its form, with a sign and centimetres or finer."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" '
        f'drone-dji:RelativeAltitude="{shot.relative_altitude_m:+.3f}" '
        'drone-dji:GimbalPitchDegree="-90.0"/></rdf:RDF></x:xmpmeta>'
    ).encode()
