"""Pictures that show what an answer of a question means."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tagging", "0009_questions_with_any_answers")]

    operations = [
        migrations.CreateModel(
            name="ExamplePicture",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("answer", models.CharField(max_length=30)),
                ("image", models.ImageField(max_length=255, upload_to="examples/")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="examples",
                        to="tagging.question",
                    ),
                ),
            ],
            options={"ordering": ["id"]},
        ),
    ]
