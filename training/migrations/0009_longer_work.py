from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("training", "0008_model_answer_requests")]

    operations = [
        migrations.AlterField(model, field, models.PositiveBigIntegerField(default=0))
        for model in ("modelrun", "promotion", "experiment")
        for field in ("units_done", "units_total")
    ]
