"""What an orthomosaic is: its coordinate system, ground sample distance, outline. Pure, and strict at the door."""

import re
from dataclasses import dataclass
from itertools import product
from math import ceil, prod, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from affine import Affine
from pyproj import CRS, Geod
from pyproj.exceptions import ProjError
from rasterio.enums import Interleaving
from rasterio.errors import CRSError, RasterioError, RasterioIOError
from rasterio.features import shapes
from rasterio.io import DatasetReader
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from damage.errors import Refused
from damage.ingestion.bands import ground_mask, has_mask
from damage.ingestion.file_formats import format_of
from damage.ingestion.georeference import lonlat, outline_4326
from damage.ingestion.mosaic_time import ACQUIRED, LONGEST, WRITTEN
from damage.ingestion.mosaic_warnings import mosaic_warnings
from damage.ingestion.opening import open_raster
from damage.ingestion.tiff_structure import check_whole
from damage.ingestion.usable_bands import check_bands
from damage.messages import Message
from damage.messages import Message as _

WGS84 = Geod(ellps="WGS84")
OUTLINE_PX = 1024  # longest side of the reduced mask that the outline is drawn from
MAX_BLOCK_PX = 64_000_000
MAX_PIXELS = 50_000_000_000
MAX_BYTES_FROM_ONE = 1000  # an image that unpacks to more than this many times its file is no photograph
MISSING_CODEC = re.compile(r"missing codec (?:of code )?(\w+)")  # in GDAL's words
MOST_EMPTY = 100  # or one that is this many times as large as what is stored of it


@dataclass(frozen=True)
class MosaicFacts:
    """What is kept of an orthomosaic, and what is odd about it.

    `transform` is (a, b, c, d, e, f) from pixel corners to the crs.
    """

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
    warnings: tuple[Message, ...] = ()


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
        if codec := MISSING_CODEC.search(str(error)):
            raise Refused(
                _("It is compressed by %(codec)s, which is not read here.") % {"codec": codec[1]},
                _("Compress it otherwise: gdal_translate -co COMPRESS=DEFLATE IN.tif OUT.tif"),
            ) from error
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
    """Name formats that are known, and tell people who mix up photos and mosaics; the rest is told by GDAL."""
    if kind := format_of(path):
        raise Refused(
            _("It is a %(kind)s file, not a GeoTIFF.") % {"kind": kind},
            _(
                "A drone photo goes in with ingest_photos; else convert it: gdal_translate -of GTiff IN "
                "OUT.tif"
            )
            if kind in ("JPEG", "PNG")
            else _("Convert it: gdal_translate -of GTiff IN OUT.tif"),
        )


def check_usable(dataset: DatasetReader, path: Path) -> None:
    """Raise `Refused` for what is no 8-bit RGB GeoTIFF with a place on earth."""
    check_bands(dataset)
    _check_georeference(dataset)
    check_whole(path)
    _check_blocks(dataset, path.stat().st_size)


def _check_georeference(dataset: DatasetReader) -> None:
    has_place = not (dataset.transform.is_identity or dataset.transform.is_degenerate)
    if not has_place or dataset.crs is None:
        _check_is_no_source_of_mosaics(dataset)
    if dataset.crs is None:
        raise Refused(_("It has no coordinate system."), _ASSIGN_CRS)
    crs = CRS.from_wkt(dataset.crs.to_wkt())
    if not (crs.is_projected or crs.is_geographic):
        raise Refused(
            _("Its coordinate system (%(name)s) is geocentric or local, not one of a map.")
            % {"name": crs.name},
            _ASSIGN_CRS,
        )
    if not has_place:
        raise Refused(
            _("It has a coordinate system, but no place in it."),
            _("Georeference it: gdal_translate -a_ullr WEST NORTH EAST SOUTH IN.tif OUT.tif"),
        )


def _check_is_no_source_of_mosaics(dataset: DatasetReader) -> None:
    """Refuse what is yet to be laid on the ground."""
    if dataset.gcps[0]:
        raise Refused(
            _("Its place is given by control points only."),
            _("Lay it on the ground: gdalwarp -r cubic -t_srs EPSG:xxxxx IN.tif OUT.tif"),
        )
    if dataset.rpcs:
        raise Refused(
            _("Its place is given by a satellite's camera model (RPC) only."),
            _("Lay it on the ground: gdalwarp -rpc -to RPC_DEM=HEIGHTS.tif -t_srs EPSG:xxxxx IN.tif OUT.tif"),
        )


def _check_blocks(dataset: DatasetReader, size_bytes: int) -> None:
    """Refuse what unpacks to far too much, without decoding it; empty blocks may be left out."""
    rows, columns = dataset.block_shapes[0]
    if rows * columns > MAX_BLOCK_PX:
        raise Refused(
            _("It is stored in blocks of %(columns)s x %(rows)s px, too large to read one by one.")
            % {"columns": columns, "rows": rows},
            _("Tile it: gdal_translate -co TILED=YES -co COMPRESS=JPEG IN.tif OUT.tif"),
        )
    by_band = dataset.interleaving == Interleaving.band
    down, across = ceil(dataset.height / rows), ceil(dataset.width / columns)
    pixels, planes = dataset.width * dataset.height, dataset.count if by_band else 1
    is_bomb = pixels > MAX_PIXELS or down * across * planes > size_bytes  # each takes some bytes of an index
    if not is_bomb:
        block_px = min(rows, dataset.height) * min(columns, dataset.width)
        stored = _stored_blocks(dataset, planes, down, across) * block_px * dataset.count // planes
        is_bomb = stored > MAX_BYTES_FROM_ONE * size_bytes or pixels * dataset.count > MOST_EMPTY * stored
    if is_bomb:
        raise Refused(
            _("It claims %(width)s x %(height)s px in %(size)s bytes: no photograph does.")
            % {"width": dataset.width, "height": dataset.height, "size": size_bytes},
            _(
                "If it is mostly empty, cut it to what was flown: gdal_translate -srcwin X Y WIDTH HEIGHT "
                "IN.tif OUT.tif"
            ),
        )


def _stored_blocks(dataset: DatasetReader, planes: int, down: int, across: int) -> int:
    """How many blocks are not left out, as GDAL sees it."""
    return sum(
        dataset.get_tag_item(f"BLOCK_OFFSET_{column}_{row}", "TIFF", bidx=band) is not None
        for band, row, column in product(range(1, planes + 1), range(down), range(across))
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
        gsd_m=sqrt(prod(centre_pixel_m(dataset))),
        lon=lon,
        lat=lat,
        footprint_4326=footprint_4326(dataset),
        acquired=dataset.tags(ns="IMAGERY").get(ACQUIRED, "")[:LONGEST],
        written=dataset.tags().get(WRITTEN, "")[:LONGEST],
        warnings=mosaic_warnings(dataset, pixel_m=centre_pixel_m(dataset)),
    )


def _lonlat(dataset: DatasetReader, x_px: float, y_px: float) -> tuple[float, float]:
    """Longitude and latitude of a position in pixels (0, 0 is the top left corner)."""
    lon, lat = lonlat(
        np.array(x_px), np.array(y_px), transform=dataset.transform[:6], crs_wkt=dataset.crs.to_wkt()
    )
    return float(lon), float(lat)


def centre_pixel_m(dataset: DatasetReader) -> tuple[float, float]:
    """Width and height on the ground of the pixel at the centre, in metres.

    Measured on the WGS 84 ellipsoid, so that degrees, feet, rotation and web mercator's stretching need no care. The
    ground sample distance is the side of a square as large.
    """
    x, y = dataset.width / 2, dataset.height / 2
    across = WGS84.inv(*_lonlat(dataset, x - 0.5, y), *_lonlat(dataset, x + 0.5, y))[2]
    down = WGS84.inv(*_lonlat(dataset, x, y - 0.5), *_lonlat(dataset, x, y + 0.5))[2]
    return across, down


def footprint_4326(dataset: DatasetReader) -> dict[str, Any]:
    """Outline of the pixels that hold data, as GeoJSON in EPSG:4326, from a reduced mask; specks are left out.

    Raises `Refused` when there are none.
    """
    scale = max(1.0, max(dataset.width, dataset.height) / OUTLINE_PX)
    size = (max(1, round(dataset.height / scale)), max(1, round(dataset.width / scale)))
    if has_mask(dataset):
        outline = _valid_area(ground_mask(dataset, out_shape=size))
    else:
        outline = shapely.box(0, 0, size[1], size[0])
    to_crs = dataset.transform @ Affine.scale(dataset.width / size[1], dataset.height / size[0])
    # Long straight sides are bent by the change of projection: points in between keep them where they are.
    outline = shapely.segmentize(outline, max(size) / 8)
    geometry = outline_4326(outline, transform=to_crs[:6], crs_wkt=dataset.crs.to_wkt())
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise Refused(*_NOT_ON_EARTH)
    return dict(mapping(shapely.set_precision(geometry, 1e-7, mode="pointwise")))


def _valid_area(mask: np.ndarray) -> BaseGeometry:
    pieces = [shape(geometry) for geometry, value in shapes(mask.astype(np.uint8)) if value == 1]
    if not pieces:
        raise Refused(
            _("It holds no data: every pixel is marked as empty."),
            _(
                "Check the export of the mosaic; a fourth band that is no alpha is left out by: gdal_translate -b 1 -b "
                "2 -b 3 IN.tif OUT.tif"
            ),
        )
    largest = max(piece.area for piece in pieces)
    area = shapely.union_all([piece for piece in pieces if piece.area >= min(16, largest)])
    return shapely.simplify(area, 1.0)
