"""Many crops and answers come all or none, in transactions so short that people go on tagging."""

import pytest
from django.db import OperationalError

from tagging import storing_many
from tagging.models import Crop, Tag, TagChange
from tagging.storing_many import store_many


@pytest.fixture(autouse=True)
def three_at_once(monkeypatch):
    monkeypatch.setattr(storing_many, "CROPS_AT_ONCE", 3)


@pytest.fixture
def new_crops(town):
    def make(*numbers):
        return [
            Crop(town=town, size_px=9, sha256=f"{number:064}", image=f"crops/{number}.png")
            for number in numbers
        ]

    return make


def rows():
    tags = Tag.objects.order_by("crop__sha256").values_list("crop__sha256", "answer")
    changes = TagChange.objects.order_by("pk").values_list("crop__sha256", "answer")
    return {
        "crops": sorted(int(sha256) for sha256 in Crop.objects.values_list("sha256", flat=True)),
        "tags": [(int(sha256), answer) for sha256, answer in tags],
        "changes": [(int(sha256), answer) for sha256, answer in changes],
    }


def answered(crops, *answers):
    return list(zip(crops, answers, strict=True))


def test_what_is_new_is_told_from_what_is_there_or_was_otherwise(new_crops, question, volunteer):
    crops = new_crops(1, 2, 3, 4)
    by = {"question": question, "tagger": volunteer}
    assert store_many(answered(crops, *["positive"] * 4), **by) == ["added"] * 4
    again = answered([*crops[:2], crops[1]], "positive", "negative", "unsure")
    assert store_many(again, **by) == ["already", "changed", "changed"]
    assert rows() == {
        "crops": [1, 2, 3, 4],
        "tags": [(1, "positive"), (2, "unsure"), (3, "positive"), (4, "positive")],
        "changes": [*[(number, "positive") for number in (1, 2, 3, 4)], (2, "negative"), (2, "unsure")],
    }


def test_a_new_crop_that_is_listed_twice_is_one(new_crops, question, volunteer):
    (crop,) = new_crops(1)
    answers = answered([crop, crop], "positive", "negative")
    assert store_many(answers, question=question, tagger=volunteer) == ["added", "changed"]
    assert rows() == {"crops": [1], "tags": [(1, "negative")], "changes": [(1, "positive"), (1, "negative")]}


@pytest.mark.parametrize("failure", [OperationalError("full"), KeyboardInterrupt()])
@pytest.mark.parametrize("when", ["in the second batch", "at the check"])
def test_what_fails_leaves_all_as_it_was(new_crops, question, volunteer, monkeypatch, failure, when):
    by = {"question": question, "tagger": volunteer}
    there = new_crops(1, 2)
    store_many(answered(there, "positive", "positive"), **by)
    before, tag = rows(), Tag.objects.get(crop=there[0])
    write, batches = storing_many._write, []

    def fail(*args):
        raise failure

    def write_once(some, *args):
        batches.append(len(some))
        if len(batches) == 2 and when == "in the second batch":
            raise failure
        write(some, *args)

    monkeypatch.setattr(storing_many, "_write", write_once)
    answers = answered([*there, *new_crops(3, 4, 5)], "negative", *["positive"] * 4)
    with pytest.raises(type(failure)):
        store_many(answers, **by, check=lambda: fail() if when == "at the check" else None)
    assert batches == [3, 1]
    assert rows() == before
    assert Tag.objects.get(crop=there[0]).updated_at == tag.updated_at


def test_a_crop_that_somebody_else_tagged_meanwhile_stays(new_crops, question, volunteer, other_volunteer):
    crops = new_crops(1, 2)

    def tagged_by_another():
        Tag.objects.create(crop=crops[0], question=question, tagger=other_volunteer, answer="positive")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store_many(
            answered(crops, "negative", "negative"),
            question=question,
            tagger=volunteer,
            check=tagged_by_another,
        )
    assert rows() == {"crops": [1], "tags": [(1, "positive")], "changes": []}
