"""Which bands may come in: 8-bit red, green and blue, each where the file says, and nothing that has to be guessed."""

from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader

from damage.errors import Refused
from damage.ingestion.bands import RED_GREEN_BLUE, are_named, meanings_of
from damage.messages import Message as _

# What bands mean that say nothing: a TIFF of several bands that is not marked as RGB calls its first one gray.
UNNAMED = {ColorInterp.undefined, ColorInterp.gray, ColorInterp.alpha}


def check_bands(dataset: DatasetReader) -> None:
    """Raise `Refused`, with the command that converts it, for what is no 8-bit raster of red, green and blue."""
    if ColorInterp.palette in meanings_of(dataset):
        raise Refused(
            _("Its colours are a palette."), _("Resolve it: gdal_translate -expand rgb IN.tif OUT.tif")
        )
    _check_depth(dataset)
    if dataset.count < 3:
        raise Refused(
            _("Its number of bands is %(count)s; red, green, blue (and alpha) are needed.")
            % {"count": dataset.count},
            _(
                "Put the three bands together: gdalbuildvrt -separate RGB.vrt RED.tif GREEN.tif BLUE.tif, then "
                "gdal_translate -colorinterp red,green,blue RGB.vrt OUT.tif. A grey picture becomes three equal bands "
                "by: gdal_translate -b 1 -b 1 -b 1 -colorinterp red,green,blue IN.tif OUT.tif"
            ),
        )
    if not are_named(dataset):
        _check_taken_in_order(dataset)


def _check_depth(dataset: DatasetReader) -> None:
    """Refuse anything but eight bits for each of a pixel's values, which fewer would leave nearly black."""
    bits = dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS")
    if set(dataset.dtypes) == {"uint8"} and bits is None:
        return
    raise Refused(
        _("Its pixels are %(kind)s, not 8-bit.")
        % {"kind": f"{bits}-bit" if bits else next(kind for kind in dataset.dtypes if kind != "uint8")},
        _(
            "Convert it: gdal_translate -ot Byte -scale 0 MAX 0 255 IN.tif OUT.tif, where MAX is the brightest value "
            "(gdalinfo -mm IN.tif)"
        ),
    )


def _check_taken_in_order(dataset: DatasetReader) -> None:
    """Refuse bands that say something else, or of which any three may be red, green and blue."""
    meanings = meanings_of(dataset)
    count = sum(meaning != ColorInterp.alpha for meaning in meanings)
    if set(meanings) <= UNNAMED and count == len(RED_GREEN_BLUE):
        return
    raise Refused(
        _(
            "Its number of bands is %(count)s; which of them are red, green and blue is not clear (%(meanings)s)."
        )
        % {"count": dataset.count, "meanings": ", ".join(meaning.name for meaning in meanings)},
        _(
            "Name them; where they stand as blue, green, red: gdal_translate -b 3 -b 2 -b 1 -colorinterp "
            "red,green,blue IN.tif OUT.tif"
        ),
    )
