"""The background door: `manage.py db_worker` calls these."""

from django_tasks import task

from prediction.models import PredictionRun


@task()
def run_prediction(run_id: int) -> None:
    """Carry out a queued prediction run."""
    from prediction.services import carry_out  # the service queues this task

    carry_out([PredictionRun.objects.get(pk=run_id)])
