"""Where a practice town lies on the earth. Pure."""

from dataclasses import dataclass

import numpy as np
from affine import Affine
from pyproj import Transformer

EPSG = 32613  # UTM zone 13 north


@dataclass(frozen=True)
class Site:
    """The north-west corner of a town, in metres of `EPSG`."""

    west_m: float
    north_m: float

    def transform(self, gsd_m: float) -> Affine:
        """From pixels of a north-up picture of the town to the CRS."""
        return Affine(gsd_m, 0, self.west_m, 0, -gsd_m, self.north_m)

    def lonlat(self, points_m: np.ndarray) -> np.ndarray:
        """Longitude and latitude of places in the town, (n, 2) to (n, 2)."""
        to_4326 = Transformer.from_crs(EPSG, 4326, always_xy=True)
        lon, lat = to_4326.transform(self.west_m + points_m[:, 0], self.north_m - points_m[:, 1])
        return np.stack([lon, lat], axis=1)


def town_site(number: int) -> Site:
    """The site of the town of this number: invented towns in an empty desert, three kilometres apart."""
    return Site(544_000.0 + 3_000 * number, 3_136_000.0 - 1_200 * number)
