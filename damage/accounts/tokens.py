"""Keys for programs: made by their owner, shown once, kept as digests, ended by time, password and role."""

import secrets
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from damage.accounts.models import ApiToken, User
from damage.errors import Refused
from damage.messages import Message as _

DAYS = 90  # unless somebody says otherwise
MOST_DAYS = 366
MOST_TOKENS = 20
# Written this seldom, because each request would otherwise be a write.
USE_NOTED_EVERY = timedelta(hours=1)


def digest_of(key: str) -> str:
    """What is kept of a key. It is random and long, so one plain hash is enough: nobody can guess it."""
    return sha256(key.encode()).hexdigest()


def create_token(person: User, *, name: str, days: int = DAYS) -> str:
    """Make a token and return its key, which is nowhere else."""
    if not 1 <= days <= MOST_DAYS:
        raise Refused(_("A token is valid for 1 to %(most)s days.") % {"most": MOST_DAYS})
    now = timezone.now()
    key = f"damage_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        tokens = ApiToken.objects.filter(person=User.objects.select_for_update().get(pk=person.pk))
        tokens.filter(expires_at__lte=now).delete()
        if tokens.count() >= MOST_TOKENS:
            raise Refused(
                _("You have %(most)s tokens already.") % {"most": MOST_TOKENS}, _("Revoke one first.")
            )
        if tokens.filter(name=name).exists():
            raise Refused(
                _("There is a token %(name)s already.") % {"name": name},
                _("Choose another name, or revoke it first."),
            )
        ApiToken.objects.create(
            person=person,
            name=name,
            digest=digest_of(key),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    return key


def find_token(key: str) -> ApiToken | None:
    """The valid token with this key, if there is one; notes that it was used."""
    now = timezone.now()
    token = (
        ApiToken.objects.select_related("person")
        .filter(digest=digest_of(key), expires_at__gt=now, person__is_active=True)
        .first()
    )
    if token is not None:
        seldom = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        if token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY:
            ApiToken.objects.filter(seldom, pk=token.pk).update(last_used_at=now)
    return token
