"""What an answer says of its own crop, at once; by hand. Unknown people are right in three answers of four."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from damage.accounts.models import Role
from damage.accounts.services import automatic_account, create_account
from tagging.automatic_accounts import IMPORTER
from tagging.crowd import forget_crowds
from tagging.known_answers import forget_gold_answer, record_gold_answer, set_tagger_aside
from tagging.models import CropState, CrowdQuality, Tag, TaggerQuality
from tagging.services import change_tag, delete_tag, record_tag
from tests.tagging.conftest import SQUARE


@pytest.fixture
def people(db):
    return [create_account(username=f"person {n}", password=None, role=Role.VOLUNTEER) for n in range(8)]


@pytest.fixture
def answer(question, scene):
    def give(person, said, **more) -> Tag:
        return record_tag(tagger=person, question=question, scene=scene, answer=said, **{**SQUARE, **more})

    return give


def state() -> CropState:
    return CropState.objects.get()


def test_the_first_answer_makes_a_state(answer, people):
    tag = answer(people[0], "positive")
    assert state().crop == tag.crop
    assert (state().state, state().answers, state().leading, state().certainty) == (
        "open",
        1,
        "positive",
        0.75,
    )
    assert state().counts == {"positive": 1, "negative": 0, "unsure": 0}
    assert state().posterior == {"positive": 0.75, "negative": 0.25}


def test_each_further_answer_counts_at_once(answer, people):
    """As 3 to 1 each: 9 to 1, then 27 to 1, then 9 to 1 again."""
    certainties = []
    for person, said in zip(people, ("negative", "negative", "negative", "positive"), strict=False):
        answer(person, said)
        certainties.append((state().state, state().posterior["negative"]))
    assert certainties == [("open", 0.75), ("open", 0.9), ("settled", 0.9643), ("open", 0.9)]
    assert state().answers == 4


def test_those_who_cannot_tell_say_nothing_and_seven_answers_are_enough(answer, people):
    for person in people[:6]:
        answer(person, "unsure")
    assert (state().state, state().posterior) == ("open", {"positive": 0.5, "negative": 0.5})
    answer(people[6], "positive")
    assert (state().state, state().answers, state().certainty) == ("to_verify", 7, 0.75)
    assert state().counts == {"positive": 1, "negative": 0, "unsure": 6}


def test_a_changed_or_deleted_answer_counts_as_it_is_now(answer, people):
    first, second = answer(people[0], "positive"), answer(people[1], "positive")
    change_tag(first, by=people[0], answer="negative")
    assert state().posterior == {"positive": 0.5, "negative": 0.5}
    answer(people[1], "negative")
    assert state().posterior == {"positive": 0.1, "negative": 0.9}
    delete_tag(second, by=people[1])
    assert (state().answers, state().certainty) == (1, 0.75)
    delete_tag(Tag.objects.get(), by=people[0])
    assert not CropState.objects.exists()


def test_an_answer_that_comes_twice_counts_once(answer, people):
    for _time in range(2):
        answer(people[0], "positive", sent_as="a")
    assert state().answers == 1


def test_automatic_accounts_are_nobody(answer, people, question):
    tag = answer(people[0], "positive")
    Tag.objects.create(
        crop=tag.crop, question=question, tagger=automatic_account(IMPORTER), answer="negative"
    )
    answer(people[1], "positive")
    assert (state().answers, state().certainty) == (2, 0.9)


def test_whoever_is_set_aside_does_not_count(answer, people, question, site_admin):
    answer(people[0], "positive")
    set_tagger_aside(people[1], question, by=site_admin, reason="answers at random")
    answer(people[1], "negative")
    assert (state().answers, state().certainty) == (1, 0.75)
    answer(people[1], "negative", x_px=80)  # nobody else has been there
    assert CropState.objects.count() == 1


def test_what_is_known_is_settled(answer, people, question, verifier):
    crop = answer(people[0], "positive").crop
    gold = record_gold_answer(crop, question, "negative", by=verifier)
    answer(people[1], "positive")
    assert (state().state, state().answers, state().posterior) == (
        "settled", 2, {"positive": 0.0, "negative": 1.0},
    )  # fmt: skip
    forget_gold_answer(gold, by=verifier)
    assert (state().state, state().posterior["positive"]) == ("open", 0.9)


def test_what_is_known_of_people_weighs_their_answers(answer, people, question):
    """A tenth is damaged. He sees 90 % of it, and says yes to 20 % of the rest: 0.1 x 0.9 against 0.9 x 0.2."""
    CrowdQuality.objects.create(question=question, class_shares=[0.1, 0.9], typical=[[0.6, 0.4], [0.3, 0.7]])
    TaggerQuality.objects.create(question=question, tagger=people[0], confusion=[[0.9, 0.1], [0.2, 0.8]])
    forget_crowds()
    answer(people[0], "positive")
    assert state().posterior == {"positive": 0.3333, "negative": 0.6667}
    # Somebody unknown is a typical one: 0.1 x 0.9 x 0.6 against 0.9 x 0.2 x 0.3, that is 54 to 54.
    answer(people[1], "positive")
    assert state().posterior == {"positive": 0.5, "negative": 0.5}


@pytest.mark.django_db(transaction=True)
def test_people_who_answer_in_the_same_moment_are_all_counted(answer, people):
    """On a square that is there, and on one that is not."""
    answer(people[0], "positive")
    start = Barrier(6)

    def give(person) -> None:
        start.wait()
        answer(person, "negative")
        answer(person, "negative", x_px=80)
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(give, people[1:7]))
    first, second = CropState.objects.order_by("crop__x_px")
    assert first.counts == {"positive": 1, "negative": 6, "unsure": 0}
    assert second.counts == {"positive": 0, "negative": 6, "unsure": 0}
