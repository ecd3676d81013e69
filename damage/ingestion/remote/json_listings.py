"""Lists in JSON: STAC items, collections and catalogues (Maxar/Vantor Open Data and others), OpenAerialMap. Pure.

STAC 1.0 and 1.1: https://github.com/radiantearth/stac-spec, with `file:size` and `file:checksum` of the file extension.
OpenAerialMap's records keep the image's address as `uuid`: https://github.com/hotosm/oam-api.
"""

import re
from collections.abc import Mapping
from typing import Any

from damage.errors import Refused
from damage.ingestion.remote.addresses import iso_time, safe_name, suffix_of
from damage.ingestion.remote.listing import Listing, is_image_reference
from damage.messages import Message as _

IMAGE_TYPES = ("image/tiff", "image/vnd.stac.geotiff", "image/jpeg", "image/png")
NO_IMAGERY = frozenset(
    {"thumbnail", "overview", "metadata", "data-mask", "cloud", "cloud-shadow", "snow-ice"}
)
LINKS_READ = frozenset({"child", "item", "items", "next"})
# Multihash: a code for the function, the digest's length, the digest (https://multiformats.io/multihash/).
MULTIHASHES = {"1220": ("sha256", 64), "d50110": ("md5", 32)}
MOST_BYTES = 10**15


def read_json(data: object, base: str) -> Listing:
    """The images of what JSON says. Raises `Refused` where it is none of the kinds that are known."""
    listing = Listing()
    if not _read_one(data, base, listing):
        raise Refused(
            _("This JSON is no STAC item, collection or catalogue, and no OpenAerialMap record."),
            _("Name one of these, or a list of addresses."),
        )
    return listing


def _read_one(data: object, base: str, listing: Listing) -> bool:
    """Whether it was of a kind that is known."""
    if isinstance(data, list):
        known = [not isinstance(each, list) and _read_one(each, base, listing) for each in data]
        return bool(known) and all(known)
    if isinstance(data, str):
        listing.add(base, data)
        return True
    if not isinstance(data, Mapping):
        return False
    kind = data.get("type")
    if kind == "Feature" and isinstance(data.get("assets"), Mapping):
        _read_item(data, base, listing)
    elif kind == "FeatureCollection" and isinstance(data.get("features"), list):
        for each in data["features"]:
            if not _read_one(each, base, listing):
                listing.refuse(str(each), _("It is no STAC item."))
        _read_links(data, base, listing, {"next"})
    elif "stac_version" in data and kind in ("Catalog", "Collection"):
        _read_links(data, base, listing, LINKS_READ)
    elif "results" in data and isinstance(data["results"], list | Mapping):
        results = data["results"]
        for each in results if isinstance(results, list) else [results]:
            _read_record(each, base, listing)
    elif isinstance(data.get("uuid"), str):
        _read_record(data, base, listing)
    else:
        return False
    return True


def _read_links(
    data: Mapping[str, Any], base: str, listing: Listing, kinds: set[str] | frozenset[str]
) -> None:
    links = data.get("links")
    for link in links if isinstance(links, list) else []:
        if not isinstance(link, Mapping) or str(link.get("rel")) not in kinds:
            continue
        if str(link.get("method", "GET")).upper() != "GET":
            listing.refuse(str(link.get("href")), _("Its next page has to be asked for by POST."))
            continue
        listing.read_further(base, link.get("href"))


def _read_item(item: Mapping[str, Any], base: str, listing: Listing) -> None:
    """The item's picture in colours: the asset or role "visual", else its only image."""
    named = str(item.get("id", ""))
    if (asset := _visual(item["assets"], base)) is None:
        listing.leave_out(named, _("None of its images is said to be the one in natural colours (“visual”)."))
        return
    properties = item.get("properties")
    times = properties if isinstance(properties, Mapping) else {}
    known: dict[str, object] = {
        "size_bytes": _size(asset.get("file:size")),
        "digest": _digest(asset.get("file:checksum")),
        "taken": iso_time(times.get("datetime")) or iso_time(times.get("start_datetime")),
    }
    if named:  # files of one acquisition have one name in all folders, see Maxar
        known["name"] = safe_name(f"{named}{_suffix(asset['href'])}")
    listing.add(base, asset["href"], **known)


def _visual(assets: Mapping[str, Any], base: str) -> Mapping[str, Any] | None:
    images = {key: asset for key, asset in assets.items() if _is_picture(key, asset, base)}
    visual = [asset for key, asset in images.items() if key == "visual"]
    visual = visual or [asset for asset in images.values() if "visual" in _roles(asset)]
    found = visual or list(images.values())
    return found[0] if len(found) == 1 else None


def _is_picture(key: str, asset: object, base: str) -> bool:
    if not isinstance(asset, Mapping) or not isinstance(asset.get("href"), str):
        return False
    if NO_IMAGERY & {key, *_roles(asset)}:
        return False
    kind = asset.get("type")
    if isinstance(kind, str):
        return kind.split(";")[0].strip().lower() in IMAGE_TYPES
    return is_image_reference(base, asset["href"])


def _roles(asset: Mapping[str, Any]) -> list[str]:
    roles = asset.get("roles")
    return [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else []


def _suffix(reference: str) -> str:
    try:
        return suffix_of(reference) or ".tif"
    except Refused:
        return ".tif"


def _read_record(record: object, base: str, listing: Listing) -> None:
    if not isinstance(record, Mapping):
        listing.refuse(str(record), _("It is no OpenAerialMap record."))
        return
    listing.add(
        base,
        record.get("uuid"),
        size_bytes=_size(record.get("file_size")),
        taken=iso_time(record.get("acquisition_start")),
    )


def _size(value: object) -> int | None:
    is_size = isinstance(value, int) and not isinstance(value, bool) and 0 < value < MOST_BYTES
    return int(value) if is_size else None  # type: ignore[call-overload]


def _digest(value: object) -> str:
    """ "sha256:…" or "md5:…" of a multihash in hexadecimal; empty for other functions."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{1,200}", value.lower()):
        return ""
    for code, (name, length) in MULTIHASHES.items():
        if value.lower().startswith(code) and len(value) == len(code) + length:
            return f"{name}:{value.lower()[len(code) :]}"
    return ""
