"""Two people decide about the same question's models at the same moment, on a real database."""

from itertools import product
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from damage.accounts.models import Role
from damage.accounts.services import create_account
from tagging.models import Question
from training.models import ModelRun, Promotion
from training.registry.decisions import MAY, Decision, may
from training.registry.promotions import open_decisions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(transactional_db):
    """Three admins."""
    return [
        create_account(username=name, password="practice-tags", role=Role.ADMIN)
        for name in ("adela", "berta", "carla")
    ]


@pytest.fixture
def models(people):
    """Three finished runs: the second is promoted in place of the first, and the third is proposed and compared."""
    question = Question.objects.create(slug="roofs", text="Is a roof missing?")
    first, second, third = (
        ModelRun.objects.create(question=question, backbone="tiny", status="done", threshold=0.5, stage=stage)
        for stage in ("retired", "promoted", "candidate")
    )
    adela, berta, _carla = people
    Promotion.objects.create(
        model_run=second, replaced=first, proposed_by=adela, status="done",
        confirmed_by=berta, confirmed_at=first.created_at,
    )  # fmt: skip
    Promotion.objects.create(model_run=third, replaced=second, proposed_by=adela, status="done")
    return first, second, third


def at_once(*calls):
    """The status codes of the API's answers to (person, run, decision), asked at the same moment."""
    together = Barrier(len(calls))
    codes = {}

    def ask(number, person, run, decision):
        client = Client(raise_request_exception=False)
        client.force_login(person)
        together.wait()
        answer = client.post(f"/api/v1/model-runs/{run.pk}/{decision}/", content_type="application/json")
        codes[number] = answer.status_code
        if answer.status_code != 200:
            assert answer.json()["detail"]
        connection.close()

    threads = [Thread(target=ask, args=(number, *call)) for number, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [codes.get(number) for number in range(len(calls))]


def check_history(question):
    """One model is promoted at most; each that is, was confirmed; none that is over is called waiting or in use."""
    promoted = ModelRun.objects.filter(question=question, stage="promoted")
    for run in promoted:
        assert (
            run.promotions.exclude(confirmed_at=None).exists()
            or Promotion.objects.filter(replaced=run).exists()
        )
    for run in ModelRun.objects.filter(question=question, stage="retired"):
        assert not run.promotions.filter(ended_at=None).exclude(confirmed_at=None).exists()
    return list(promoted)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("berta", 2, "confirm"), ("carla", 1, "roll-back")),
        (("berta", 2, "confirm"), ("carla", 2, "confirm")),
        (("berta", 2, "confirm"), ("carla", 2, "retire")),
        (("berta", 2, "confirm"), ("carla", 1, "retire")),
        (("berta", 2, "confirm"), ("carla", 2, "decline")),
        (("berta", 1, "roll-back"), ("carla", 1, "roll-back")),
        (("berta", 1, "roll-back"), ("carla", 1, "retire")),
        (("berta", 0, "propose"), ("carla", 0, "propose")),
    ],
)
def test_one_of_two_decisions_at_once_counts_and_the_other_is_told(models, people, one, other):
    by_name = {person.username: person for person in people}
    codes = at_once(*((by_name[name], models[number], decision) for name, number, decision in (one, other)))
    assert set(codes) <= {200, 400, 409}
    assert 200 in codes
    promoted = check_history(models[0].question)
    if "retire" not in (one[2], other[2]):
        assert len(promoted) == 1
    if one[1:] == other[1:]:  # the same twice: once is enough
        assert sorted(codes)[1] in (400, 409)
        assert Promotion.objects.waiting().filter(model_run=models[0]).count() <= 1


def test_the_database_holds_one_waiting_proposal_a_run(models, people):
    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.create(model_run=models[2], proposed_by=people[1])


def test_the_database_confirms_nothing_that_was_not_compared(models, people):
    waiting = Promotion.objects.waiting()
    waiting.update(status="queued")
    with pytest.raises(IntegrityError), transaction.atomic():
        waiting.update(confirmed_by=people[1], confirmed_at=models[0].created_at)


def test_doors_ask_the_one_table_who_may(models):
    """The API answers 403 and the page shows no button exactly where the table says no."""
    addresses = {
        decision: f"/api/v1/model-runs/{models[2].pk}/{decision}/"
        for decision in Decision
        if decision != "train"
    }
    addresses[Decision.TRAIN] = "/api/v1/model-runs/"
    for role, decision in product(Role, Decision):
        person = create_account(username=f"{role}-{decision}", password="practice-tags", role=role)
        client = Client()
        client.force_login(person)
        # An answer other than 403 means that the door let the person in, whatever came of it.
        answer = client.post(addresses[decision], {"question": "nothing"}, content_type="application/json")
        assert (answer.status_code != 403) == (role in MAY[decision]) == may(person, decision), (
            role,
            decision,
        )
        Promotion.objects.filter(confirmed_by=person).update(confirmed_by=None, confirmed_at=None)
    for role in (Role.VOLUNTEER, Role.VERIFIER):
        person = create_account(username=f"{role}-looks", password="practice-tags", role=role)
        assert not any(open_decisions(run, person) for run in models)
