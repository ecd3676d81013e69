"""The background door: `manage.py db_worker` calls these."""

from django_tasks import task

from prediction.models import PredictionRun
from training.tasks import refusals_logged


@task()
def run_prediction(run_id: int) -> None:
    """Carry out a queued prediction run; what it is refused for, or that it was cancelled, stands on its row."""
    from prediction.services import carry_out  # the service queues this task

    with refusals_logged(f"Prediction run {run_id}"):
        carry_out([PredictionRun.objects.get(pk=run_id)])
