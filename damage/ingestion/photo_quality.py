"""What is wrong with photos for finding damage: each judged alone, or against the others of its flight. Pure.

Sharpness depends on the ground as much as on the camera, so that no figure means "blurred" everywhere: a photo is
compared with those taken on the same day with the same camera over the same town. The limits are measured by
`benchmarks/photo_quality.py`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import cos, hypot, log, radians
from typing import Any

import numpy as np

from damage.ingestion.photo_look import Look
from damage.ingestion.photo_problems import Problem

NADIR_DEG = -90.0
MOST_OFF_NADIR_DEG = 30.0
LOWEST_M, HIGHEST_M = 10.0, 500.0
# A picture that is so dark on the average (of 255), or of which so much is black, or white, shows little else.
LEAST_MEAN, MOST_DARK_SHARE, MOST_BRIGHT_SHARE = 30.0, 0.7, 0.5
# Blurred is what lies below the median of so many photos by so many deviations, and by so many times.
LEAST_PHOTOS = 8
LEAST_DEVIATIONS = 3.0
LEAST_TIMES = 3.0
NORMAL_PER_MAD = 1.4826  # of a normal distribution, the deviation per median absolute deviation
LEAST_SHARPNESS = 0.01  # logarithms know no zero
# Near-duplicates differ in so few of 256 bits, and were taken this near.
MOST_BITS = 32
NEAR_M, NEAR_S = 3.0, 10.0
METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class JudgedPhoto:
    """What a photo is judged by; None where nobody knows. `key` says which it is to whoever asks."""

    key: Any
    lon: float | None = None
    lat: float | None = None
    height_above_ground_m: float | None = None
    gimbal_pitch_deg: float | None = None
    captured_at: datetime | None = None
    camera: tuple[str, str] = ("", "")
    look: Look | None = None

    @property
    def flight(self) -> tuple[date | None, tuple[str, str]]:
        """What photos of one town share that are compared with each other: day and camera."""
        return day_of(self.captured_at), self.camera


@dataclass(frozen=True)
class Finding:
    """That a photo has a problem.

    The figure: of the flight's median sharpness the share; the mean luminance; the share of white; degrees off nadir;
    metres.
    `like` is the photo that a near-duplicate resembles.
    """

    key: Any
    problem: Problem
    figure: float | None = None
    like: Any = None


def day_of(captured_at: datetime | None) -> date | None:
    """The day of a flight, in UTC: most cameras' own time, which is taken for that."""
    return captured_at.astimezone(UTC).date() if captured_at else None


def judge(photos: Sequence[JudgedPhoto]) -> list[Finding]:
    """What is wrong with the photos of one town, flight by flight; of near-duplicates the first sound one is spared."""
    flights: dict[Any, list[JudgedPhoto]] = {}
    for photo in photos:
        flights.setdefault(photo.flight, []).append(photo)
    findings = []
    for flight in flights.values():
        found = [finding for photo in flight for finding in _findings_alone(photo)] + blurred(flight)
        faulty = {finding.key for finding in found}
        findings += found + near_duplicates(sorted(flight, key=lambda photo: photo.key in faulty))
    return findings


def _findings_alone(photo: JudgedPhoto) -> Iterator[Finding]:
    if photo.lon is None or photo.lat is None:
        yield Finding(photo.key, Problem.NO_GPS)
    if (pitch := photo.gimbal_pitch_deg) is not None and abs(pitch - NADIR_DEG) > MOST_OFF_NADIR_DEG:
        yield Finding(photo.key, Problem.OBLIQUE, abs(pitch - NADIR_DEG))
    if (height := photo.height_above_ground_m) is not None and not LOWEST_M <= height <= HIGHEST_M:
        yield Finding(photo.key, Problem.LOW if height < LOWEST_M else Problem.HIGH, height)
    look = photo.look
    if look and (look.mean_luminance < LEAST_MEAN or look.dark_share > MOST_DARK_SHARE):
        yield Finding(photo.key, Problem.DARK, look.mean_luminance)
    if look and look.bright_share > MOST_BRIGHT_SHARE:
        yield Finding(photo.key, Problem.BRIGHT, look.bright_share)


def blurred(flight: Iterable[JudgedPhoto]) -> list[Finding]:
    """Those far below their flight's usual sharpness, by median and median absolute deviation of its logarithm."""
    measured = [(photo.key, photo.look.sharpness) for photo in flight if photo.look]
    if len(measured) < LEAST_PHOTOS:
        return []
    logs = np.log([max(sharpness, LEAST_SHARPNESS) for _key, sharpness in measured])
    median = float(np.median(logs))
    deviation = NORMAL_PER_MAD * float(np.median(abs(logs - median)))
    lowest = median - max(LEAST_DEVIATIONS * deviation, log(LEAST_TIMES))
    return [
        Finding(key, Problem.BLURRED, round(float(np.exp(value - median)), 2))
        for (key, _sharpness), value in zip(measured, logs, strict=True)
        if value < lowest
    ]


def near_duplicates(flight: Sequence[JudgedPhoto]) -> list[Finding]:
    """Those that look like one before them, taken within metres, or seconds where a position is not known."""
    hashed = [photo for photo in flight if photo.look]
    hashes = np.array([_bits(photo.look.hash_hex) for photo in hashed if photo.look]).reshape(-1, 4)
    findings, spared = [], np.zeros(len(hashed), bool)
    for index, photo in enumerate(hashed):
        differing = np.bitwise_count(hashes[:index] ^ hashes[index]).sum(axis=1, dtype=np.uint16)
        alike = np.flatnonzero(spared[:index] & (differing <= MOST_BITS))
        like = next((hashed[other] for other in alike if _is_near(photo, hashed[other])), None)
        if like:
            findings.append(Finding(photo.key, Problem.NEAR_DUPLICATE, like=like.key))
        else:
            spared[index] = True
    return findings


def _bits(hash_hex: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(hash_hex), np.uint64)


def _is_near(one: JudgedPhoto, other: JudgedPhoto) -> bool:
    if one.lon is not None and one.lat is not None and other.lon is not None and other.lat is not None:
        east = (one.lon - other.lon) * cos(radians(one.lat))
        return hypot(east, one.lat - other.lat) * METRES_PER_DEGREE <= NEAR_M
    if one.captured_at and other.captured_at:
        return abs((one.captured_at - other.captured_at).total_seconds()) <= NEAR_S
    return False
