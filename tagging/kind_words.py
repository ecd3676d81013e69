"""What somebody is told of how good their own answers are."""

from dataclasses import dataclass

from django.utils.translation import gettext, gettext_lazy

from damage.accounts.models import User
from tagging.models import TaggerQuality
from tagging.quality.tagger_skill import LEAST_KNOWN

Level = TaggerQuality.Level
WORDS = {
    Level.EXCELLENT: gettext_lazy("Excellent: people can rely on what you see."),
    Level.GOOD: gettext_lazy("Good: what you see is nearly always what is there."),
    Level.LEARNING: gettext_lazy(
        "You are getting there. Take your time with each picture; “Can't tell” is a good answer too."
    ),
    Level.FAR_BELOW: gettext_lazy(
        "Your answers often differ from what is there. Please look once more at what counts, beside the picture "
        "where you tag; a fresh start is welcome."
    ),
}


@dataclass(frozen=True)
class OwnQuality:
    """Of one question the kind words, and what they rest on."""

    question: str
    words: str
    known: str


def own_quality(person: User) -> list[OwnQuality]:
    """Of each question that the person answered often enough; nothing is said of less."""
    rows = TaggerQuality.objects.filter(tagger=person, known__gte=LEAST_KNOWN, level__in=WORDS)
    return [
        OwnQuality(
            question=row.question.words("text"),
            words=str(WORDS[Level(row.level)]),
            known=gettext("Seen from %(count)d of your squares whose answer is known by now.")
            % {"count": row.known},
        )
        for row in rows.select_related("question").order_by("question")
    ]
