"""What an orthomosaic is: its coordinate system, ground sample distance, outline. Pure, and strict at the door."""

from dataclasses import dataclass
from itertools import product
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from affine import Affine
from pyproj import Geod
from pyproj.exceptions import ProjError
from rasterio.enums import Interleaving, MaskFlags
from rasterio.errors import CRSError, RasterioError, RasterioIOError
from rasterio.features import shapes
from rasterio.io import DatasetReader
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from damage.errors import Refused
from damage.ingestion.georeference import lonlat, outline_4326
from damage.ingestion.mosaic_time import ACQUIRED, LONGEST, WRITTEN
from damage.ingestion.opening import open_raster
from damage.messages import Message as _

WGS84 = Geod(ellps="WGS84")
OUTLINE_PX = 1024  # longest side of the reduced mask that the outline is drawn from
MAX_BLOCK_PX = 64_000_000
MAX_PIXELS = 50_000_000_000
MAX_BYTES_FROM_ONE = 1000  # an image that unpacks to more than this many times its file is no photograph


@dataclass(frozen=True)
class MosaicFacts:
    """What is kept of an orthomosaic; `transform` is (a, b, c, d, e, f) from pixel corners to the crs."""

    width_px: int
    height_px: int
    band_count: int
    crs_wkt: str
    transform: tuple[float, ...]
    gsd_m: float
    lon: float
    lat: float
    footprint_4326: dict[str, Any]
    # The moments of acquisition and of writing, as the file's tags have them.
    acquired: str = ""
    written: str = ""


def read_mosaic_facts(path: Path) -> MosaicFacts:
    """Read what an orthomosaic says of itself; raise `Refused`, with the remedy, when it cannot be used."""
    if path.stat().st_size == 0:
        raise Refused(_("The file is empty."), _("Copy it again from where it came."))
    try:
        _check_kind(path)
        with open_raster(path) as dataset:
            check_usable(dataset, path)
            return _facts(dataset)
    except (CRSError, ProjError) as error:
        raise Refused(
            _("Its coordinate system cannot be brought to longitude and latitude."), _ASSIGN_CRS
        ) from error
    except UnicodeDecodeError as error:  # which rasterio raises for a citation in Latin-1
        raise Refused(_("The name of its coordinate system is not written in UTF-8."), _ASSIGN_CRS) from error
    except RasterioIOError as error:
        raise Refused(
            _("It is not an image that can be read: truncated, or another kind of file with this name."),
            _("Copy it again from where it came, and check it with: gdalinfo -checksum FILE"),
        ) from error
    except RasterioError as error:
        raise Refused(
            _("It cannot be used (%(error)s).") % {"error": error}, _("Check it with: gdalinfo FILE")
        ) from error


_NOT_ON_EARTH = (
    _("Its place is not on earth."),
    _("Check its coordinate system and geotransform: gdalinfo FILE"),
)
_ASSIGN_CRS = _("Give it the right one: gdal_translate -a_srs EPSG:xxxxx IN.tif OUT.tif")


def _check_kind(path: Path) -> None:
    """Tell people who mix up photos and mosaics; what is no image at all is told by GDAL."""
    with path.open("rb") as file:
        kind = {b"\xff\xd8\xff": "JPEG", b"\x89PN": "PNG"}.get(file.read(3))
    if kind:
        raise Refused(
            _("It is a %(kind)s file, not a GeoTIFF.") % {"kind": kind},
            _(
                "A drone photo goes in with ingest_photos; else convert it: gdal_translate -of GTiff IN "
                "OUT.tif"
            ),
        )


def check_usable(dataset: DatasetReader, path: Path) -> None:
    """Raise `Refused` for what is no 8-bit RGB GeoTIFF with a place on earth."""
    if dataset.count not in (3, 4):
        raise Refused(
            _("Its number of bands is %(count)s; red, green, blue (and alpha) are needed.")
            % {"count": dataset.count},
            _(
                "Choose the bands: gdal_translate -b 3 -b 2 -b 1 IN.tif OUT.tif (or -expand rgb for a "
                "palette)"
            ),
        )
    if set(dataset.dtypes) != {"uint8"}:
        raise Refused(
            _("Its pixels are %(kind)s, not 8-bit.") % {"kind": dataset.dtypes[0]},
            _("Convert it: gdal_translate -ot Byte -scale IN.tif OUT.tif"),
        )
    if dataset.crs is None:
        raise Refused(_("It has no coordinate system."), _ASSIGN_CRS)
    if dataset.transform.is_identity or dataset.transform.is_degenerate:
        raise Refused(
            _("It has a coordinate system, but no place in it."),
            _(
                "Georeference it: gdal_translate -a_ullr WEST NORTH EAST SOUTH IN.tif OUT.tif (control "
                "points: gdalwarp)"
            ),
        )
    _check_bomb(dataset, path)
    _check_complete(dataset, path)


def _check_bomb(dataset: DatasetReader, path: Path) -> None:
    pixels = dataset.width * dataset.height
    if pixels > MAX_PIXELS or pixels * dataset.count > MAX_BYTES_FROM_ONE * path.stat().st_size:
        raise Refused(
            _("It claims %(width)s x %(height)s px in %(size)s bytes: no photograph does.")
            % {"width": dataset.width, "height": dataset.height, "size": path.stat().st_size},
            _(
                "If it is mostly empty, cut it to what was flown: gdal_translate -srcwin X Y WIDTH HEIGHT "
                "IN.tif OUT.tif"
            ),
        )
    rows, columns = dataset.block_shapes[0]
    if rows * columns > MAX_BLOCK_PX:
        raise Refused(
            _("It is stored in blocks of %(columns)s x %(rows)s px, too large to read one by one.")
            % {"columns": columns, "rows": rows},
            _("Tile it: gdal_translate -co TILED=YES -co COMPRESS=JPEG IN.tif OUT.tif"),
        )


def _check_complete(dataset: DatasetReader, path: Path) -> None:
    """Every block must end within the file: finds a truncated copy without decoding it."""
    size_bytes = path.stat().st_size
    rows, columns = dataset.block_shapes[0]
    bands = range(1, dataset.count + 1) if dataset.interleaving == Interleaving.band else [1]
    places = product(bands, range(ceil(dataset.height / rows)), range(ceil(dataset.width / columns)))
    for band, row, column in places:
        offset = dataset.get_tag_item(f"BLOCK_OFFSET_{column}_{row}", "TIFF", bidx=band)
        length = dataset.get_tag_item(f"BLOCK_SIZE_{column}_{row}", "TIFF", bidx=band)
        if offset and length and int(offset) + int(length) > size_bytes:
            raise Refused(
                _("It is truncated: the file ends before its pixels do."),
                _("Copy it again from where it came."),
            )


def _facts(dataset: DatasetReader) -> MosaicFacts:
    lon, lat = _lonlat(dataset, dataset.width / 2, dataset.height / 2)
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise Refused(*_NOT_ON_EARTH)
    return MosaicFacts(
        width_px=dataset.width,
        height_px=dataset.height,
        band_count=dataset.count,
        crs_wkt=dataset.crs.to_wkt(),
        transform=tuple(dataset.transform)[:6],
        gsd_m=centre_gsd_m(dataset),
        lon=lon,
        lat=lat,
        footprint_4326=footprint_4326(dataset),
        acquired=dataset.tags(ns="IMAGERY").get(ACQUIRED, "")[:LONGEST],
        written=dataset.tags().get(WRITTEN, "")[:LONGEST],
    )


def _lonlat(dataset: DatasetReader, x_px: float, y_px: float) -> tuple[float, float]:
    """Longitude and latitude of a position in pixels (0, 0 is the top left corner)."""
    lon, lat = lonlat(
        np.array(x_px), np.array(y_px), transform=dataset.transform[:6], crs_wkt=dataset.crs.to_wkt()
    )
    return float(lon), float(lat)


def centre_gsd_m(dataset: DatasetReader) -> float:
    """Ground sample distance at the centre, in metres: the side of a square as large as the pixel there.

    Measured on the WGS 84 ellipsoid, so that degrees, feet, rotation and web mercator's stretching need no care.
    """
    x, y = dataset.width / 2, dataset.height / 2
    across = WGS84.inv(*_lonlat(dataset, x - 0.5, y), *_lonlat(dataset, x + 0.5, y))[2]
    down = WGS84.inv(*_lonlat(dataset, x, y - 0.5), *_lonlat(dataset, x, y + 0.5))[2]
    return sqrt(across * down)


def footprint_4326(dataset: DatasetReader) -> dict[str, Any]:
    """Outline of the pixels that hold data, as GeoJSON in EPSG:4326, from a reduced mask; specks are left out.

    Raises `Refused` when there are none.
    """
    scale = max(1.0, max(dataset.width, dataset.height) / OUTLINE_PX)
    size = (max(1, round(dataset.height / scale)), max(1, round(dataset.width / scale)))
    if all(MaskFlags.all_valid in flags for flags in dataset.mask_flag_enums):
        outline: BaseGeometry = shapely.box(0, 0, size[1], size[0])
    else:
        outline = _valid_area(dataset.dataset_mask(out_shape=size))
    to_crs = dataset.transform @ Affine.scale(dataset.width / size[1], dataset.height / size[0])
    # Long straight sides are bent by the change of projection: points in between keep them where they are.
    outline = shapely.segmentize(outline, max(size) / 8)
    geometry = outline_4326(outline, transform=to_crs[:6], crs_wkt=dataset.crs.to_wkt())
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise Refused(*_NOT_ON_EARTH)
    return dict(mapping(shapely.set_precision(geometry, 1e-7, mode="pointwise")))


def _valid_area(mask: np.ndarray) -> BaseGeometry:
    pieces = [shape(geometry) for geometry, value in shapes((mask > 0).astype(np.uint8)) if value == 1]
    if not pieces:
        raise Refused(
            _("It holds no data: every pixel is marked as empty."), _("Check the export of the mosaic.")
        )
    largest = max(piece.area for piece in pieces)
    area = shapely.union_all([piece for piece in pieces if piece.area >= min(16, largest)])
    return shapely.simplify(area, 1.0)
