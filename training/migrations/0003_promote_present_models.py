"""The newest finished model of each question is what the site used: it stays in use."""

from typing import Any

from django.db import migrations


def promote(apps: Any, schema_editor: Any) -> None:
    runs = apps.get_model("training", "ModelRun").objects.filter(status="done")
    for question in runs.order_by().values_list("question", flat=True).distinct():
        newest = runs.filter(question=question).order_by("-id").first()
        type(newest).objects.filter(pk=newest.pk).update(stage="promoted")


class Migration(migrations.Migration):
    dependencies = [("training", "0002_claims_stages_and_experiments")]
    operations = [migrations.RunPython(promote, migrations.RunPython.noop)]
