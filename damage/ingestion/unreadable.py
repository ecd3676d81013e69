"""The one refusal of a stored file that cannot be read, whichever library met it and however late. Pure.

The file has passed at the door: that it cannot be read now is nobody's wrong input, so the API answers 503.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

from PIL import Image
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

from damage.errors import FileUnreadable, Refused
from damage.messages import Message as _

# Some of GDAL's own errors come through rasterio as they are, which exports them nowhere.
GDAL_ERRORS = (RasterioError, CPLE_BaseError)
# What Pillow and decoders that plug into it raise for a damaged image, besides an `OSError` without a system's number.
IMAGE_ERRORS = (
    RuntimeError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class SceneUnreadable(FileUnreadable):
    """A scene's file, or another raster or picture that is stored, cannot be read (any more)."""


@contextmanager
def raster_explained(address: PurePath | str) -> Iterator[None]:
    """Say which raster cannot be read, and what to do; for as long as it is open, as GDAL reads late."""
    try:
        yield
    except GDAL_ERRORS as error:
        raise unreadable(address, error) from error


@contextmanager
def image_explained(address: PurePath | str) -> Iterator[None]:
    """Say which image cannot be read; only about Pillow's own work, as it raises common errors.

    What the system says (no such file, no rights, a broken disk) stays as it is: `damage.disk` words that.
    """
    try:
        yield
    except IMAGE_ERRORS as error:
        raise unreadable(address, error) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise unreadable(address, error) from error


def unreadable(address: PurePath | str, error: BaseException) -> SceneUnreadable:
    """The refusal, with the words of whatever is behind the error and without folders of the server."""
    name = PurePath(str(address).replace("\\", "/")).name
    behind = error.reason if isinstance(error, Refused) else error.__cause__ or error
    words = str(behind).replace(str(address), name)
    return SceneUnreadable(
        _("%(name)s cannot be read: %(words)s.") % {"name": name, "words": words.rstrip(".")},
        _("Ask an admin to put the file back as it was, or to look with: manage.py doctor"),
    )
