"""The background door: `manage.py db_worker` calls these."""

from contextlib import suppress

from django_tasks import task

from damage.errors import Refused
from training.models import ModelRun, Promotion


@task()
def run_training(run_id: int) -> None:
    """Carry out a queued training."""
    from training.services import carry_out  # the service queues this task

    carry_out(ModelRun.objects.get(pk=run_id))


@task()
def run_comparison(promotion_id: int) -> None:
    """Compare a proposed model with the present one; a refusal stands on the proposal, for people to read."""
    from training.registry import compare  # the service queues this task

    with suppress(Refused):
        compare(Promotion.objects.select_related("model_run", "replaced").get(pk=promotion_id))
