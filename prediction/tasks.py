"""The background door: `manage.py db_worker` calls these."""

from django_tasks import task

from prediction.models import PredictionRun
from prediction.options import DEFAULT_RUNNER
from training.tasks import refusals_logged


@task()
def run_prediction(run_id: int) -> None:
    """Carry out a queued prediction run; what it is refused for, or that it was cancelled, stands on its row."""
    # Heavy: only the worker predicts.
    from prediction.executor import carry_out
    from prediction.runners.choice import runner_for

    with refusals_logged(f"Prediction run {run_id}"):
        carry_out([PredictionRun.objects.get(pk=run_id)], runner=runner_for(DEFAULT_RUNNER))
