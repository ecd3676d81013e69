"""Reading a list of imagery: text, NOAA's bucket and pages, STAC, OpenAerialMap. Pure: bytes in, addresses out."""

import json

from damage.errors import Refused
from damage.ingestion.remote.bucket_listings import read_bucket
from damage.ingestion.remote.json_listings import read_json
from damage.ingestion.remote.listing import Listing, text_of
from damage.ingestion.remote.plain_listings import read_page, read_text
from damage.messages import Message as _

MOST_LISTING_BYTES = 32 * 2**20


def read_listing(content: bytes, base: str) -> Listing:
    """What a list says that was found at the address `base` (empty: in a file). Raises `Refused` for what is none."""

    if len(content) > MOST_LISTING_BYTES:
        raise Refused(
            _("The list is larger than %(most)s MB.") % {"most": MOST_LISTING_BYTES // 2**20},
            _("Name a part of it, such as one flight."),
        )
    content = content.removeprefix(b"\xef\xbb\xbf").strip()
    if content[:1] in (b"{", b"["):
        return read_json(_json(content), base)
    if content[:1] == b"<":
        is_bucket = b"<ListBucketResult" in content[:1000]
        return read_bucket(content, base) if is_bucket else read_page(content, base)
    return read_text(content, base)


def _json(content: bytes) -> object:
    try:
        return json.loads(text_of(content))
    except RecursionError:
        raise Refused(_("The JSON is nested too deeply."), _("Copy it again from where it came.")) from None
    except ValueError as error:
        raise Refused(
            _("This is not JSON: %(words)s") % {"words": str(error)[:200]},
            _("Copy it again from where it came."),
        ) from error
