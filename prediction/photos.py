"""Photos that were looked through: which come before and after one."""

from django.db.models import Q

from damage.ingestion.models import SceneKind
from prediction.models import PredictionRun


def photos_beside(run: PredictionRun) -> tuple[PredictionRun | None, PredictionRun | None]:
    """The same model's newest finished runs over the town's photos before and after the run's, by name."""
    scene = run.scene
    runs = (
        PredictionRun.objects.in_use()
        .select_related("scene")
        .filter(
            model_run=run.model_run_id,
            status=PredictionRun.Status.DONE,
            scene__town=scene.town_id,
            scene__kind=SceneKind.PHOTO,
        )
    )
    earlier = Q(scene__name__lt=scene.name) | Q(scene__name=scene.name, scene__lt=scene.pk)
    later = Q(scene__name__gt=scene.name) | Q(scene__name=scene.name, scene__gt=scene.pk)
    before = runs.filter(earlier).order_by("-scene__name", "-scene_id", "-pk").first()
    after = runs.filter(later).order_by("scene__name", "scene_id", "-pk").first()
    return before, after
