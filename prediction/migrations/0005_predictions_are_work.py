from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("prediction", "0004_detections_of_a_look")]

    operations = [
        migrations.RenameField("predictionrun", "pixels_done", "units_done"),
        migrations.RenameField("predictionrun", "pixels_total", "units_total"),
        migrations.AlterField("predictionrun", "units_done", models.PositiveBigIntegerField(default=0)),
        migrations.AlterField("predictionrun", "units_total", models.PositiveBigIntegerField(default=0)),
        migrations.AddField("predictionrun", "step", models.CharField(blank=True, max_length=80)),
        migrations.AddField("predictionrun", "step_started_at", models.DateTimeField(null=True)),
        migrations.AddField("predictionrun", "code_version", models.CharField(blank=True, max_length=80)),
        migrations.AddField("predictionrun", "library_versions", models.JSONField(default=dict)),
        migrations.AddField("predictionrun", "hardware", models.JSONField(default=dict)),
    ]
