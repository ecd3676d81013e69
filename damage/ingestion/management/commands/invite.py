from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.http.request import validate_host
from django.urls import reverse

from damage.accounts.models import Role
from damage.commands import JsonCommand
from damage.ingestion.joining.models import EVENT_ROLES
from damage.ingestion.joining.services import DAYS, USES, make_invitation
from damage.ingestion.lookup import find_event
from damage.listening import network_addresses

PORT = 8000


class Command(JsonCommand):
    help = "Make a link by which people join an event and tag. It is shown this once, and ends by itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event", help="the event's name or address")
        parser.add_argument(
            "--role",
            choices=[value for value, _label in EVENT_ROLES],
            default=Role.VOLUNTEER.value,
            help="what they come in as (default: volunteer)",
        )
        parser.add_argument("--days", type=int, default=DAYS, help=f"how long it is valid (default: {DAYS})")
        parser.add_argument(
            "--uses", type=int, default=USES, help=f"how many people at most (default: {USES})"
        )
        parser.add_argument("--note", default="", help="for whom it is; only admins see this")
        parser.add_argument(
            "--site",
            help="the site's address as phones type it, such as http://192.168.1.20:8000 (default: what this machine "
            "and DAMAGE_ALLOWED_HOSTS say)",
        )

    def run(
        self,
        *args: Any,
        event: str,
        role: str,
        days: int,
        uses: int,
        note: str,
        site: str | None,
        **options: Any,
    ) -> dict[str, Any]:
        invitation, secret = make_invitation(
            find_event(event), by=None, role=Role(role), days=days, uses=uses, note=note
        )
        return {
            "invitation": invitation.pk,
            "event": invitation.event.name,
            "role": invitation.role,
            "expires_at": invitation.expires_at,
            "uses": invitation.most_uses,
            "link": f"{(site or likely_site()).rstrip('/')}{reverse('join', args=[secret])}",
        }

    def describe(self, result: dict[str, Any]) -> str:
        return (
            f"{result['link']}\nlets {result['uses']} people join {result['event']} as {result['role']} until "
            f"{result['expires_at']:%Y-%m-%d %H:%M} UTC. The page /invitations/ prints such links as QR codes, and "
            f"revokes this one (number {result['invitation']})."
        )


def likely_site() -> str:
    """The site's address on its network, as far as this machine knows it."""
    if settings.ENVIRONMENT.https:
        names = [name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"]
        return f"https://{names[0]}" if names else "https://127.0.0.1"
    near = (address for address in network_addresses() if validate_host(address, settings.ALLOWED_HOSTS))
    return f"http://{next(near, '127.0.0.1')}:{PORT}"
