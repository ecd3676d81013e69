"""What is put in order when the site starts, and when its worker does: what killed processes left."""

from damage.ingestion.uploads.recovery import settle_uploads
from damage.messages import Message
from damage.workers import settle_tasks
from prediction.recovery import settle_at_start


def recover(*, idle_worker: str = "") -> list[Message]:
    """Settle tasks and runs that nobody works on any more, sweep what they left; gives what happened, for people."""
    settle_tasks(idle=idle_worker)  # first: whether a run still waits is seen by its task
    return settle_uploads() + settle_at_start()
