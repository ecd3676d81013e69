"""The background door: `manage.py db_worker` calls these."""

from django_tasks import task

from tagging.models import Question


@task()
def recompute(question_id: int) -> None:
    """Work out anew what all answers to a question come to."""
    from tagging.recomputing import recompute_quality  # SciPy is slow to import

    if question := Question.objects.filter(pk=question_id).first():
        recompute_quality(question)
