"""Models, runs and scenes by the names and numbers that people give; what is not there is refused with a remedy."""

from django.db.models import Q

from damage.errors import Refused
from damage.ingestion.models import Scene, SceneKind
from damage.messages import Message as _
from prediction.models import PredictionRun
from tagging.services import find_question
from training.models import ModelRun


def chosen_model(number: int | None, *, question: str) -> ModelRun:
    """The model run of this number, or the question's promoted one."""
    if number is not None:
        if chosen := ModelRun.objects.filter(pk=number).first():
            return chosen
        raise Refused(_("There is no model run %(run)s.") % {"run": number})
    if current := ModelRun.objects.current(find_question(question)):
        return current
    raise Refused(
        _("The question %(question)s has no promoted model.") % {"question": question},
        _("Promote one (manage.py promote), or name a candidate with --model."),
    )


def find_run(number: int) -> PredictionRun:
    """The prediction run of this number."""
    if run := PredictionRun.objects.filter(pk=number).first():
        return run
    raise Refused(_("There is no prediction run %(run)s.") % {"run": number})


def scenes_of(event: str, town: str, *, with_photos: bool = False) -> list[Scene]:
    """The mosaics (and photos) of an event's town, or of the whole event when `town` is empty."""
    named = Scene.objects.in_use().filter(
        Q(town__event__name__iexact=event) | Q(town__event__slug__iexact=event)
    )
    if town:
        named = named.filter(Q(town__name__iexact=town) | Q(town__slug__iexact=town))
    if not with_photos:
        named = named.filter(kind=SceneKind.MOSAIC)
    scenes = list(named.select_related("town__event").order_by("kind", "name", "pk"))
    if not scenes:
        where = " / ".join(filter(None, (event, town)))
        raise Refused(
            (_("There is no scene of %(where)s.") if with_photos else _("There is no mosaic of %(where)s."))
            % {"where": where},
            _("See the names on the site, or ingest one with ingest_mosaic."),
        )
    return scenes
