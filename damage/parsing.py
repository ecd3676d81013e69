"""How the API reads what it is sent: JSON within limits, and nothing else."""

import json
from http import HTTPStatus
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils import json as strict_json

DEEPEST = 20  # what we are sent nests three levels
LARGEST_INTEGER = 2**63 - 1  # what a database's columns hold


class TooLarge(APIException):
    """A body of more bytes than the site reads."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = _("That is more than the site reads at once.")
    default_code = "too_large"


class LimitedJSONParser(JSONParser):
    """JSON of limited size and depth, whose texts and numbers a database can hold."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The content; raises `ParseError` or `TooLarge`."""
        content = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(content) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge
        try:
            # JSON is UTF-8, whatever a sender claims: Python knows codecs that are no text.
            given = json.loads(content.decode(), parse_constant=strict_json.strict_constant)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        except ValueError as error:
            raise ParseError(_("This is not JSON: %(words)s") % {"words": str(error)}) from error
        check_storable(given)
        return given


def check_storable(given: Any) -> None:
    """Raise `ParseError` for depth, texts and numbers that are valid JSON but that no column holds."""
    waiting = [(given, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise ParseError(_("The JSON is nested too deeply."))
        if isinstance(value, dict):
            waiting += [(each, depth + 1) for pair in value.items() for each in pair]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]
        elif isinstance(value, str) and not is_storable_text(value):
            raise ParseError(_("A text holds characters that cannot be stored."))
        elif isinstance(value, int | float) and not abs(value) <= LARGEST_INTEGER:
            raise ParseError(_("A number is too large."))


def is_storable_text(text: str) -> bool:
    """Whether a text is free of NUL and of lone halves of surrogate pairs, which UTF-8 and PostgreSQL do not know."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
