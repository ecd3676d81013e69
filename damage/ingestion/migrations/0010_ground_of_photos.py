from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0009_photo_quality"),
    ]

    operations = [
        migrations.AddField(
            model_name="scene",
            name="ground_corners_4326",
            field=models.JSONField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="scene",
            name="ground_source",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "unknown"),
                    ("camera", "the camera's position, height and direction, over flat ground"),
                    ("odm", "OpenDroneMap's pose of the camera, over flat ground"),
                ],
                db_default="",
                default="",
                editable=False,
                max_length=6,
                verbose_name="ground known from",
            ),
        ),
        migrations.AlterField(
            model_name="scene",
            name="captured_from",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "unknown"),
                    ("camera", "camera"),
                    ("tags", "the file's acquisition time"),
                    ("name", "file name"),
                    ("file", "the file's own date, which may be later"),
                    ("list", "the list by which it was fetched"),
                    ("odm", "OpenDroneMap's report"),
                    ("person", "a person"),
                ],
                db_default="",
                default="",
                max_length=6,
                verbose_name="taken according to",
            ),
        ),
    ]
