from django.db import migrations


def drop_roc(apps, schema_editor):
    """The curve is drawn from the scores; its points, stored with each part's metrics, were read by nobody."""
    for run in apps.get_model("training", "ModelRun").objects.only("metrics").iterator():
        kept = {
            part: {name: value for name, value in told.items() if name != "roc"}
            if isinstance(told, dict)
            else told
            for part, told in run.metrics.items()
        }
        if kept != run.metrics:
            run.metrics = kept
            run.save(update_fields=["metrics"])


class Migration(migrations.Migration):
    dependencies = [("training", "0009_longer_work")]

    operations = [migrations.RunPython(drop_roc, migrations.RunPython.noop)]
