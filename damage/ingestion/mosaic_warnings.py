"""What is odd about an orthomosaic that comes in all the same: for people, who know what it shows. Pure."""

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader
from rasterio.windows import Window

from damage.ingestion.bands import alpha_band, are_named, has_mask, meanings_of, rgb_bands
from damage.messages import Message
from damage.messages import Message as _

LOOKED_AT_PX = 1024  # longest side of the reduced bands that are looked at
CLEAR, OPAQUE = 16, 239  # an alpha that was stored lossily ripples as far
MOST_BETWEEN = 0.1
CORNER_PX = 16
BLACK, WHITE = 5, 250
MOST_OBLONG = 1.05


def mosaic_warnings(dataset: DatasetReader, *, pixel_m: tuple[float, float]) -> tuple[Message, ...]:
    """What to tell of a mosaic whose bands may come in; `pixel_m` is a pixel's width and height on the ground."""
    warnings = [_unnamed(dataset), _alpha(dataset), _oblong(*pixel_m)]
    if not has_mask(dataset):
        warnings += [*_unmarked_alphas(dataset), _border(dataset)]
    return tuple(warning for warning in warnings if warning)


def _unnamed(dataset: DatasetReader) -> Message | None:
    if are_named(dataset):
        return None
    return _(
        "its bands do not say which is red, green and blue, and are taken in this order; if it is the other way round: "
        "gdal_translate -b 3 -b 2 -b 1 -colorinterp red,green,blue IN.tif OUT.tif"
    )


def _alpha(dataset: DatasetReader) -> Message | None:
    """Near infrared is often called alpha, as GDAL does with the fourth of four 8-bit bands."""
    alpha = alpha_band(dataset)
    if alpha is None or (between := _share_between(_reduced(dataset, alpha))) <= MOST_BETWEEN:
        return None
    red, green, blue = rgb_bands(dataset)
    return _(
        "its alpha (band %(band)s) is neither clear nor opaque in %(percent)s %% of the pixels, as near infrared would "
        "be, and what is below 128 counts as no ground; if it is no alpha: gdal_translate -b %(red)s -b %(green)s -b "
        "%(blue)s IN.tif OUT.tif"
    ) % {"band": alpha, "percent": round(100 * between), "red": red, "green": green, "blue": blue}


def _unmarked_alphas(dataset: DatasetReader) -> list[Message]:
    bands = [
        band
        for band, meaning in enumerate(meanings_of(dataset), start=1)
        if meaning == ColorInterp.undefined and band not in rgb_bands(dataset)
    ]
    return [
        _(
            "its band %(band)s is 0 or 255, as an alpha, but does not say that it is one, so all counts as ground; if "
            "it is: gdal_translate -colorinterp_%(band)s alpha IN.tif OUT.tif"
        )
        % {"band": band}
        for band in bands
        if _is_like_alpha(_reduced(dataset, band))
    ]


def _border(dataset: DatasetReader) -> Message | None:
    corners = [_corner(dataset, right, bottom) for right in (False, True) for bottom in (False, True)]
    if sum(bool((corner >= WHITE).all()) for corner in corners) > 1:
        return _(
            "its corners are white, and nothing says that they show no ground; if so: nearblack -white -setmask -of "
            "GTiff -o OUT.tif IN.tif"
        )
    if sum(bool((corner <= BLACK).all()) for corner in corners) > 1:
        return _(
            "its corners are black, and nothing says that they show no ground; if so: nearblack -setmask -of GTiff "
            "-o OUT.tif IN.tif"
        )
    return None


def _oblong(width_m: float, height_m: float) -> Message | None:
    if max(width_m, height_m) <= MOST_OBLONG * min(width_m, height_m):
        return None
    return _(
        "its pixels are not square on the ground (%(width_m).2g m x %(height_m).2g m), as they are in what models "
        "learn from; to make them so: gdalwarp -t_srs EPSG:xxxxx IN.tif OUT.tif, with the zone of UTM there"
    ) % {"width_m": width_m, "height_m": height_m}


def _reduced(dataset: DatasetReader, band: int) -> np.ndarray:
    scale = max(1.0, max(dataset.shape) / LOOKED_AT_PX)
    rows, columns = (max(1, round(side / scale)) for side in dataset.shape)
    return np.asarray(dataset.read(band, out_shape=(rows, columns)))


def _corner(dataset: DatasetReader, right: bool, bottom: bool) -> np.ndarray:
    side = max(1, min(CORNER_PX, min(dataset.shape) // 4))
    window = Window((dataset.width - side) * right, (dataset.height - side) * bottom, side, side)
    return np.asarray(dataset.read(rgb_bands(dataset), window=window))


def _share_between(values: np.ndarray) -> float:
    return float(((values > CLEAR) & (values < OPAQUE)).mean())


def _is_like_alpha(values: np.ndarray) -> bool:
    return bool(values.min() <= CLEAR and values.max() >= OPAQUE and _share_between(values) < 0.01)
