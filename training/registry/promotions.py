"""Which model answers and predicts: proposed by one person, confirmed by another, and taken back when it fails.

Candidate -> promoted -> retired. A question has one promoted model at most (the database sees to it). Between a
proposal and its confirmation a worker compares the model with the present one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from damage.accounts.models import User
from damage.errors import Conflict, Refused, Text
from damage.messages import Message as _
from damage.work import claims
from damage.work.progress import Progress, no_progress
from tagging.models import Question
from training.data.held_out_towns import spoilt_tests
from training.models import ModelRun, Promotion
from training.registry.comparison import compare
from training.registry.decisions import Decision, check_may, may
from training.tasks import run_comparison

Stage = ModelRun.Stage


def propose(run: ModelRun, *, by: User, reason: str = "", progress: Progress = no_progress) -> Promotion:
    """Propose a finished model and compare it with the present one now."""
    return compare(_proposed(run, by, reason), progress=progress)


def request_proposal(run: ModelRun, *, by: User, reason: str = "") -> Promotion:
    """Propose a finished model; `manage.py db_worker` compares it with the present one."""
    with transaction.atomic():
        promotion = _proposed(run, by, reason)
        transaction.on_commit(partial(run_comparison.enqueue, promotion.pk))
    return promotion


def compare_again(promotion: Promotion, *, by: User, progress: Progress = no_progress) -> Promotion:
    """Compare a waiting proposal whose comparison failed once more, now."""
    return compare(_queued_again(promotion, by), progress=progress)


def request_comparison(promotion: Promotion, *, by: User) -> Promotion:
    """Queue a waiting proposal whose comparison failed once more."""
    queued = _queued_again(promotion, by)
    transaction.on_commit(partial(run_comparison.enqueue, queued.pk))
    return queued


def confirm(promotion: Promotion, *, by: User) -> ModelRun:
    """Promote the proposed model; whoever proposed it may not. The model that it replaces is retired."""
    check_may(by, Decision.CONFIRM)
    if by == promotion.proposed_by:
        raise Refused(
            _("You proposed this model yourself."),
            _("A second person has to look at it: an analyst or another admin."),
        )
    with _deciding(promotion.model_run.question):
        run = ModelRun.objects.get(pk=promotion.model_run_id)
        waiting = Promotion.objects.waiting().filter(pk=promotion.pk)
        proposal = waiting.first()
        if proposal is None:
            raise Refused(_("This proposal was settled already."))
        _check_can_be_promoted(run)
        if not proposal.is_compared:
            raise _not_compared(proposal)
        present = ModelRun.objects.current(run.question)
        if present != proposal.replaced:
            raise Refused(
                _("Another model was promoted since this one was proposed."),
                _("Decline the proposal and propose it anew, so that both are compared."),
            )
        waiting.update(confirmed_by=by, confirmed_at=timezone.now())
        if present:
            _end(present, by=by, reason=_("Replaced by model run %(run)s.") % {"run": run.pk})
        _move(run, Stage.PROMOTED)
    promotion.refresh_from_db()
    return run


def decline(promotion: Promotion, *, by: User, reason: str = "") -> None:
    """Turn a proposal down, or take one's own back; a comparison that goes on is stopped."""
    check_may(by, Decision.DECLINE)
    with _deciding(promotion.model_run.question):
        proposal = Promotion.objects.waiting().filter(pk=promotion.pk)
        if not _close(proposal, by=by, reason=reason or _("Declined.")):
            raise Refused(_("This proposal was settled already."))
    promotion.refresh_from_db()


def roll_back(run: ModelRun, *, by: User, reason: str = "") -> ModelRun:
    """Put the model back that this promoted one replaced. One person may: it has been confirmed before."""
    check_may(by, Decision.ROLL_BACK)
    with _deciding(run.question):
        present = ModelRun.objects.current(run.question)
        if present != run:
            raise Refused(
                _("%(run)s is not the promoted one.") % {"run": run.named},
                _("Roll back from the page of the promoted one."),
            )
        earlier = _earlier(present)
        if earlier is None:
            raise Refused(
                _("There is no earlier model to go back to."), _("Propose another one, or retire this one.")
            )
        _end(present, by=by, reason=reason or _("Rolled back."))
        _move(earlier, Stage.PROMOTED)
    run.refresh_from_db()
    return earlier


def retire(run: ModelRun, *, by: User, reason: str = "") -> None:
    """Take a model out of use; the question has no model then, until one is promoted."""
    check_may(by, Decision.RETIRE)
    with _deciding(run.question):
        run.refresh_from_db()
        if run.stage == Stage.RETIRED:
            raise Refused(_("%(run)s is retired already.") % {"run": run.named})
        _end(run, by=by, reason=reason or _("Retired."))


def open_decisions(run: ModelRun, person: User) -> set[Decision]:
    """What the person may decide about the run as it stands now: the buttons of its page."""
    return {each for each in _possible(run, person) if may(person, each)}


def promoted_run(question: Question) -> ModelRun:
    """The question's promoted model."""
    if run := ModelRun.objects.current(question):
        return run
    raise Refused(_("The question %(question)s has no promoted model.") % {"question": question.slug})


def waiting_promotion(run: ModelRun) -> Promotion:
    """The run's proposal that nobody has settled."""
    if promotion := run.promotions.waiting().first():
        return promotion
    raise Refused(_("%(run)s is not proposed.") % {"run": run.named})


def _proposed(run: ModelRun, by: User, reason: str) -> Promotion:
    """A new proposal whose comparison is queued; refused where one waits already."""
    check_may(by, Decision.PROPOSE)
    if spoilt := spoilt_tests(run):
        raise Refused(
            _("%(run)s learnt from %(towns)s, which is kept for tests.")
            % {"run": run.named, "towns": ", ".join(sorted(spoilt))},
            _("Train on other towns: on its own, a model looks better than it is."),
        )
    with _deciding(run.question):
        run.refresh_from_db()
        _check_can_be_promoted(run)
        if run.promotions.waiting().exists():
            raise Refused(
                _("%(run)s is proposed already.") % {"run": run.named},
                _("Somebody else than who proposed it has to confirm it."),
            )
        present = ModelRun.objects.current(run.question)
        return Promotion.objects.create(model_run=run, replaced=present, reason=reason, proposed_by=by)


def _queued_again(promotion: Promotion, by: User) -> Promotion:
    """The proposal, to be compared with the model that is promoted now."""
    check_may(by, Decision.COMPARE)
    claims.record_abandoned(promotion)
    with _deciding(promotion.model_run.question):
        failed = Promotion.objects.waiting().filter(pk=promotion.pk, status=Promotion.Status.FAILED)
        present = ModelRun.objects.current(promotion.model_run.question)
        if not failed.update(status=Promotion.Status.QUEUED, error="", replaced=present, units_done=0):
            raise Conflict(
                _("Only a comparison that failed is done again."),
                _("Reload the page to see where it stands."),
            )
    promotion.refresh_from_db()
    return promotion


def _not_compared(promotion: Promotion) -> Conflict:
    if promotion.status in Promotion.UNSETTLED:
        return Conflict(
            _("The two models are still being compared."),
            _("Wait until the metrics are there, and look at them."),
        )
    return Conflict(
        _("The comparison of the two models failed, so there are no metrics to decide by."),
        _("Have it compared again, or decline the proposal."),
    )


@contextmanager
def _deciding(question: Question) -> Iterator[None]:
    """One decision about a question's models at a time: what was read stays true until it is written.

    SQLite lets one writer in; elsewhere whoever decides holds the question's row. What the database does not let in
    all the same was decided by somebody else just now.
    """
    try:
        with transaction.atomic():
            Question.objects.select_for_update().get(pk=question.pk)
            yield
    except IntegrityError as error:
        raise Conflict(
            _("Somebody else decided about this question's models just now."), _("Look again, then decide.")
        ) from error


def _possible(run: ModelRun, person: User) -> Iterator[Decision]:
    """What may be decided about the run as it stands, whoever decides."""
    if run.can_cancel:
        yield Decision.CANCEL
    if not _is_finished(run):
        return
    if waiting := run.promotions.waiting().first():
        if waiting.is_compared and waiting.proposed_by != person:
            yield Decision.CONFIRM
        if waiting.status == Promotion.Status.FAILED or waiting.is_stalled:
            yield Decision.COMPARE
        yield Decision.DECLINE
    elif run.stage == Stage.PROMOTED:
        if _earlier(run):
            yield Decision.ROLL_BACK
    else:
        yield Decision.PROPOSE
    if run.stage != Stage.RETIRED:
        yield Decision.RETIRE


def _is_finished(run: ModelRun) -> bool:
    return run.status == ModelRun.Status.DONE and run.threshold is not None


def _check_can_be_promoted(run: ModelRun) -> None:
    if not _is_finished(run):
        raise Refused(_("%(run)s is not finished.") % {"run": run.named}, _("Choose a finished model run."))
    if run.stage == Stage.PROMOTED:
        raise Refused(_("%(run)s is promoted already.") % {"run": run.named})


def _earlier(run: ModelRun) -> ModelRun | None:
    """The model that the promoted one replaced."""
    confirmed = run.promotions.exclude(confirmed_at=None).select_related("replaced").first()
    return confirmed.replaced if confirmed else None


def _end(run: ModelRun, *, by: User, reason: Text) -> None:
    """Retire a model and close what promoted or proposed it."""
    _close(run.promotions.filter(ended_at=None), by=by, reason=reason)
    _move(run, Stage.RETIRED)


def _close(promotions: Any, *, by: User, reason: Text) -> int:
    """End proposals and promotions, and stop comparisons that go on; gives how many."""
    numbers = list(promotions.values_list("pk", flat=True))
    closed = Promotion.objects.filter(pk__in=numbers)
    closed.filter(status__in=Promotion.UNSETTLED).update(
        status=Promotion.Status.CANCELLED, claim="", error=reason, finished_at=timezone.now()
    )
    return closed.update(ended_by=by, ended_at=timezone.now(), end_reason=reason)


def _move(run: ModelRun, stage: ModelRun.Stage) -> None:
    ModelRun.objects.filter(pk=run.pk).update(stage=stage)
    run.stage = stage
