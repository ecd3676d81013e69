"""Which model answers and predicts, and who decides it."""

import io
import json
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from damage.accounts.models import Role
from damage.accounts.services import create_account
from damage.errors import Conflict, Refused
from damage.ingestion.models import Town
from damage.work.claims import ClaimLost
from tagging.models import Crop
from training.config import TrainingConfig
from training.data.held_out_towns import learnt_from
from training.models import ModelRun, Promotion
from training.registry.comparison import comparison
from training.registry.promotions import (
    compare,
    confirm,
    decline,
    propose,
    request_proposal,
    retire,
    roll_back,
)
from training.services import request_training
from training.tasks import run_comparison


def copy_of(run):
    """Another finished run with the same files, crops and metrics."""
    files, crops = list(run.files.all()), list(run.run_crops.all())
    other = ModelRun.objects.get(pk=run.pk)
    other.pk, other.stage = None, "candidate"
    other.save()
    for row in (*files, *crops):
        row.pk, row.model_run = None, other
        row.save()
    return other


def promote(run, first, second):
    return confirm(propose(run, by=first), by=second)


@pytest.fixture
def second_admin(db):
    return create_account(username="berta", password="practice-tags", role=Role.ADMIN)


def test_a_model_answers_once_a_second_person_confirms_it(run, question, site_admin, analyst):
    promotion = propose(run, by=site_admin, reason="It finds more.")
    assert ModelRun.objects.current(question) is None
    confirm(promotion, by=analyst)
    assert ModelRun.objects.current(question) == run
    assert (promotion.proposed_by, promotion.confirmed_by) == (site_admin, analyst)


def test_nobody_confirms_their_own_proposal(run, site_admin):
    promotion = propose(run, by=site_admin)
    with pytest.raises(Refused, match="second person"):
        confirm(promotion, by=site_admin)
    with pytest.raises(IntegrityError), transaction.atomic():  # not even past the service
        Promotion.objects.update(confirmed_by=site_admin)
    run.refresh_from_db()
    assert run.stage == "candidate"


def test_volunteers_decide_nothing(run, site_admin, volunteer):
    with pytest.raises(Refused, match="Only admins"):
        propose(run, by=volunteer)
    with pytest.raises(Refused, match="may not decide"):
        confirm(propose(run, by=site_admin), by=volunteer)


def test_both_models_are_compared_on_towns_that_neither_learnt_from(run, site_admin, analyst):
    promote(run, site_admin, analyst)
    towns = propose(copy_of(run), by=site_admin).comparison["towns"]
    assert list(towns) == ["practice-quake/sur"]  # Norte taught them, Este chose their threshold
    metrics = towns["practice-quake/sur"]
    assert (metrics["crops"], metrics["positive"]) == (24, 12)
    assert metrics["candidate"] == metrics["present"]
    assert metrics["candidate"]["auc"] == pytest.approx(run.metrics["test"]["auc"])


def test_the_next_model_retires_the_last_and_a_roll_back_brings_it_back(run, question, site_admin, analyst):
    promote(run, site_admin, analyst)
    better = copy_of(run)
    promote(better, site_admin, analyst)
    run.refresh_from_db()
    assert (run.stage, ModelRun.objects.current(question)) == ("retired", better)
    assert roll_back(better, by=analyst, reason="It misses roofs.") == run
    better.refresh_from_db()
    assert (better.stage, ModelRun.objects.current(question)) == ("retired", run)
    assert better.promotions.get().end_reason == "It misses roofs."
    with pytest.raises(Refused, match="no earlier model"):
        roll_back(run, by=analyst)


def test_a_proposal_made_before_another_promotion_is_not_confirmed(run, site_admin, analyst):
    late, other = propose(run, by=site_admin), copy_of(run)
    promote(other, site_admin, analyst)
    with pytest.raises(Refused, match="Another model was promoted"):
        confirm(late, by=analyst)


def test_a_declined_proposal_is_settled(run, site_admin, second_admin, analyst):
    promotion = propose(run, by=site_admin)
    with pytest.raises(Refused, match="proposed already"):
        propose(run, by=second_admin)
    decline(promotion, by=analyst, reason="Too many false alarms.")
    with pytest.raises(Refused, match="settled already"):
        confirm(promotion, by=analyst)
    assert promotion.end_reason == "Too many false alarms."
    assert propose(run, by=second_admin).pk != promotion.pk


def test_a_retired_model_answers_no_more(run, question, site_admin, analyst):
    promote(run, site_admin, analyst)
    retire(run, by=site_admin)
    assert ModelRun.objects.current(question) is None


def test_what_is_not_finished_is_not_proposed(question, site_admin):
    failed = ModelRun.objects.create(question=question, backbone="tiny", status="failed")
    with pytest.raises(Refused, match="not finished"):
        propose(failed, by=site_admin)


def test_the_command_proposes_and_a_second_person_confirms(run, site_admin, analyst):
    def promoted_by(person):
        out = io.StringIO()
        call_command("promote", run.pk, "--by", person.username, "--json", stdout=out)
        return json.loads(out.getvalue())

    assert (promoted_by(site_admin)["is_proposed"], run.stage) == (True, "candidate")
    with pytest.raises(CommandError, match="second person"):
        promoted_by(site_admin)
    assert promoted_by(analyst)["stage"] == "promoted"
    with pytest.raises(CommandError, match="no account"):
        call_command("promote", run.pk, "--by", "nobody")


def test_the_api_asks_who_decides(run, client, site_admin, analyst, volunteer):
    address = f"/api/v1/model-runs/{run.pk}"
    client.force_login(analyst)
    assert client.post(f"{address}/propose/", content_type="application/json").status_code == 403
    client.force_login(site_admin)
    proposed = client.post(f"{address}/propose/", {"reason": "new tags"}, content_type="application/json")
    assert proposed.json()["promotions"][0]["status"] == "queued"
    compare(run.promotions.get())
    assert proposed.json()["promotions"][0]["proposed_by"] == site_admin.username
    assert client.post(f"{address}/confirm/", content_type="application/json").status_code == 400
    client.force_login(volunteer)
    assert client.post(f"{address}/confirm/", content_type="application/json").status_code == 403
    client.force_login(analyst)
    assert client.post(f"{address}/confirm/", content_type="application/json").json()["stage"] == "promoted"
    assert client.post(f"{address}/roll-back/", content_type="application/json").status_code == 400


@pytest.fixture
def kept(settings):
    """Sur is kept for tests."""
    settings.ENVIRONMENT = replace(
        settings.ENVIRONMENT, test_towns=("practice-quake/sur", "other-quake/nowhere")
    )


def test_towns_held_out_towns_are_the_test_and_teach_nobody(kept, question, towns, training_config):
    run = request_training(question, TrainingConfig(backbone=training_config.backbone), requested_by=None)
    assert run.parameters["test_towns"] == ["practice-quake/sur"]
    assert {row.part for row in run.run_crops.filter(crop__town=towns[2])} == {"test"}
    for part in ("train_towns", "validation_towns"):
        with pytest.raises(Refused, match="kept for tests"):
            request_training(
                question, replace(training_config, test_towns=[], **{part: ["Sur"]}), requested_by=None
            )


def test_every_proposal_is_compared_on_the_towns_held_out_towns(
    run, towns, event, question, site_admin, settings
):
    """Another town that nobody learnt from is not taken instead."""
    other = Town.objects.create(event=event, name="Oeste", slug="oeste")
    for crop in Crop.objects.filter(town=towns[2]):
        tags = list(crop.tags.all())
        crop.pk, crop.town = None, other
        crop.save()
        for tag in tags:
            tag.pk, tag.crop = None, crop
            tag.save()
    assert list(comparison(run, None)["towns"]) == ["practice-quake/sur", "practice-quake/oeste"]
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, test_towns=("practice-quake/sur",))
    assert list(propose(run, by=site_admin).comparison["towns"]) == ["practice-quake/sur"]


def test_a_model_that_learnt_from_a_kept_town_is_not_proposed(run, site_admin, settings):
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, test_towns=("practice-quake/norte",))
    with pytest.raises(Refused, match="learnt from practice-quake/norte"):
        propose(run, by=site_admin)


@pytest.mark.parametrize("role", ["volunteer", "verifier"])
def test_who_may_not_decide_may_not_by_any_service(run, role, request, site_admin, analyst):
    person = request.getfixturevalue(role)
    promotion = propose(run, by=site_admin)
    for attempt in (lambda: confirm(promotion, by=person), lambda: decline(promotion, by=person),
                    lambda: retire(run, by=person), lambda: roll_back(run, by=person)):  # fmt: skip
        with pytest.raises(Refused, match=r"may not decide|Only admins"):
            attempt()
    analyst.is_active = False
    with pytest.raises(Refused, match="may not decide"):
        confirm(promotion, by=analyst)
    run.refresh_from_db()
    assert run.stage == "candidate"


def test_a_town_that_a_model_adapted_to_is_not_unseen(run, site_admin, towns, settings):
    """Its crops set the threshold, without an answer: of a run from here, and of an imported one, as its file told."""
    crop = Crop.objects.filter(town=towns[2]).first()
    run.unlabelled_crops.add(crop)
    assert comparison(run, None)["towns"] == {}
    run.unlabelled_crops.clear()
    run.parameters |= {"adapt_to": {"town": "practice-quake/sur", "crops": 60, "sha256": "0" * 64}}
    run.save()
    assert comparison(run, None)["towns"] == {}
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, test_towns=("practice-quake/sur",))
    with pytest.raises(Refused, match="learnt from practice-quake/sur"):
        propose(run, by=site_admin)


def test_a_run_that_goes_on_from_another_has_seen_what_that_has(run, question):
    first = copy_of(run)
    first.parameters = first.parameters | {"train_towns": ["practice-quake/sur"]}
    first.save()
    between = ModelRun.objects.create(question=question, backbone="tiny", parent=first)
    run.parent = between
    run.save()
    assert learnt_from(run) == {"practice-quake/norte", "practice-quake/este", "practice-quake/sur"}
    first.parent = run  # a circle ends all the same
    first.save()
    assert "practice-quake/sur" in learnt_from(run)


def test_copies_of_crops_that_taught_are_not_unseen_in_another_town(run, event, towns):
    """As `augment_crops` writes them and `import_crops` takes them in, for another event."""
    other = Town.objects.create(event=event, name="Copias", slug="copias")
    for source in towns[:1] + towns[2:]:
        for crop in Crop.objects.filter(town=source):
            tags = list(crop.tags.all())
            crop.pk, crop.town = None, other
            crop.save()
            for tag in tags:
                tag.pk, tag.crop = None, crop
                tag.save()
    metrics = comparison(run, None)["towns"]
    assert metrics["practice-quake/copias"]["crops"] == 24  # those of Norte taught it, those of Sur did not


def test_a_request_compares_nothing_and_nobody_confirms_before_a_worker_has(
    run, site_admin, analyst, client, monkeypatch, django_capture_on_commit_callbacks
):
    address = f"/api/v1/model-runs/{run.pk}"
    client.force_login(site_admin)
    with monkeypatch.context() as patch, django_capture_on_commit_callbacks() as enqueued:
        patch.setattr("training.registry.promotions.compare", None)
        assert (
            client.post(f"{address}/propose/", content_type="application/json").json()["promotions"][0][
                "status"
            ]
            == "queued"
        )
        assert client.post(f"{address}/propose/", content_type="application/json").status_code == 400
    assert (len(enqueued), run.promotions.count()) == (1, 1)
    client.force_login(analyst)
    early = client.post(f"{address}/confirm/", content_type="application/json")
    assert (early.status_code, early.json()["detail"]) == (409, "The two models are still being compared.")
    page = client.get(f"/training/runs/{run.pk}/").content.decode()
    assert "being compared" in page
    assert 'value="confirm"' not in page
    run_comparison.call(run.promotions.get().pk)
    promotion = run.promotions.get()
    assert (promotion.status, promotion.units_done, promotion.units_total) == ("done", 24, 24)
    assert client.post(f"{address}/confirm/", content_type="application/json").json()["stage"] == "promoted"


def test_a_comparison_that_fails_says_why_and_is_asked_for_again(
    run, site_admin, analyst, client, monkeypatch, django_capture_on_commit_callbacks
):
    promotion = request_proposal(run, by=site_admin)
    with monkeypatch.context() as patch:
        patch.setattr("training.inference.load_engine", lambda run: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            compare(promotion)
    assert (promotion.status, "ZeroDivisionError" in promotion.error) == ("failed", True)
    with pytest.raises(Conflict, match="comparison of the two models failed"):
        confirm(promotion, by=analyst)
    client.force_login(analyst)
    page = client.get(f"/training/runs/{run.pk}/").content.decode()
    assert "ZeroDivisionError" in page
    assert 'value="compare"' not in page
    assert (
        client.post(f"/api/v1/model-runs/{run.pk}/compare/", content_type="application/json").status_code
        == 403
    )
    client.force_login(site_admin)
    assert 'value="compare"' in client.get(f"/training/runs/{run.pk}/").content.decode()
    with django_capture_on_commit_callbacks() as enqueued:
        client.post(f"/training/runs/{run.pk}/decide/", {"action": "compare"})
    assert len(enqueued) == 1
    assert (
        client.post(f"/api/v1/model-runs/{run.pk}/compare/", content_type="application/json").status_code
        == 409
    )  # it waits already
    assert compare(Promotion.objects.get()).is_compared


def test_a_proposal_that_is_declined_stops_its_comparison(run, site_admin, analyst):
    promotion = request_proposal(run, by=site_admin)

    def decline_it(done, total):
        if not Promotion.objects.get().ended_at:
            decline(promotion, by=analyst, reason="Not now.")

    with pytest.raises(ClaimLost, match="Not now"):
        compare(promotion, progress=decline_it)
    promotion.refresh_from_db()
    assert (promotion.status, promotion.comparison, promotion.end_reason) == ("cancelled", {}, "Not now.")


def test_the_command_goes_on_with_a_comparison_that_waits_or_failed(run, site_admin, monkeypatch):
    request_proposal(run, by=site_admin)
    with monkeypatch.context() as patch:
        patch.setattr("training.inference.load_engine", lambda run: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            call_command("promote", run.pk, "--by", site_admin.username)
    assert Promotion.objects.get().status == "failed"
    out = io.StringIO()
    call_command("promote", run.pk, "--by", site_admin.username, stdout=out)
    assert "practice-quake/sur (24 crops)" in out.getvalue()
    assert Promotion.objects.get().is_compared


def test_only_the_promoted_run_is_rolled_back_from_its_own_page(run, question, site_admin, analyst, client):
    promote(run, site_admin, analyst)
    better, third = copy_of(run), copy_of(run)
    promote(better, site_admin, analyst)
    client.force_login(analyst)
    page = client.post(
        f"/training/runs/{third.pk}/decide/", {"action": "roll-back"}, follow=True
    ).content.decode()
    assert f"Model run {third.pk} is not the promoted one." in page
    assert ModelRun.objects.current(question) == better
    client.post(f"/training/runs/{better.pk}/decide/", {"action": "roll-back"})
    assert ModelRun.objects.current(question) == run


def test_why_a_promotion_ended_is_told_in_the_readers_language(run, site_admin, analyst):
    promote(run, site_admin, analyst)
    better = copy_of(run)
    promote(better, site_admin, analyst)
    end = run.promotions.get().end_reason
    assert (end.template, end.values) == ("Replaced by model run %(run)s.", {"run": better.pk})
