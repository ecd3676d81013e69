"""What all answers come to, worked out anew."""

from datetime import timedelta
from io import StringIO
from json import loads

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from damage.accounts.models import Role
from damage.accounts.services import automatic_account, create_account
from damage.errors import Refused
from tagging import recomputing
from tagging.automatic_accounts import UNDAMAGED
from tagging.known_answers import record_gold_answer, set_tagger_aside, take_tagger_back
from tagging.models import Crop, CropState, CrowdQuality, Tag, TagChange, TaggerQuality
from tagging.quarantine import quarantine_crop
from tagging.recompute_requests import ANSWERS, forget_looks, request_recomputing_when_due
from tagging.recomputing import recompute_quality
from tagging.services import record_tag
from tagging.tasks import recompute
from tests.tagging.conftest import SQUARE

CROPS = 40


@pytest.fixture
def people(db):
    """Three who are right, and one who says the opposite."""
    names = ("right", "also right", "right again", "inverted")
    return [create_account(username=name, password=None, role=Role.VOLUNTEER) for name in names]


@pytest.fixture
def crops(town):
    return [Crop.objects.create(town=town, sha256=f"{number:064}", size_px=32) for number in range(CROPS)]


def truth(number: int) -> str:
    return "positive" if number % 2 else "negative"


def opposite(answer: str) -> str:
    return "negative" if answer == "positive" else "positive"


@pytest.fixture
def tags(people, crops, question):
    """All of them about all crops; without states, as before there were any."""
    return Tag.objects.bulk_create(
        Tag(
            crop=crop,
            question=question,
            tagger=person,
            answer=opposite(truth(number)) if person is people[3] else truth(number),
        )
        for number, crop in enumerate(crops)
        for person in people
    )


def test_states_and_qualities_come_of_the_tags(tags, crops, people, question):
    found = recompute_quality(question)
    assert (found.answers, found.taggers, found.crops) == (160, 4, CROPS)
    assert (found.settled, found.open, found.to_verify) == (CROPS, 0, 0)
    assert found.states_written == CROPS
    states = {state.crop_id: state for state in CropState.objects.all()}
    for number, crop in enumerate(crops):
        assert (states[crop.pk].leading, states[crop.pk].answers) == (truth(number), 4)
        assert states[crop.pk].counts == {truth(number): 3, opposite(truth(number)): 1, "unsure": 0}
    levels = {quality.tagger: quality.level for quality in TaggerQuality.objects.all()}
    assert levels == {**dict.fromkeys(people[:3], "excellent"), people[3]: "far_below"}
    inverted = TaggerQuality.objects.get(tagger=people[3])
    assert (inverted.answers, inverted.known, inverted.gold) == (40, 40, 0)
    # Right in none of 20 of each class, and as if in two more he were what is typical: below 2 in 22.
    assert 0 < inverted.balanced_accuracy < 2 / 22
    assert inverted.lowest < inverted.balanced_accuracy < inverted.highest < 0.6


def test_what_is_as_it_was_is_not_written(tags, question):
    recompute_quality(question)
    before = list(CropState.objects.order_by("pk").values())
    again = recompute_quality(question)
    assert (again.states_written, again.qualities_written) == (0, 0)
    assert list(CropState.objects.order_by("pk").values()) == before


def test_known_answers_correct_what_people_are_thought_to_be(tags, crops, people, question, site_admin):
    """Three against one: but the one is right, as forty known answers say."""
    for number, crop in enumerate(crops):
        record_gold_answer(crop, question, opposite(truth(number)), by=site_admin)
    recompute_quality(question)
    assert TaggerQuality.objects.get(tagger=people[3]).level == "excellent"
    assert TaggerQuality.objects.get(tagger=people[3]).gold == 40
    assert set(TaggerQuality.objects.exclude(tagger=people[3]).values_list("level", flat=True)) == {
        "far_below"
    }
    assert CropState.objects.get(crop=crops[0]).leading == "positive"


def test_whoever_is_set_aside_is_left_out_and_can_be_taken_back(tags, crops, people, question, site_admin):
    recompute_quality(question)
    before = list(CropState.objects.order_by("pk").values_list("crop", "state", "counts", "posterior"))
    set_tagger_aside(people[3], question, by=site_admin, reason="the opposite")
    found = recompute_quality(question)
    assert (found.answers, found.set_aside) == (120, 1)
    assert CropState.objects.get(crop=crops[0]).counts == {"negative": 3, "positive": 0, "unsure": 0}
    row = TaggerQuality.objects.get(tagger=people[3])
    assert (row.level, row.set_aside_by, row.set_aside_reason) == ("far_below", site_admin, "the opposite")
    assert Tag.objects.count() == 160
    take_tagger_back(people[3], question, by=site_admin)
    recompute_quality(question)
    after = list(CropState.objects.order_by("pk").values_list("crop", "state", "counts", "posterior"))
    assert after == before


def test_only_an_admin_sets_aside_and_says_why(people, question, verifier, site_admin):
    for by, reason in ((verifier, "random"), (people[0], "random"), (site_admin, " ")):
        with pytest.raises(Refused):
            set_tagger_aside(people[3], question, by=by, reason=reason)
    with pytest.raises(Refused):
        take_tagger_back(people[3], question, by=verifier)
    assert not TaggerQuality.objects.exists()


def test_only_those_who_check_say_what_is_known(crops, people, question, analyst, verifier):
    for by, answer in ((people[0], "positive"), (analyst, "positive"), (verifier, "unsure")):
        with pytest.raises(Refused):
            record_gold_answer(crops[0], question, answer, by=by)


def test_squares_that_only_somebody_set_aside_has_seen_have_no_state(crops, people, question, site_admin):
    Tag.objects.create(crop=crops[0], question=question, tagger=people[3], answer="positive")
    recompute_quality(question)
    assert CropState.objects.count() == 1
    set_tagger_aside(people[3], question, by=site_admin, reason="the opposite")
    assert recompute_quality(question).states_written == 1
    assert not CropState.objects.exists()


def test_automatic_accounts_are_nobody(crops, question):
    Tag.objects.create(
        crop=crops[0], question=question, tagger=automatic_account(UNDAMAGED), answer="negative"
    )
    assert recompute_quality(question).answers == 0
    assert not CropState.objects.exists()


def test_a_crop_out_of_use_keeps_its_state_and_counts_for_nothing(tags, crops, question, site_admin):
    recompute_quality(question)
    before = CropState.objects.get(crop=crops[0]).updated_at
    quarantine_crop(crops[0], by=site_admin, reason="blurred")
    assert recompute_quality(question).answers == 156
    assert CropState.objects.get(crop=crops[0]).updated_at == before


@pytest.mark.parametrize("has_state", [True, False])
def test_an_answer_that_comes_in_meanwhile_is_not_lost(
    has_state, tags, crops, people, question, scene, volunteer, monkeypatch
):
    """Its crop keeps the state that it was given by the answer itself."""
    given = {"question": question, "scene": scene, **SQUARE}
    tag = record_tag(tagger=people[0], answer="positive", **given)
    if not has_state:
        CropState.objects.all().delete()
    real = recomputing.consensus

    def slow(*args):
        record_tag(tagger=volunteer, answer="positive", **given)
        return real(*args)

    monkeypatch.setattr(recomputing, "consensus", slow)
    recompute_quality(question)
    assert CropState.objects.get(crop=tag.crop).counts == {"positive": 2, "negative": 0, "unsure": 0}
    assert CropState.objects.count() == CROPS + 1


def enqueued() -> int:
    return DBTaskResult.objects.filter(task_path=recompute.module_path).count()


def add_steps(crop, question, person, count) -> None:
    TagChange.objects.bulk_create(
        TagChange(crop=crop, question=question, tagger=person, changed_by=person, answer="positive")
        for _step in range(count)
    )


def test_the_worker_is_asked_after_so_many_answers_and_once(crops, people, question):
    add_steps(crops[0], question, people[0], ANSWERS - 1)
    request_recomputing_when_due(question)
    assert enqueued() == 0
    add_steps(crops[0], question, people[0], 1)
    request_recomputing_when_due(question)  # this process has looked in this minute
    assert enqueued() == 0
    for _process in range(3):
        forget_looks()
        request_recomputing_when_due(question)
    assert enqueued() == 1
    recompute.func(question.pk)
    forget_looks()
    request_recomputing_when_due(question)
    assert enqueued() == 1  # nothing new
    add_steps(crops[0], question, people[0], ANSWERS)
    forget_looks()
    request_recomputing_when_due(question)
    assert enqueued() == 2


def test_an_hour_later_one_answer_is_enough(crops, people, question):
    recompute_quality(question)
    add_steps(crops[0], question, people[0], 1)
    request_recomputing_when_due(question)
    assert enqueued() == 0
    CrowdQuality.objects.update(computed_at=timezone.now() - timedelta(minutes=61))
    forget_looks()
    request_recomputing_when_due(question)
    assert enqueued() == 1


def test_a_request_that_was_lost_is_made_again(crops, people, question):
    add_steps(crops[0], question, people[0], ANSWERS)
    request_recomputing_when_due(question)
    CrowdQuality.objects.update(requested_at=timezone.now() - timedelta(minutes=61))
    forget_looks()
    request_recomputing_when_due(question)
    assert enqueued() == 2


def test_the_command_says_what_came_of_it(tags, question):
    out = StringIO()
    call_command("recompute_quality", "damage", json=True, stdout=out)
    found = loads(out.getvalue())["questions"]["damage"]
    assert (found["answers"], found["taggers"], found["settled"]) == (160, 4, CROPS)
    out = StringIO()
    call_command("recompute_quality", stdout=out)
    assert "160 answers by 4 people about 40 squares; 40 settled" in out.getvalue()
