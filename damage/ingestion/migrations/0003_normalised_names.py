import logging
from collections.abc import Iterable
from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models

import damage.ingestion.models
from damage.ingestion.names import MOST_COMPARED_LETTERS, MOST_LETTERS, normalised_name

logger = logging.getLogger(__name__)


def fill(apps: Apps, _schema_editor: Any) -> None:
    """Give every event and town its normalised name. Addresses stay.

    Where two have one name, which only the administration allowed, the older keeps it and the other is called
    "Norte (2)": nothing is put together that somebody kept apart, and an admin sees it and gives it a better name.
    """
    _fill("event", apps.get_model("ingestion", "Event").objects.order_by("pk"))
    by_event: dict[int, list[Any]] = {}
    for town in apps.get_model("ingestion", "Town").objects.order_by("pk"):
        by_event.setdefault(town.event_id, []).append(town)
    for towns in by_event.values():
        _fill("town", towns)


def _fill(kind: str, rows: Iterable[Any]) -> None:
    rows = list(rows)
    taken = {normalised_name(row.name) for row in rows}
    met: set[str] = set()
    for row in rows:
        compared = normalised_name(row.name)
        if compared in met or not compared or len(compared) > MOST_COMPARED_LETTERS:
            old, row.name = row.name, _free_name(row.name, taken)
            compared = normalised_name(row.name)
            logger.warning("The %s %s (%s) is called %s now.", kind, old, row.slug, row.name)
        met.add(compared)
        taken.add(compared)
        row.save()


def _free_name(name: str, taken: set[str]) -> str:
    """The name with the first number that makes it another, as letters allow."""
    # Without signs that nobody sees, and the few letters that stand for many more (ﷺ for eighteen).
    kept = "".join(letter for letter in name if letter.isspace() or 0 < len(normalised_name(letter)) < 3)
    number = 2
    while normalised_name(numbered := f"{kept[: MOST_LETTERS - 8].strip()} ({number})".strip()) in taken:
        number += 1
    return numbered


def _slug_field(**options: Any) -> models.SlugField:
    return models.SlugField(max_length=120, allow_unicode=True, editable=False, **options)


def _name_field(**options: Any) -> models.Field:
    return damage.ingestion.models.NormalisedNameField(
        max_length=MOST_COMPARED_LETTERS, editable=False, **options
    )


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0002_quarantine")]

    operations = [
        migrations.AlterField("event", "slug", _slug_field(unique=True)),
        migrations.AlterField("town", "slug", _slug_field()),
        migrations.AddField("event", "normalised_name", _name_field(default=""), preserve_default=False),
        migrations.AddField("town", "normalised_name", _name_field(default=""), preserve_default=False),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField("event", "normalised_name", _name_field(unique=True)),
        migrations.AddConstraint(
            "town",
            models.UniqueConstraint(fields=["event", "normalised_name"], name="town_name_once_per_event"),
        ),
    ]
