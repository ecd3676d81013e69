"""The pages where people tag, and look at what was tagged."""

from typing import cast

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_safe

from damage.accounts.models import Role, User
from damage.converters import row_number
from damage.ingestion.joining.membership import plays_anywhere
from damage.permissions import ForAdmins, ForTaggers, page_for
from tagging.answers import FEWEST_ANSWERS, MOST_ANSWERS
from tagging.examples import MOST_EXAMPLES
from tagging.kind_words import own_quality
from tagging.models import Question, TagChange
from tagging.question_api import ExampleSerializer
from tagging.questions import PLAIN_FIELDS
from tagging.serializers import QuestionSerializer
from tagging.starting_points import STARTING_POINTS


def _facts(request: HttpRequest, questions: list[Question]) -> dict[str, object]:
    """What a page's script knows before it asks the API."""
    person = cast(User, request.user)
    return {
        "person": person.pk,
        "name": person.shown_name,
        "seesEverybody": plays_anywhere(person, Role.VERIFIER),
        "deletesAny": person.plays(Role.ADMIN),
        "questions": QuestionSerializer(questions, many=True).data,
    }


@page_for(ForTaggers)
@require_safe
def tagging(request: HttpRequest) -> HttpResponse:
    """Answer open questions, one place after the other; of the event that `?event=` names, or the newest."""
    facts = _facts(request, list(Question.objects.filter(is_open=True).prefetch_related("examples")))
    event = row_number(request.GET.get("event", ""))
    return render(request, "tagging/quick.html", {"facts": {**facts, "event": event}})


@page_for(ForTaggers)
@require_safe
def explore(request: HttpRequest) -> HttpResponse:
    """Look around in a scene, and answer for squares that one chooses."""
    facts = _facts(request, list(Question.objects.filter(is_open=True).prefetch_related("examples")))
    return render(request, "tagging/explore.html", {"facts": facts})


@page_for(ForTaggers)
@require_safe
def tags(request: HttpRequest) -> HttpResponse:
    """Look at recent tags; change and delete one's own."""
    facts = _facts(request, list(Question.objects.prefetch_related("examples")))
    own = own_quality(cast(User, request.user))
    return render(request, "tagging/tags.html", {"facts": facts, "own_quality": own})


@page_for(ForAdmins)
@require_safe
def questions(request: HttpRequest) -> HttpResponse:
    """All questions, with how often each was answered."""
    rows = [
        {
            "question": question,
            "text": question.words("text"),
            "answers": [(f"tone-{one.colour}", question.words_of(one.key)) for one in question.choices],
            "tags": question.tag_count,
        }
        for question in Question.objects.annotate(tag_count=Count("tags"))
    ]
    return render(request, "tagging/questions.html", {"rows": rows, "facts": {}})


@page_for(ForAdmins)
@require_safe
def question(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A question to write: a new one, or one that is there."""
    row = get_object_or_404(Question, pk=pk) if pk is not None else None
    name = "name_es" if (get_language() or "").startswith("es") else "name"
    facts = {
        "id": pk,
        "question": row and {field: getattr(row, field) for field in (*PLAIN_FIELDS, "answers")},
        "isAnswered": row is not None and TagChange.objects.filter(question=row).exists(),
        "fewest": FEWEST_ANSWERS,
        "most": MOST_ANSWERS,
        "unsure": gettext("Can't tell"),
        "startingPoints": [{**point, "name": point[name]} for point in STARTING_POINTS],
    }
    if row:
        facts["examples"] = {
            "shown": ExampleSerializer(row.examples.all(), many=True).data,
            "most": MOST_EXAMPLES,
        }
    return render(request, "tagging/question.html", {"row": row, "facts": facts})
