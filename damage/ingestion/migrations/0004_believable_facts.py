"""Times and heights that cannot be true are emptied, as photos that come in now have them empty from the start.

A time of year 1 ended the list of scenes: PostgreSQL's driver cannot read it in every zone, nor Python word it in
one. So the rows are changed by the database alone, and none is read here.
"""

from datetime import UTC, datetime

from django.db import migrations
from django.db.models import Q


def empty_unbelievable(apps, schema_editor):
    scenes = apps.get_model("ingestion", "Scene")._base_manager.using(schema_editor.connection.alias)
    first, end = datetime(1970, 1, 1, tzinfo=UTC), datetime(datetime.now(UTC).year + 2, 1, 1, tzinfo=UTC)
    scenes.filter(Q(captured_at__lt=first) | Q(captured_at__gte=end)).update(captured_at=None)
    scenes.filter(outside("height_above_ground_m")).filter(gsd_source="camera").update(
        gsd_m=None, gsd_source="none"
    )
    for field in ("altitude_m", "height_above_ground_m"):
        scenes.filter(outside(field)).update(**{field: None})


def outside(field):
    return Q(**{f"{field}__lt": -500}) | Q(**{f"{field}__gt": 20_000})  # infinity, and PostgreSQL's NaN, too


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0003_normalised_names")]

    operations = [migrations.RunPython(empty_unbelievable, migrations.RunPython.noop, elidable=True)]
