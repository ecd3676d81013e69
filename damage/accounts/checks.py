"""What Django's system check says about log-ins."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning


def check_proxies(**options: Any) -> list[CheckMessage]:
    """Behind a proxy that is not counted, all visitors have one address, and share its limit."""
    if settings.SESSION_COOKIE_SECURE and not settings.PROXIES:
        return [
            CheckWarning(
                "DAMAGE_HTTPS=1, but DAMAGE_PROXIES=0: all visitors seem to come from the proxy's address, so one who "
                "guesses passwords makes everybody wait.",
                hint="Let the proxy set X-Forwarded-For, and set DAMAGE_PROXIES to how many proxies you have.",
                id="accounts.W001",
            )
        ]
    return []
