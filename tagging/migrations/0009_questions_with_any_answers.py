"""A question brings its own answers: those before had a yes and a no, whose words become the first two."""

from django.db import migrations, models

import tagging.answers

DAMAGE_HINT = (
    "Damage: a collapsed or leaning building, a fallen roof, walls in the street, rubble where a house stood.\n"
    "Not damage: building sites, heaps of gravel or sand, market stalls, tents, old ruins with plants in them."
)
DAMAGE_HINT_ES = (
    "Daño: un edificio derrumbado o inclinado, un techo caído, muros en la calle, escombros donde había una casa.\n"
    "No es daño: obras, montones de grava o arena, puestos de mercado, tiendas de campaña, ruinas antiguas con plantas."
)


def give_answers(apps, schema_editor):
    """The keys are what tags hold already, so that every stored tag stays as it is."""
    for question in apps.get_model("tagging", "Question").objects.all():
        question.answers = [
            _answer("positive", question.positive_label, question.positive_label_es, "Yes", 0),
            _answer("negative", question.negative_label, question.negative_label_es, "No", 1),
        ]
        if question.slug == "damage":
            question.hint, question.hint_es = DAMAGE_HINT, DAMAGE_HINT_ES
        question.save()


def _answer(key, text, text_es, otherwise, colour):
    return {"key": key, "text": text or otherwise, "text_es": text_es, "counts_as": key, "colour": colour}


def give_labels(apps, schema_editor):
    """Back: a question keeps its first yes and its first no; refused while it holds tags of other answers."""
    tags, questions = apps.get_model("tagging", "Tag"), apps.get_model("tagging", "Question").objects.all()
    if tags.objects.exclude(answer__in=["positive", "negative", "unsure"]).exists():
        raise RuntimeError("There are tags with answers that earlier versions do not know.")
    for question in questions:
        for label in ("positive", "negative"):
            answer = next(
                (a for a in question.answers if a["counts_as"] == label), {"text": "", "text_es": ""}
            )
            setattr(question, f"{label}_label", answer["text"][:60])
            setattr(question, f"{label}_label_es", answer["text_es"][:60])
        question.save()


class Migration(migrations.Migration):
    dependencies = [("tagging", "0008_what_answers_come_to")]

    operations = [
        migrations.AddField(
            model_name="question",
            name="answers",
            field=models.JSONField(default=tagging.answers.yes_and_no, verbose_name="answers"),
        ),
        migrations.AddField(
            model_name="question",
            name="hint",
            field=models.TextField(
                blank=True, db_default="", default="", max_length=2000, verbose_name="what counts"
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="hint_es",
            field=models.TextField(
                blank=True, db_default="", default="", max_length=2000, verbose_name="what counts, in Spanish"
            ),
        ),
        migrations.RunPython(give_answers, give_labels),
        # With a default, so that the way back has something to put into the columns that it adds.
        migrations.AlterField(
            model_name="question", name="positive_label", field=models.CharField(default="", max_length=60)
        ),
        migrations.AlterField(
            model_name="question", name="negative_label", field=models.CharField(default="", max_length=60)
        ),
        migrations.RemoveField(model_name="question", name="positive_label"),
        migrations.RemoveField(model_name="question", name="positive_label_es"),
        migrations.RemoveField(model_name="question", name="negative_label"),
        migrations.RemoveField(model_name="question", name="negative_label_es"),
        migrations.RemoveConstraint(model_name="tag", name="tag_answer_known"),
        migrations.AlterField(model_name="tag", name="answer", field=models.CharField(max_length=30)),
        migrations.AlterField(
            model_name="tagchange", name="answer", field=models.CharField(blank=True, max_length=30)
        ),
    ]
