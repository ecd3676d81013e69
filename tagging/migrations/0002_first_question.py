"""Damage is the first question."""

from django.db import migrations


def add_question(apps, schema_editor):
    apps.get_model("tagging", "Question").objects.get_or_create(
        slug="damage",
        defaults={
            "text": "Is there earthquake damage?",
            "text_es": "¿Hay daños por el sismo?",
            "positive_label": "Damage",
            "positive_label_es": "Daño",
            "negative_label": "No damage",
            "negative_label_es": "Sin daño",
        },
    )


class Migration(migrations.Migration):
    dependencies = [("tagging", "0001_initial")]
    operations = [migrations.RunPython(add_question, migrations.RunPython.noop)]
