"""Proposals are compared by a worker; a run has one at a time. Those of before were compared when they were made."""

from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Max, OuterRef, Subquery
from django.utils import timezone

import damage.message_field
from damage.messages import Message as _


def settle(apps: Any, schema_editor: Any) -> None:
    """All that there are have their figures; of several that wait for one run, the last goes on waiting."""
    promotions = apps.get_model("training", "Promotion").objects
    promotions.update(
        status="done", started_at=F("proposed_at"), finished_at=F("proposed_at"), heartbeat_at=None
    )
    waiting = promotions.filter(confirmed_at=None, ended_at=None).order_by()
    last = waiting.filter(model_run=OuterRef("model_run")).values("model_run").annotate(last=Max("pk"))
    doubles = waiting.annotate(last=Subquery(last.values("last"))).exclude(pk=F("last"))
    numbers = list(doubles.values_list("pk", flat=True))
    promotions.filter(pk__in=numbers).update(
        ended_at=timezone.now(), end_reason=_("It was proposed twice: the later proposal counts.")
    )


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0006_reasons_in_every_language"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="promotion",
            name="claim",
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddField(
            model_name="promotion",
            name="code_version",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name="promotion",
            name="error",
            field=damage.message_field.MessageField(blank=True),
        ),
        migrations.AddField(
            model_name="promotion",
            name="finished_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="promotion",
            name="hardware",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="promotion",
            name="heartbeat_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="promotion",
            name="library_versions",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="promotion",
            name="started_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="promotion",
            name="status",
            field=models.CharField(
                choices=[
                    ("queued", "queued"),
                    ("running", "running"),
                    ("done", "done"),
                    ("failed", "failed"),
                    ("cancelled", "cancelled"),
                ],
                default="queued",
                max_length=9,
            ),
        ),
        migrations.AddField(
            model_name="promotion",
            name="step",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name="promotion",
            name="step_started_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="promotion",
            name="units_done",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="promotion",
            name="units_total",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="promotion",
            name="end_reason",
            field=damage.message_field.MessageField(blank=True),
        ),
        migrations.RunPython(settle, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="promotion",
            constraint=models.CheckConstraint(
                condition=models.Q(("confirmed_at", None), ("status", "done"), _connector="OR"),
                name="promotion_compared_before_confirmed",
            ),
        ),
        migrations.AddConstraint(
            model_name="promotion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("confirmed_at", None), ("ended_at", None)),
                fields=("model_run",),
                name="one_waiting_promotion_per_run",
            ),
        ),
    ]
