from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0006_fetched_sources")]

    operations = [
        migrations.AddField("scene", "source_mtime_ns", models.BigIntegerField(editable=False, null=True)),
        migrations.AddField(
            "scene",
            "source_ends_sha256",
            models.CharField(blank=True, db_default="", editable=False, max_length=64),
        ),
    ]
