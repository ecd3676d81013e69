"""How large a square may be, and how many one person may make."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection

from damage.errors import Refused
from tagging import limits, quotas
from tagging.limits import check_size, check_size_for
from tagging.models import Crop, Tag, TagChange
from tagging.services import record_tag
from tests.tagging.conftest import SQUARE

TAGS = "/api/v1/tags/"


@pytest.mark.parametrize("size_px", [16, 299, 4096])
def test_usual_squares_are_made(size_px):
    check_size(size_px)


@pytest.mark.parametrize(("size_px", "words"), [(15, "too small"), (0, "too small"), (4097, "too large")])
def test_no_question_asks_for_smaller_or_larger_squares(size_px, words):
    with pytest.raises(Refused, match=words):
        check_size(size_px)


@pytest.mark.parametrize(
    ("asked_px", "scene_px", "least", "most"),
    [
        (299, 5000, 74, 1196),  # 299 / 4 and 299 * 4
        (4096, 9000, 1024, 4096),
        (2000, 9000, 500, 4096),  # 4 * 2000 would be too large for any question
        (40, 5000, 16, 160),
        (299, 100, 25, 1196),  # the page shows squares of 100 px in so small a photo
    ],
)
def test_squares_stay_near_the_questions_size(asked_px, scene_px, least, most):
    place = {"asked_px": asked_px, "width_px": scene_px, "height_px": 8000}
    for size_px in (least, most):
        check_size_for(size_px, **place)
    for size_px in (least - 1, most + 1):
        with pytest.raises(Refused, match="too far"):
            check_size_for(size_px, **place)


def test_a_square_that_is_there_is_answered_whatever_the_question_asks_for_now(tag, other_volunteer):
    tag.question.crop_size_m, tag.question.crop_size_px = None, 2000
    tag.question.save()
    again = record_tag(
        tagger=other_volunteer, question=tag.question, scene=tag.crop.scene, answer="negative", **SQUARE
    )
    assert again.crop == tag.crop


def test_a_large_square_is_refused_before_a_file_is_opened(api, volunteer, question, scene):
    scene.path.unlink()
    scene.width_px = scene.height_px = 60_000
    scene.save()
    api.force_authenticate(volunteer)
    body = {"scene": scene.pk, "question": "damage", "answer": "positive", "x_px": 0, "y_px": 0}
    for size_px in (1197, 4600, 20_000, 2**40):
        answer = api.post(TAGS, {**body, "size_px": size_px})
        assert (answer.status_code, bool(answer.data["remedy"])) == (400, True)
    assert not Crop.objects.exists()


# How many


class Clock:
    """A clock that stands still until it is put on."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 26, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def put_on(self, **by: float) -> None:
        self.time += timedelta(**by)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", clock)
    cache.clear()
    return clock


@pytest.fixture
def answer(api, volunteer, question, scene):
    """Answer for one square after the other through the API; gives the response."""
    api.force_authenticate(volunteer)
    corners = ((x, y) for y in range(88) for x in range(168))

    def answer_next(**change):
        x_px, y_px = next(corners)
        body = {"scene": scene.pk, "question": "damage", "answer": "positive", "size_px": 32}
        return api.post(TAGS, {**body, "x_px": x_px, "y_px": y_px, **change})

    return answer_next


def test_a_quick_person_is_told_when_to_go_on(answer, clock, monkeypatch):
    monkeypatch.setattr(quotas, "TAGS_A_MINUTE", 3)
    for _ in range(3):
        assert answer().status_code == 201
        clock.put_on(seconds=10)
    refused = answer()
    assert (refused.status_code, refused["Retry-After"]) == (429, "30")  # the first was 30 s ago
    assert "30 seconds" in refused.data["remedy"]
    clock.put_on(seconds=30)
    assert answer().status_code == 201
    assert answer().status_code == 429


def test_the_day_has_a_limit_that_sleeping_does_not_raise(answer, clock, monkeypatch):
    monkeypatch.setattr(quotas, "TAGS_A_DAY", 5)
    for _ in range(5):
        assert answer().status_code == 201
        clock.put_on(hours=1)
    refused = answer()
    assert (refused.status_code, refused["Retry-After"]) == (429, str(19 * 3600))
    clock.put_on(hours=19)
    assert answer().status_code == 201


def test_the_day_is_counted_again_before_anybody_can_have_used_it_up(answer, clock, monkeypatch):
    monkeypatch.setattr(quotas, "TAGS_A_MINUTE", 2)
    monkeypatch.setattr(quotas, "TAGS_A_DAY", 20)
    kept = {}
    monkeypatch.setattr(cache, "get", lambda key: kept.get(key, clock.time) > clock.time)
    monkeypatch.setattr(
        cache, "set", lambda key, _, timeout: kept.update({key: clock.time + timedelta(seconds=timeout)})
    )
    done = 0
    for _ in range(60):  # half an hour, a tag every thirty seconds
        done += answer().status_code == 201
        clock.put_on(seconds=30)
    assert done == 20


def test_taking_tags_back_gives_nothing_back(api, answer, clock, monkeypatch):
    monkeypatch.setattr(quotas, "TAGS_A_DAY", 4)
    for _ in range(2):
        assert api.delete(f"{TAGS}{answer().data['id']}/").status_code == 204
    assert answer().status_code == 429


def test_a_tag_can_be_deleted_when_the_share_is_used_up(api, answer, clock, monkeypatch):
    monkeypatch.setattr(quotas, "TAGS_A_MINUTE", 1)
    tag = answer().data["id"]
    assert api.patch(f"{TAGS}{tag}/", {"answer": "unsure"}).status_code == 429
    assert api.delete(f"{TAGS}{tag}/").status_code == 204


def test_large_squares_have_a_limit_of_their_own(answer, question, clock, monkeypatch):
    monkeypatch.setattr(quotas, "LARGE_SQUARES_A_DAY", 2)
    question.crop_size_px = 32
    question.save()
    for _ in range(2):
        assert answer(size_px=64).status_code == 201
    assert answer(size_px=64).status_code == 429
    assert answer(size_px=32).status_code == 201


def test_nobody_pays_for_anothers_tags(api, answer, other_volunteer, clock, monkeypatch):
    monkeypatch.setattr(quotas, "TAGS_A_MINUTE", 1)
    assert answer().status_code == 201
    assert answer().status_code == 429
    api.force_authenticate(other_volunteer)
    assert answer().status_code == 201


def test_commands_are_not_counted(volunteer, question, scene, clock, monkeypatch):
    monkeypatch.setattr(quotas, "TAGS_A_MINUTE", 1)
    for x_px in range(3):
        square = {"x_px": x_px, "y_px": 0, "size_px": 32}
        record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **square)
    assert Tag.objects.count() == 3


def test_a_tagger_of_one_a_second_is_never_told_to_wait_for_eight_hours(volunteer, tag, clock, monkeypatch):
    """The limits by arithmetic, and the statement that is asked on each tag by its plan: no table is walked."""
    assert limits.TAGS_A_MINUTE >= 2 * 60
    assert limits.TAGS_A_DAY >= 8 * 3600
    if connection.vendor != "sqlite":
        pytest.skip("other databases choose their plan by how much there is")
    steps = TagChange.objects.filter(changed_by=volunteer, created_at__gt=clock.time).order_by("-created_at")
    plan = steps.values_list("created_at")[179:180].explain()
    assert "tag_changes_by_person" in plan
    assert "B-TREE" not in plan  # sorting
