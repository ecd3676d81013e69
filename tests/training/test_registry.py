"""Which model answers and predicts, and who decides it."""

import io
import json
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from damage.errors import Refused
from damage.ingestion.models import Town
from tagging.models import Crop
from training.comparing import comparison
from training.models import ModelRun, Promotion
from training.registry import confirm, decline, propose, retire, roll_back
from training.services import Recipe, request_training


def copy_of(run):
    """Another finished run with the same files, crops and figures."""
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
    with pytest.raises(Refused, match="may not decide"):
        propose(run, by=volunteer)
    with pytest.raises(Refused, match="may not decide"):
        confirm(propose(run, by=site_admin), by=volunteer)


def test_both_models_are_compared_on_towns_that_neither_learnt_from(run, site_admin, analyst):
    promote(run, site_admin, analyst)
    towns = propose(copy_of(run), by=site_admin).comparison["towns"]
    assert list(towns) == ["practice-quake/sur"]  # Norte taught them, Este chose their threshold
    figures = towns["practice-quake/sur"]
    assert (figures["crops"], figures["positive"]) == (24, 12)
    assert figures["candidate"] == figures["present"]
    assert figures["candidate"]["auc"] == pytest.approx(run.metrics["test"]["auc"])


def test_the_next_model_retires_the_last_and_a_roll_back_brings_it_back(run, question, site_admin, analyst):
    promote(run, site_admin, analyst)
    better = copy_of(run)
    promote(better, analyst, site_admin)
    run.refresh_from_db()
    assert (run.stage, ModelRun.objects.current(question)) == ("retired", better)
    assert roll_back(question, by=analyst, reason="It misses roofs.") == run
    better.refresh_from_db()
    assert (better.stage, ModelRun.objects.current(question)) == ("retired", run)
    assert better.promotions.get().end_reason == "It misses roofs."
    with pytest.raises(Refused, match="no earlier model"):
        roll_back(question, by=analyst)


def test_a_proposal_made_before_another_promotion_is_not_confirmed(run, site_admin, analyst):
    late, other = propose(run, by=site_admin), copy_of(run)
    promote(other, site_admin, analyst)
    with pytest.raises(Refused, match="Another model was promoted"):
        confirm(late, by=analyst)


def test_a_declined_proposal_is_settled(run, site_admin, analyst):
    promotion = propose(run, by=site_admin)
    with pytest.raises(Refused, match="proposed already"):
        propose(run, by=analyst)
    decline(promotion, by=analyst, reason="Too many false alarms.")
    with pytest.raises(Refused, match="settled already"):
        confirm(promotion, by=analyst)
    assert promotion.end_reason == "Too many false alarms."
    assert propose(run, by=analyst).pk != promotion.pk


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
    assert client.post(f"{address}/propose/").status_code == 403
    client.force_login(site_admin)
    proposed = client.post(f"{address}/propose/", {"reason": "new tags"})
    assert proposed.json()["promotions"][0]["proposed_by"] == site_admin.username
    assert client.post(f"{address}/confirm/").status_code == 400
    client.force_login(volunteer)
    assert client.post(f"{address}/confirm/").status_code == 403
    client.force_login(analyst)
    assert client.post(f"{address}/confirm/").json()["stage"] == "promoted"
    assert client.post(f"{address}/roll-back/").status_code == 400


@pytest.fixture
def kept(settings):
    """Sur is kept for tests."""
    settings.ENVIRONMENT = replace(
        settings.ENVIRONMENT, test_towns=("practice-quake/sur", "other-quake/nowhere")
    )


def test_towns_kept_for_tests_are_the_test_and_teach_nobody(kept, question, towns, recipe):
    run = request_training(question, Recipe(backbone=recipe.backbone), requested_by=None)
    assert run.parameters["test_towns"] == ["practice-quake/sur"]
    assert {row.part for row in run.run_crops.filter(crop__town=towns[2])} == {"test"}
    for part in ("train_towns", "validation_towns"):
        with pytest.raises(Refused, match="kept for tests"):
            request_training(question, replace(recipe, test_towns=[], **{part: ["Sur"]}), requested_by=None)


def test_every_proposal_is_compared_on_the_towns_kept_for_tests(
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
def test_who_may_not_decide_may_not_by_any_service(run, role, request, question, site_admin, analyst):
    person = request.getfixturevalue(role)
    promotion = propose(run, by=site_admin)
    for attempt in (lambda: confirm(promotion, by=person), lambda: decline(promotion, by=person),
                    lambda: retire(run, by=person), lambda: roll_back(question, by=person)):  # fmt: skip
        with pytest.raises(Refused, match="may not decide"):
            attempt()
    analyst.is_active = False
    with pytest.raises(Refused, match="may not decide"):
        confirm(promotion, by=analyst)
    run.refresh_from_db()
    assert run.stage == "candidate"
