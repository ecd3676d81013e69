"""Django's pages for developers, without the site's secrets: such a page is quickly sent to somebody for help."""

from collections.abc import Iterator
from urllib.parse import quote

from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter

HIDDEN = "********************"


class Reporter(ExceptionReporter):
    """Django's report of an error; secrets are hidden wherever they stand, in local variables of libraries too."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(without_secrets(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(without_secrets(super().get_traceback_text()))


def without_secrets(text: str) -> str:
    """The text with each secret of the site replaced, as it is and as it is written in HTML and addresses."""
    for secret in sorted(_secrets(), key=len, reverse=True):
        for written in (secret, escape(secret), quote(secret, safe="")):
            text = text.replace(written, HIDDEN)
    return text


def _secrets() -> Iterator[str]:
    environment = settings.ENVIRONMENT
    passwords = (database.get("PASSWORD", "") for database in settings.DATABASES.values())
    for secret in (settings.SECRET_KEY, environment.secret_key, environment.database_url, *passwords):
        if secret:
            yield str(secret)
