"""Which bands of a raster are red, green and blue, and which pixels show ground: one rule for all who read. Pure."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader

from damage.errors import Refused
from damage.messages import Message as _

RED_GREEN_BLUE = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
# Alpha from which a pixel is ground: stored lossily it ripples about its edges, and resampled edges fade.
GROUND_FROM = 128
# Asked once of each open raster: after a read that failed, rasterio would raise that failure again when it is asked.
_meanings: WeakKeyDictionary[DatasetReader, tuple[ColorInterp, ...]] = WeakKeyDictionary()


def rgb_bands(dataset: DatasetReader) -> tuple[int, int, int]:
    """The numbers (from 1) of the bands that mean red, green and blue, wherever they stand.

    Where none says so, the first three but for alpha. Raises `Refused` for a raster that is not 8-bit colour.
    """
    meanings = meanings_of(dataset)
    order = [meanings.index(meaning) + 1 for meaning in RED_GREEN_BLUE if meaning in meanings]
    if not are_named(dataset):
        order = [band for band, meaning in enumerate(meanings, start=1) if meaning != ColorInterp.alpha]
    if set(dataset.dtypes) != {"uint8"} or len(order) < 3:
        raise Refused(
            _("Its pixels are not 8-bit red, green and blue."),
            _("Ask an admin to convert it and to take it in anew."),
        )
    return order[0], order[1], order[2]


def meanings_of(dataset: DatasetReader) -> tuple[ColorInterp, ...]:
    """What each band means (GDAL's colour interpretation)."""
    if dataset not in _meanings:
        _meanings[dataset] = tuple(dataset.colorinterp)
    return _meanings[dataset]


def are_named(dataset: DatasetReader) -> bool:
    """Whether one band each means red, green and blue."""
    return all(meanings_of(dataset).count(meaning) == 1 for meaning in RED_GREEN_BLUE)


def alpha_band(dataset: DatasetReader) -> int | None:
    """The number of the band that means alpha; None where there is none."""
    meanings = meanings_of(dataset)
    return meanings.index(ColorInterp.alpha) + 1 if ColorInterp.alpha in meanings else None


def has_mask(dataset: DatasetReader) -> bool:
    """Whether the raster says which of its pixels show ground: by a mask, by alpha or by a value for nodata."""
    return MaskFlags.all_valid not in _flags(dataset) or alpha_band(dataset) is not None


def ground_mask(dataset: DatasetReader, **place: Any) -> np.ndarray:
    """Where the raster shows ground (h, w), bool; `place` is rasterio's `window` and `out_shape`.

    Its mask counts before its alpha, and alpha before nodata, which is a pixel whose red, green and blue are all that.
    """
    flags, alpha, bands = _flags(dataset), alpha_band(dataset), rgb_bands(dataset)
    if MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags:
        return np.asarray(dataset.read_masks(bands[0], **place) >= GROUND_FROM)
    if alpha:
        return np.asarray(dataset.read(alpha, **place) >= GROUND_FROM)
    looked_at = bands if MaskFlags.nodata in flags else bands[:1]
    return np.logical_or.reduce([dataset.read_masks(band, **place) > 0 for band in looked_at])


def _flags(dataset: DatasetReader) -> list[MaskFlags]:
    return list(dataset.mask_flag_enums[rgb_bands(dataset)[0] - 1])
