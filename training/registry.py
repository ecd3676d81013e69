"""Which model answers and predicts: proposed by one person, confirmed by another, and taken back when it fails.

Candidate -> promoted -> retired. A question has one promoted model at most (the database sees to it).
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from damage.accounts.models import Role, User
from damage.errors import Refused
from tagging.models import Question
from training.comparing import comparison, learnt_from
from training.models import ModelRun, Promotion

Stage = ModelRun.Stage
MAY_DECIDE = (Role.ADMIN, Role.ANALYST)


def propose(run: ModelRun, *, by: User, reason: str = "") -> Promotion:
    """Propose a finished model, beside the present one's figures on towns that neither learnt from."""
    _check_may_decide(by)
    _check_can_be_promoted(run)
    if run.promotions.filter(confirmed_at=None, ended_at=None).exists():
        raise Refused(
            _("%(run)s is proposed already.") % {"run": run.named},
            _("Somebody else than who proposed it has to confirm it."),
        )
    if spoilt := learnt_from(run) & set(settings.ENVIRONMENT.test_towns):
        raise Refused(
            _("%(run)s learnt from %(towns)s, which is kept for tests.")
            % {"run": run.named, "towns": ", ".join(sorted(spoilt))},
            _("Train on other towns: on its own, a model looks better than it is."),
        )
    present = ModelRun.objects.current(run.question)
    figures = comparison(run, present)
    return Promotion.objects.create(
        model_run=run, replaced=present, comparison=figures, reason=reason, proposed_by=by
    )


def confirm(promotion: Promotion, *, by: User) -> ModelRun:
    """Promote the proposed model; whoever proposed it may not. The model that it replaces is retired."""
    _check_may_decide(by)
    if by == promotion.proposed_by:
        raise Refused(
            _("You proposed this model yourself."),
            _("A second person has to look at it: an analyst or another admin."),
        )
    with transaction.atomic():
        run = ModelRun.objects.select_for_update().get(pk=promotion.model_run_id)
        waiting = Promotion.objects.filter(pk=promotion.pk, confirmed_at=None, ended_at=None)
        _check_can_be_promoted(run)
        present = ModelRun.objects.current(run.question)
        if present != promotion.replaced:
            raise Refused(
                _("Another model was promoted since this one was proposed."),
                _("Decline the proposal and propose it anew, so that both are compared."),
            )
        if not waiting.update(confirmed_by=by, confirmed_at=timezone.now()):
            raise Refused(_("This proposal was settled already."))
        if present:
            _end(present, by=by, reason=_("Replaced by model run %(run)s.") % {"run": run.pk})
        _move(run, Stage.PROMOTED)
    promotion.refresh_from_db()
    return run


def decline(promotion: Promotion, *, by: User, reason: str = "") -> None:
    """Turn a proposal down, or take one's own back."""
    _check_may_decide(by)
    waiting = Promotion.objects.filter(pk=promotion.pk, confirmed_at=None, ended_at=None)
    if not waiting.update(ended_by=by, ended_at=timezone.now(), end_reason=reason or _("Declined.")):
        raise Refused(_("This proposal was settled already."))
    promotion.refresh_from_db()


def roll_back(question: Question, *, by: User, reason: str = "") -> ModelRun:
    """Put the model back that the promoted one replaced. One person may: it has been confirmed before."""
    _check_may_decide(by)
    with transaction.atomic():
        present = ModelRun.objects.current(question)
        promotion = _confirmed(present) if present else None
        if present is None or promotion is None or promotion.replaced is None:
            raise Refused(
                _("There is no earlier model to go back to."), _("Propose another one, or retire this one.")
            )
        _end(present, by=by, reason=reason or _("Rolled back."))
        _move(promotion.replaced, Stage.PROMOTED)
    return promotion.replaced


def retire(run: ModelRun, *, by: User, reason: str = "") -> None:
    """Take a model out of use; the question has no model then, until one is promoted."""
    _check_may_decide(by)
    if run.stage == Stage.RETIRED:
        raise Refused(_("%(run)s is retired already.") % {"run": run.named})
    with transaction.atomic():
        _end(run, by=by, reason=reason or _("Retired."))


def find_model_run(number: int) -> ModelRun:
    """The model run of this number."""
    if run := ModelRun.objects.filter(pk=number).select_related("question").first():
        return run
    raise Refused(_("There is no model run %(run)s.") % {"run": number})


def waiting_promotion(run: ModelRun) -> Promotion:
    """The run's proposal that nobody has settled."""
    if promotion := run.promotions.filter(confirmed_at=None, ended_at=None).first():
        return promotion
    raise Refused(_("%(run)s is not proposed.") % {"run": run.named})


def _check_may_decide(person: User) -> None:
    if not person.is_active or not person.plays(*MAY_DECIDE):
        raise Refused(
            _("%(person)s may not decide about models.") % {"person": person.get_username()},
            _("Name an admin or an analyst."),
        )


def _check_can_be_promoted(run: ModelRun) -> None:
    if run.status != ModelRun.Status.DONE or run.threshold is None:
        raise Refused(_("%(run)s is not finished.") % {"run": run.named}, _("Choose a finished model run."))
    if run.stage == Stage.PROMOTED:
        raise Refused(_("%(run)s is promoted already.") % {"run": run.named})


def _confirmed(run: ModelRun) -> Promotion | None:
    """The promotion by which the run came to be the promoted one."""
    return run.promotions.exclude(confirmed_at=None).first()


def _end(run: ModelRun, *, by: User, reason: str) -> None:
    """Retire a model and close what promoted or proposed it."""
    ended: dict[str, Any] = {"ended_by": by, "ended_at": timezone.now(), "end_reason": reason}
    run.promotions.filter(ended_at=None).update(**ended)
    _move(run, Stage.RETIRED)


def _move(run: ModelRun, stage: ModelRun.Stage) -> None:
    ModelRun.objects.filter(pk=run.pk).update(stage=stage)
    run.stage = stage
