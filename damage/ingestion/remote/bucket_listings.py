"""Lists of a bucket: S3's ListObjectsV2, as NOAA's emergency-response imagery is published in. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html; the bucket has a folder for each event, in it
folders for flights (20200307a_RGB) with GeoTIFF tiles, and beside these `raw/` (the camera's single frames, which have
no place of their own) and `downloads/` (archives).
"""

from pathlib import PurePosixPath
from urllib.parse import quote, urlencode
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from damage.errors import Refused
from damage.ingestion.remote.addresses import flight_day, is_image
from damage.ingestion.remote.listing import Listing
from damage.messages import Message as _

NOAA_BUCKET = "https://noaa-eri-pds.s3.amazonaws.com/"
LEFT_OUT_FOLDERS = {
    "raw": _("They are single frames of the camera. Name the folder itself to have them."),
    "downloads": _("They are archives of the other folders."),
}


def folder_address(bucket: str, folder: str, token: str = "") -> str:
    """Where the bucket lists what lies in a folder ("" for the bucket itself), from the page `token` on."""
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    query = {"list-type": "2", "delimiter": "/", "prefix": prefix} | (
        {"continuation-token": token} if token else {}
    )
    return f"{bucket}?{urlencode(query, quote_via=quote)}"


def read_bucket(content: bytes, base: str) -> Listing:
    """The images of a bucket's folder, and the folders below. Raises `Refused` for XML that is broken or a trap."""
    root = _parsed(content)
    bucket = base.split("?")[0]
    folder = _word(root, "Prefix")
    listing = Listing()
    for entry in root.findall("{*}Contents"):
        key = _word(entry, "Key")
        address = f"{bucket}{quote(key)}"
        if not is_image(address):
            continue
        path = PurePosixPath(key)
        if path.stem == path.parent.name:
            listing.leave_out(key, _("It shows the whole flight coarsely; its tiles are beside it."))
            continue
        size = _word(entry, "Size")
        listing.add(
            "",
            address,
            size_bytes=int(size) if size.isdecimal() and len(size) < 16 else None,
            etag=_word(entry, "ETag"),
            taken=flight_day(key),
        )
    for entry in root.findall("{*}CommonPrefixes"):
        below = _word(entry, "Prefix")
        if reason := LEFT_OUT_FOLDERS.get(PurePosixPath(below).name):
            listing.leave_out(below, reason)
        elif below.startswith(folder) and below != folder:
            listing.read_further("", folder_address(bucket, below))
    if token := _word(root, "NextContinuationToken"):
        listing.read_further("", folder_address(bucket, folder, token))
    return listing


def folders_in(content: bytes) -> list[str]:
    """The names of the folders that a bucket's list names, such as NOAA's events."""
    prefixes = (_word(entry, "Prefix") for entry in _parsed(content).findall("{*}CommonPrefixes"))
    return [prefix.strip("/") for prefix in prefixes]


def _parsed(content: bytes) -> Element:
    try:
        return fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Refused(
            _("The bucket's list is no XML that can be read (%(why)s).") % {"why": str(error)[:200]},
            _("Try again later."),
        ) from error


def _word(element: Element, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()
