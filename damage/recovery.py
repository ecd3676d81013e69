"""What is put in order when the site starts, and when its worker does: what killed processes left."""

from damage.workers import settle_tasks
from prediction.services import continue_abandoned
from training.claims import record_killed
from training.models import Experiment, ModelRun


def recover(*, idle_worker: str = "") -> list[str]:
    """Settle tasks and runs that nobody works on any more; gives what happened, for people."""
    settle_tasks(idle=idle_worker)  # first: whether a run still waits is seen by its task
    killed = [*record_killed(ModelRun), *record_killed(Experiment)]
    told = [f"{work.named} was cut off; ask for it again." for work in killed]
    return told + [f"{run.named} was cut off and goes on." for run in continue_abandoned()]
