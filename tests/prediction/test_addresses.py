"""Addresses without and with the network."""

from time import perf_counter

import numpy as np
import pytest
from geopy.distance import geodesic
from geopy.exc import GeocoderUnavailable
from geopy.geocoders.base import Geocoder
from geopy.location import Location

from prediction.addresses import Cities, Gazetteer, built_in_gazetteer, nominatim_addresses

EQUATOR = Cities(("Null, Atlantic", "East, Atlantic"), np.array([0.0, 1.0]), np.array([0.0, 0.0]))


@pytest.mark.parametrize(
    ("lat", "lon", "address"),
    [
        (0.0, 0.01, "1.1 km E of Null, Atlantic"),  # a hundredth of 111.32 km
        (0.0, 0.99, "1.1 km W of East, Atlantic"),
        (0.005, 0.0, "550 m N of Null, Atlantic"),  # 110.57 km a degree
        (-0.1, -0.1, "15.7 km SW of Null, Atlantic"),  # sqrt(11.06² + 11.13²)
        (0.0, 0.0001, "Null, Atlantic"),
        (0.00904, 0.0, "1.0 km N of Null, Atlantic"),  # 999.6 m
    ],
)
def test_it_says_distance_and_direction_from_the_nearest_town(lat, lon, address):
    assert Gazetteer(EQUATOR).reverse((lat, lon)).address == address


def test_the_nearest_town_may_lie_across_the_antimeridian():
    cities = Cities(("Taveuni, Fiji", "Far, Fiji"), np.array([-179.9, 178.0]), np.array([0.0, 0.0]))
    assert Gazetteer(cities).reverse((0, 179.9)).address == "22.3 km W of Taveuni, Fiji"


def test_the_built_in_gazetteer_knows_the_struck_towns():
    gazetteer = built_in_gazetteer()
    assert isinstance(gazetteer, Geocoder)
    assert gazetteer.reverse("37.5847, 36.92641").address == "Kahramanmaraş, Turkey"
    assert gazetteer.reverse((16.4333, -95.0197)).address.endswith("Mexico")


def test_it_finds_the_town_that_geopy_measures_as_nearest():
    cities = built_in_gazetteer().cities
    some = np.random.default_rng(0).choice(len(cities.names), 400, replace=False)
    few = Cities([cities.names[i] for i in some], cities.lons[some], cities.lats[some])
    for lat, lon in [(37.6, 36.9), (-8.5, 115.2), (70.0, -50.0)]:
        nearest = min(
            range(400), key=lambda i: geodesic((lat, lon), (few.lats[i], few.lons[i]), ellipsoid="WGS-84").m
        )
        assert Gazetteer(few).reverse((lat, lon)).address.endswith(f"of {few.names[nearest]}")


def test_a_hundred_thousand_addresses_take_seconds():
    rng = np.random.default_rng(0)
    gazetteer = built_in_gazetteer()
    begun = perf_counter()
    assert len(gazetteer.addresses(rng.uniform(36, 38, 100_000), rng.uniform(37, 38, 100_000))) == 100_000
    assert perf_counter() - begun < 15


class FakeNominatim(Geocoder):
    """Answers from nowhere and counts the questions."""

    def __init__(self, failing_after=1000):
        super().__init__()
        self.asked = []
        self.failing_after = failing_after

    def reverse(self, query, **kwargs):
        if len(self.asked) >= self.failing_after:
            raise GeocoderUnavailable("no network")
        self.asked.append(query)
        return Location(f"street {len(self.asked)}", query, {})


def test_nominatim_is_asked_once_for_neighbours():
    fake = FakeNominatim()
    lons, lats = np.array([36.90001, 36.90002, 36.95]), np.array([37.58, 37.58, 37.58])
    assert nominatim_addresses(lons, lats, geocoder=fake, seconds_apart=0) == [
        "street 1",
        "street 1",
        "street 2",
    ]
    assert len(fake.asked) == 2


def test_without_network_the_gazetteer_answers():
    fake = FakeNominatim(failing_after=1)
    lons, lats = np.array([36.9, 36.92641]), np.array([37.5, 37.5847])
    addresses = nominatim_addresses(lons, lats, geocoder=fake, seconds_apart=0)
    assert addresses == ["street 1", "Kahramanmaraş, Turkey"]
