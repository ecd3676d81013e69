"""The background door: `manage.py db_worker` calls these."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ObjectDoesNotExist
from django_tasks import task

from damage.errors import Refused
from training.models import ModelRun, Promotion

logger = logging.getLogger(__name__)


@task()
def run_training(run_id: int) -> None:
    """Carry out a queued training; what it is refused for, or that it was cancelled, stands on its row."""
    from training.executor import carry_out  # heavy: only the worker loads TensorFlow

    with refusals_logged(f"Model run {run_id}"):
        carry_out(ModelRun.objects.get(pk=run_id))


@task()
def run_comparison(promotion_id: int) -> None:
    """Compare a proposed model with the present one; a refusal stands on the proposal, for people to read."""
    from training.registry.comparison import compare  # heavy, as in `run_training`

    with refusals_logged(f"Promotion {promotion_id}"):
        compare(Promotion.objects.select_related("model_run", "replaced").get(pk=promotion_id))


@contextmanager
def refusals_logged(name: str) -> Iterator[None]:
    """A refusal, a cancellation among them, is no fault of the worker's: a line in its log instead of a traceback."""
    try:
        yield
    except (Refused, ObjectDoesNotExist) as refusal:
        logger.warning("%s: %s", name, refusal)
