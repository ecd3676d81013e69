"""What answers come to: states of crops, qualities of taggers, known answers."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tagging", "0007_answers_from_a_queue"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CrowdQuality",
            fields=[
                (
                    "question",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="tagging.question",
                    ),
                ),
                ("class_shares", models.JSONField(null=True)),
                ("typical", models.JSONField(null=True)),
                ("last_change", models.BigIntegerField(default=0)),
                ("computed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("requested_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AlterField(
            model_name="tag",
            name="asked_as",
            field=models.CharField(
                blank=True,
                choices=[
                    ("random", "drawn by chance, as a measure"),
                    ("fresh", "drawn by chance, as nothing else wanted an answer"),
                    ("open", "needed another answer"),
                    ("gold", "its answer is known"),
                    ("verify", "people do not agree"),
                ],
                db_default="",
                default="",
                max_length=8,
                verbose_name="asked because",
            ),
        ),
        migrations.CreateModel(
            name="CropState",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("settled", "settled"), ("to_verify", "for verifiers")],
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("answers", models.PositiveIntegerField(verbose_name="answers")),
                ("counts", models.JSONField(verbose_name="of each answer")),
                ("posterior", models.JSONField(verbose_name="chances")),
                ("leading", models.CharField(max_length=8, verbose_name="likeliest answer")),
                ("certainty", models.FloatField(verbose_name="its chance")),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="changed"),
                ),
                (
                    "crop",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="states", to="tagging.crop"
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tagging.question"
                    ),
                ),
            ],
            options={
                "verbose_name": "state of a crop",
                "verbose_name_plural": "states of crops",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        models.F("question"),
                        models.F("state"),
                        models.OrderBy(models.F("answers"), descending=True),
                        models.F("certainty"),
                        models.F("id"),
                        name="states_to_ask_about",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("crop", "question"), name="state_once_per_question")
                ],
            },
        ),
        migrations.CreateModel(
            name="GoldAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "answer",
                    models.CharField(
                        choices=[("positive", "yes"), ("negative", "no")],
                        max_length=8,
                        verbose_name="known answer",
                    ),
                ),
                ("at", models.DateTimeField(auto_now=True, verbose_name="since")),
                (
                    "by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "crop",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gold_answers",
                        to="tagging.crop",
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gold_answers",
                        to="tagging.question",
                    ),
                ),
            ],
            options={
                "verbose_name": "known answer",
                "verbose_name_plural": "known answers",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("crop", "question"), name="gold_once_per_question")
                ],
            },
        ),
        migrations.CreateModel(
            name="TaggerQuality",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("too_early", "too early to say"),
                            ("far_below", "far below"),
                            ("learning", "learning"),
                            ("good", "good"),
                            ("excellent", "excellent"),
                        ],
                        default="too_early",
                        max_length=9,
                        verbose_name="level",
                    ),
                ),
                ("confusion", models.JSONField(null=True)),
                ("balanced_accuracy", models.FloatField(null=True, verbose_name="balanced accuracy")),
                ("lowest", models.FloatField(null=True, verbose_name="at least")),
                ("highest", models.FloatField(null=True, verbose_name="at most")),
                ("answers", models.PositiveIntegerField(default=0, verbose_name="answers")),
                ("known", models.PositiveIntegerField(default=0, verbose_name="of known truth")),
                ("gold", models.PositiveIntegerField(default=0, verbose_name="of them by known answers")),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="worked out"),
                ),
                ("is_set_aside", models.BooleanField(default=False, verbose_name="set aside")),
                ("set_aside_at", models.DateTimeField(null=True, verbose_name="since")),
                ("set_aside_reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tagging.question"
                    ),
                ),
                (
                    "set_aside_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tagger",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tagger_qualities",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "quality of a tagger",
                "verbose_name_plural": "qualities of taggers",
                "ordering": ["balanced_accuracy", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("tagger", "question"), name="quality_once_per_question")
                ],
            },
        ),
    ]
