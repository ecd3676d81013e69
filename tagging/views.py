"""The pages where people tag, and look at what was tagged."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from damage.accounts.models import Role, User
from damage.converters import row_number
from damage.ingestion.joining.membership import plays_anywhere
from damage.permissions import ForTaggers, page_for
from tagging.kind_words import own_quality
from tagging.models import Question
from tagging.serializers import QuestionSerializer


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
    facts = _facts(request, list(Question.objects.filter(is_open=True)))
    event = row_number(request.GET.get("event", ""))
    return render(request, "tagging/quick.html", {"facts": {**facts, "event": event}})


@page_for(ForTaggers)
@require_safe
def explore(request: HttpRequest) -> HttpResponse:
    """Look around in a scene, and answer for squares that one chooses."""
    facts = _facts(request, list(Question.objects.filter(is_open=True)))
    return render(request, "tagging/explore.html", {"facts": facts})


@page_for(ForTaggers)
@require_safe
def tags(request: HttpRequest) -> HttpResponse:
    """Look at recent tags; change and delete one's own."""
    facts = _facts(request, list(Question.objects.all()))
    own = own_quality(cast(User, request.user))
    return render(request, "tagging/tags.html", {"facts": facts, "own_quality": own})
