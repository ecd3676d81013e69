"""Models by the numbers that people give, or the one that a question uses now."""

from damage.errors import Refused
from damage.messages import Message as _
from tagging.services import find_question
from training.models import ModelRun


def find_model_run(number: int) -> ModelRun:
    """The model run of this number."""
    if run := ModelRun.objects.filter(pk=number).select_related("question").first():
        return run
    raise Refused(_("There is no model run %(run)s.") % {"run": number})


def chosen_model(number: int | None, *, question: str) -> ModelRun:
    """The model run of this number, or the question's promoted one."""
    if number is not None:
        return find_model_run(number)
    if current := ModelRun.objects.current(find_question(question)):
        return current
    raise Refused(
        _("The question %(question)s has no promoted model.") % {"question": question},
        _("Promote one (manage.py promote), or name a candidate with --model."),
    )
