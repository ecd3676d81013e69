"""What the crowd's answers come to: rows that services work out anew from the tags, and the known truths they use."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class GoldAnswer(models.Model):
    """What is known to be true of a crop: it corrects what is thought of the people who answered there."""

    crop = models.ForeignKey("tagging.Crop", on_delete=models.PROTECT, related_name="gold_answers")
    question = models.ForeignKey("tagging.Question", on_delete=models.PROTECT, related_name="gold_answers")
    answer = models.CharField(
        _("known answer"), max_length=8, choices=[("positive", _("yes")), ("negative", _("no"))]
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    at = models.DateTimeField(_("since"), auto_now=True)

    class Meta:
        verbose_name = _("known answer")
        verbose_name_plural = _("known answers")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["crop", "question"], name="gold_once_per_question")]

    def __str__(self) -> str:
        return f"crop {self.crop_id}: {self.answer}"


class CropState(models.Model):
    """What people's answers say of a crop, and whether it is still asked about; of crops that somebody answered.

    Derived from the tags: in the answer's own transaction for its crop, from time to time for all
    (`tagging.recomputing`). Tags of automatic accounts and of people who are set aside do not count.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SETTLED = "settled", _("settled")
        TO_VERIFY = "to_verify", _("for verifiers")

    crop = models.ForeignKey("tagging.Crop", on_delete=models.CASCADE, related_name="states")
    question = models.ForeignKey("tagging.Question", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(_("state"), max_length=9, choices=State.choices)
    answers = models.PositiveIntegerField(_("answers"))
    # By answer: how many gave it, those who could not tell included, and how likely it is true (classes alone).
    counts: models.JSONField[Any, Any] = models.JSONField(_("of each answer"))
    posterior: models.JSONField[Any, Any] = models.JSONField(_("chances"))
    leading = models.CharField(_("likeliest answer"), max_length=8)
    certainty = models.FloatField(_("its chance"))
    updated_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name = _("state of a crop")
        verbose_name_plural = _("states of crops")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["crop", "question"], name="state_once_per_question")]
        # The queue: squares in a state, those nearest to their end first, the least certain of them first.
        indexes = [
            models.Index(
                "question", "state", models.F("answers").desc(), "certainty", "id", name="states_to_ask_about"
            )
        ]

    def __str__(self) -> str:
        return f"crop {self.crop_id}: {self.state}"


class TaggerQuality(models.Model):
    """How good a person's answers to a question are, and whether an admin has set them aside.

    `confusion` has a row for each true class, with the chance of each answer. Of somebody who is set aside the figures
    stay as they were then.
    """

    class Level(models.TextChoices):
        """`tagging.quality.tagger_skill.Level`, for people who administer."""

        TOO_EARLY = "too_early", _("too early to say")
        FAR_BELOW = "far_below", _("far below")
        LEARNING = "learning", _("learning")
        GOOD = "good", _("good")
        EXCELLENT = "excellent", _("excellent")

    tagger = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tagger_qualities"
    )
    question = models.ForeignKey("tagging.Question", on_delete=models.CASCADE, related_name="+")
    level = models.CharField(_("level"), max_length=9, choices=Level.choices, default=Level.TOO_EARLY)
    confusion: models.JSONField[Any, Any] = models.JSONField(null=True)
    balanced_accuracy = models.FloatField(_("balanced accuracy"), null=True)
    lowest = models.FloatField(_("at least"), null=True)
    highest = models.FloatField(_("at most"), null=True)
    answers = models.PositiveIntegerField(_("answers"), default=0)
    known = models.PositiveIntegerField(_("of known truth"), default=0)
    gold = models.PositiveIntegerField(_("of them by known answers"), default=0)
    updated_at = models.DateTimeField(_("worked out"), default=timezone.now)
    is_set_aside = models.BooleanField(_("set aside"), default=False)
    set_aside_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    set_aside_at = models.DateTimeField(_("since"), null=True)
    set_aside_reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("quality of a tagger")
        verbose_name_plural = _("qualities of taggers")
        ordering = ["balanced_accuracy", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tagger", "question"], name="quality_once_per_question")
        ]

    def __str__(self) -> str:
        return f"{self.tagger}: {self.level}"


class CrowdQuality(models.Model):
    """What was found out about all who answer a question, when that was last worked out.

    `class_shares` and `typical` are those of `tagging.quality.consensus.Consensus`; null before the first time.
    """

    question = models.OneToOneField(
        "tagging.Question", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    class_shares: models.JSONField[Any, Any] = models.JSONField(null=True)
    typical: models.JSONField[Any, Any] = models.JSONField(null=True)
    # The number of the newest step in the tags' history that was seen.
    last_change = models.BigIntegerField(default=0)
    computed_at = models.DateTimeField(default=timezone.now)
    requested_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"question {self.question_id}"
