"""Answers that come twice are known by their sender's name for them; and tags say why their person was asked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tagging", "0006_crop_size_in_metres")]

    operations = [
        migrations.AddField(
            model_name="tagchange",
            name="sent_as",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="tag",
            name="asked_as",
            field=models.CharField(
                blank=True,
                choices=[
                    ("random", "drawn by chance, as a measure"),
                    ("fresh", "drawn by chance, as nothing else wanted an answer"),
                    ("open", "needed another answer"),
                ],
                db_default="",
                default="",
                max_length=8,
                verbose_name="asked because",
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="inclusion_probability",
            field=models.FloatField(null=True, verbose_name="chance in one drawing"),
        ),
    ]
