"""Squares have metres: those of the first question as many as its 299 px have from the thesis's flights (5 cm)."""

import django.core.validators
from django.db import migrations, models


def measure_damage(apps, schema_editor):
    """Give metres to the question of earlier versions, unless somebody chose other pixels for it."""
    apps.get_model("tagging", "Question").objects.filter(slug="damage", crop_size_px=299).update(
        crop_size_m=15.0
    )


class Migration(migrations.Migration):
    dependencies = [("tagging", "0005_crops_by_place")]

    operations = [
        migrations.AddField(
            model_name="question",
            name="crop_size_m",
            field=models.FloatField(
                blank=True,
                help_text="the side of a square on the ground; empty: in pixels, whatever ground they show",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(0.5),
                    django.core.validators.MaxValueValidator(1000.0),
                ],
                verbose_name="crop size in metres",
            ),
        ),
        migrations.AlterField(
            model_name="question",
            name="crop_size_px",
            field=models.PositiveIntegerField(
                default=299,
                help_text="for scenes whose ground size is not known",
                validators=[
                    django.core.validators.MinValueValidator(16),
                    django.core.validators.MaxValueValidator(4096),
                ],
                verbose_name="crop size in scene pixels",
            ),
        ),
        migrations.RunPython(measure_damage, migrations.RunPython.noop),
    ]
