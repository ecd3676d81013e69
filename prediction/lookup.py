"""Models, runs and scenes by the names and numbers that people give; what is not there is refused with a remedy."""

from django.urls import reverse

from damage.errors import Refused
from damage.ingestion.models import SceneKind
from damage.messages import Message as _
from prediction.models import PredictionRun


def find_run(number: int) -> PredictionRun:
    """The prediction run of this number."""
    if run := PredictionRun.objects.filter(pk=number).first():
        return run
    raise Refused(_("There is no prediction run %(run)s.") % {"run": number})


def page_of(run: PredictionRun) -> str:
    """The page that shows what a run found."""
    if run.scene.kind == SceneKind.PHOTO:
        return f"{reverse('photo', args=[run.scene_id])}?run={run.pk}"
    return f"{reverse('map')}?run={run.pk}"
