"""The background door: `manage.py db_worker` calls these."""

from django_tasks import task

from training.models import ModelRun


@task()
def run_training(run_id: int) -> None:
    """Carry out a queued training."""
    from training.services import carry_out  # the service queues this task

    carry_out(ModelRun.objects.get(pk=run_id))
