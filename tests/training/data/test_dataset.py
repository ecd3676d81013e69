"""Which crops a training uses."""

import numpy as np
import pytest

from damage.accounts.services import automatic_account
from damage.errors import Refused
from damage.ingestion.lookup import find_town
from damage.ingestion.models import Event, Town
from tagging.automatic_accounts import IMPORTER, UNDAMAGED
from tagging.known_answers import set_tagger_aside, take_tagger_back
from tagging.models import Crop, CropState, Tag
from training.data.dataset import Part, agreement, chosen_dataset


@pytest.fixture
def towns(event):
    return {name: Town.objects.create(event=event, name=name, slug=name.lower()) for name in "ABCD"}


@pytest.fixture
def tag(question, volunteer, other_volunteer, verifier):
    """Store one crop of a town with one tag per letter: y(es), n(o), u(nsure)."""
    answers = {"y": "positive", "n": "negative", "u": "unsure"}
    people = [volunteer, other_volunteer, verifier]
    count = 0

    def store(town, letters, *, size_px=64, gsd_m=0.5):
        nonlocal count
        count += 1
        crop = Crop.objects.create(
            town=town, size_px=size_px, gsd_m=gsd_m, sha256=f"{count:064x}", image="x.png"
        )
        for person, letter in zip(people, letters, strict=False):
            Tag.objects.create(crop=crop, question=question, tagger=person, answer=answers[letter])
        return crop

    return store


@pytest.fixture
def fill(tag):
    """Give a town crops with the answer yes and crops with the answer no."""

    def store(town, *, yes, no):
        return [tag(town, "y") for _ in range(yes)], [tag(town, "n") for _ in range(no)]

    return store


def unlike(crops):
    """Image hashes of crops that do not resemble each other."""
    drawn = [np.random.default_rng(crop.pk).integers(0, 2**63, (8, 4)) for crop in crops]
    return np.array(drawn, np.uint64).reshape(-1, 8, 4)


def chosen(question, per_class=None, seed=0, **named):
    parts = {Part(name): towns for name, towns in named.items()}
    return chosen_dataset(agreement(question), parts, per_class=per_class, seed=seed, hashes=unlike)


def names(dataset):
    return {part.value: [town.name for town in towns] for part, towns in dataset.towns.items()}


@pytest.mark.parametrize(
    ("letters", "is_positive"), [("y", True), ("n", False), ("yyn", True), ("ynn", False), ("yyu", True)]
)
def test_the_majority_decides(question, towns, tag, letters, is_positive):
    tag(towns["A"], letters)
    (crop,) = agreement(question).crops
    assert crop.is_positive == is_positive


@pytest.mark.parametrize(
    ("letters", "unsure", "tied"), [("u", 1, 0), ("yuu", 1, 0), ("yn", 0, 1), ("yu", 0, 1), ("ynu", 0, 1)]
)
def test_crops_without_an_agreed_answer_are_left_out_and_counted(question, towns, tag, letters, unsure, tied):
    tag(towns["A"], letters)
    agreed = agreement(question)
    assert (agreed.crops, agreed.unsure, agreed.tied) == ([], unsure, tied)


def test_towns_that_are_not_named_are_chosen_by_their_rarer_answer(question, towns, fill):
    fill(towns["A"], yes=6, no=9)
    fill(towns["B"], yes=20, no=7)
    fill(towns["C"], yes=8, no=8)
    fill(towns["D"], yes=5, no=50)
    assert names(chosen(question)) == {"train": ["C", "D"], "validation": ["B"], "test": ["A"]}


def test_with_two_towns_there_is_no_test(question, towns, fill):
    fill(towns["A"], yes=6, no=6)
    fill(towns["B"], yes=5, no=5)
    assert names(chosen(question)) == {"train": ["A"], "validation": ["B"], "test": []}


def test_named_towns_are_kept_and_the_rest_is_filled_in(question, towns, fill):
    for town in "ABC":
        fill(towns[town], yes=6, no=6)
    assert names(chosen(question, train=["c"])) == {"train": ["C"], "validation": ["A"], "test": ["B"]}


def test_a_town_in_two_parts_is_refused(question, towns, fill):
    fill(towns["A"], yes=6, no=6)
    with pytest.raises(Refused, match="named for two parts"):
        chosen(question, train=["A"], test=["practice-quake/a"])


def test_no_tags_at_all_are_refused(question):
    with pytest.raises(Refused, match="No crop has an agreed answer"):
        chosen(question)


def test_a_single_town_is_refused(question, towns, fill):
    fill(towns["A"], yes=6, no=6)
    with pytest.raises(Refused, match="No town is left for validation"):
        chosen(question)


def test_a_town_without_tags_is_refused_by_name(question, towns, fill):
    fill(towns["A"], yes=6, no=6)
    with pytest.raises(Refused, match="D has no crop"):
        chosen(question, train=["A"], validation=["D"])


def test_one_answer_only_is_refused_with_the_counts(question, towns, fill):
    fill(towns["A"], yes=30, no=0)
    fill(towns["B"], yes=6, no=6)
    with pytest.raises(Refused, match="A: 30 crops say yes and 0 say no"):
        chosen(question, train=["A"], validation=["B"])


def test_too_few_crops_are_refused(question, towns, fill):
    fill(towns["A"], yes=4, no=30)
    fill(towns["B"], yes=6, no=6)
    with pytest.raises(Refused, match="At least 5 of each"):
        chosen(question, train=["A"], validation=["B"])


def test_per_class_draws_that_many_of_each_and_the_seed_decides_which(question, towns, fill):
    fill(towns["A"], yes=20, no=40)
    fill(towns["B"], yes=6, no=6)

    def drawn(seed):
        dataset = chosen(question, per_class=10, seed=seed, train=["A"], validation=["B"])
        return {crop.pk: crop.is_positive for crop in dataset.parts[Part.TRAIN]}

    assert sorted(drawn(1).values()) == [False] * 10 + [True] * 10
    assert drawn(1) == drawn(1) != drawn(2)


def test_more_per_class_than_there_are_is_refused(question, towns, fill):
    fill(towns["A"], yes=20, no=40)
    fill(towns["B"], yes=6, no=6)
    with pytest.raises(Refused, match="21 crops per class cannot be drawn: 20 are there"):
        chosen(question, per_class=21, train=["A"], validation=["B"])


def test_the_window_is_the_median_training_crop(question, towns, fill, tag):
    fill(towns["A"], yes=5, no=5)  # 64 px of 0.5 m: 32 m
    for _ in range(12):
        tag(towns["A"], "y", size_px=100, gsd_m=0.3)
    fill(towns["B"], yes=6, no=6)
    dataset = chosen(question, train=["A"], validation=["B"])
    assert (dataset.window_px, dataset.window_m) == (100, pytest.approx(30.0))


def test_squares_that_nobody_looked_at_do_not_say_how_large_a_window_is(question, towns, fill, tag, assume):
    fill(towns["A"], yes=5, no=5)  # 64 px of 0.5 m: 32 m
    assume([tag(towns["A"], "n", size_px=100, gsd_m=0.3) for _ in range(12)])
    fill(towns["B"], yes=6, no=6)
    dataset = chosen(question, train=["A"], validation=["B"])
    assert (dataset.window_px, dataset.window_m) == (64, pytest.approx(32.0))


def test_a_window_on_the_ground_is_unknown_where_no_crop_has_a_scale(question, towns, fill, tag):
    for letter in "y" * 5 + "n" * 5:
        tag(towns["A"], letter, gsd_m=None)
    fill(towns["B"], yes=6, no=6)
    assert chosen(question, train=["A"], validation=["B"]).window_m is None


def test_a_town_name_that_two_events_share_asks_for_the_event(towns):
    other = Event.objects.create(name="Other quake", slug="other-quake")
    Town.objects.create(event=other, name="A", slug="a")
    with pytest.raises(Refused, match="practice-quake/a"):
        find_town("A")
    assert find_town("other-quake/a").event == other


@pytest.fixture
def elsewhere(event):
    """Two towns of another event, one of which is called as one here is."""
    other = Event.objects.create(name="Other quake", slug="other-quake")
    return {name: Town.objects.create(event=other, name=name, slug=name.lower()) for name in ("D", "Far")}


@pytest.mark.parametrize("part", ["test", "validation"])
@pytest.mark.parametrize("name", ["Far", "FAR ", "far"])
def test_a_town_of_another_event_is_not_taken_for_the_test_unless_its_event_is_said(
    question, towns, elsewhere, fill, part, name
):
    for town in (towns["A"], towns["B"], elsewhere["Far"]):
        fill(town, yes=6, no=6)
    with pytest.raises(Refused) as refused:
        chosen(question, train=["A"], **{part: [name]})
    told = str(refused.value)
    assert "is of Other quake, and the training of Practice quake" in told
    assert told.endswith("name it with its event: other-quake/far.")
    for said in ("other-quake/far", "Other quake/Far", "OTHER QUAKE / far"):
        dataset = chosen(question, train=["A"], **{part: [said]})
        assert dataset.towns[Part(part)] == [elsewhere["Far"]]


def test_a_test_towns_name_that_both_events_have_asks_for_the_event(question, towns, elsewhere, fill):
    for town in (*towns.values(), *elsewhere.values()):
        fill(town, yes=6, no=6)
    with pytest.raises(Refused, match="Say which: other-quake/d, practice-quake/d"):
        chosen(question, train=["A"], test=["D"])


def test_the_event_is_looked_at_where_the_training_is_filled_in(question, towns, elsewhere, fill):
    fill(towns["A"], yes=9, no=9)
    fill(towns["B"], yes=8, no=8)
    fill(elsewhere["Far"], yes=6, no=6)
    with pytest.raises(Refused, match="name it with its event"):
        chosen(question, test=["Far"])
    assert names(chosen(question, test=["other-quake/far"]))["test"] == ["Far"]


def test_no_town_of_another_event_is_filled_in_as_the_test(question, towns, elsewhere, fill):
    fill(towns["A"], yes=9, no=9)
    fill(towns["B"], yes=8, no=8)
    fill(elsewhere["Far"], yes=7, no=7)
    assert names(chosen(question, train=["A"], validation=["B"]))["test"] == []
    fill(towns["C"], yes=6, no=6)
    assert names(chosen(question, train=["A"], validation=["B"]))["test"] == ["C"]
    assert names(chosen(question))["test"] == ["C"]


def test_a_model_of_two_events_is_tested_in_either(question, towns, elsewhere, fill):
    for town in (towns["A"], towns["B"], elsewhere["Far"], elsewhere["D"]):
        fill(town, yes=6, no=6)
    dataset = chosen(question, train=["A", "other-quake/d"], validation=["B"], test=["Far"])
    assert names(dataset) == {"train": ["A", "D"], "validation": ["B"], "test": ["Far"]}


def test_an_unknown_town_is_refused_with_the_known_ones(towns):
    with pytest.raises(Refused, match="A, B, C, D"):
        find_town("Atlantis")


@pytest.fixture
def assume(question):
    """Let nobody have looked at crops: what they are is assumed, as by `tag_undamaged`."""

    def store(crops):
        for crop in crops:
            Tag.objects.filter(crop=crop).update(tagger=automatic_account(UNDAMAGED))

    return store


def test_squares_that_nobody_looked_at_teach_and_are_left_out_of_what_judges(question, towns, fill, assume):
    for number, name in enumerate("ABC"):
        fill(towns[name], yes=6 + number, no=6 + number)
        assume(fill(towns[name], yes=0, no=2)[1])
    dataset = chosen(question)
    assert names(dataset) == {"train": ["C"], "validation": ["B"], "test": ["A"]}
    counted = {part.value: len(crops) for part, crops in dataset.parts.items()}
    assert counted == {"train": 8 + 8 + 2, "validation": 7 + 7, "test": 6 + 6}
    assert dataset.unreviewed_dropped == 2 + 2
    assert not any(
        crop.is_unreviewed for crop in (*dataset.parts[Part.VALIDATION], *dataset.parts[Part.TEST])
    )


def test_a_town_is_not_chosen_to_judge_by_squares_that_nobody_looked_at(question, towns, fill, assume):
    """D would come second, but four of its "no" are all that people gave."""
    fill(towns["A"], yes=30, no=30)
    fill(towns["B"], yes=6, no=6)
    fill(towns["C"], yes=5, no=5)
    fill(towns["D"], yes=20, no=4)
    assume(fill(towns["D"], yes=0, no=16)[1])
    assert names(chosen(question)) == {"train": ["A", "D"], "validation": ["B"], "test": ["C"]}


def test_a_part_that_judges_needs_answers_that_people_gave(question, towns, fill, assume):
    fill(towns["A"], yes=6, no=6)
    fill(towns["B"], yes=6, no=1)
    assume(fill(towns["B"], yes=0, no=9)[1])
    assume(fill(towns["C"], yes=0, no=9)[1])
    with pytest.raises(Refused, match=r"B: 6 crops say yes and 1 say no.*do not count here: 9"):
        chosen(question, train=["A"], validation=["B"])
    with pytest.raises(Refused, match="Nobody looked at a square of C"):
        chosen(question, train=["A"], validation=["C"])


def test_a_crop_that_somebody_looked_at_too_is_no_longer_assumed(question, towns, tag, assume, verifier):
    crop = tag(towns["A"], "n")
    assume([crop])
    assert agreement(question).counts([towns["A"]], Part.TEST) == (0, 0)
    Tag.objects.create(crop=crop, question=question, tagger=verifier, answer="negative")
    assert agreement(question).counts([towns["A"]], Part.TEST) == (0, 1)


@pytest.mark.parametrize("town_of_twins", ["A", "D"])
def test_the_ground_of_a_crop_before_the_event_is_in_no_other_part(
    question, towns, fill, tag, assume, town_of_twins
):
    """Also where the imagery from before came in as a town of its own, which is then trained on."""
    for name in "ABC":
        fill(towns[name], yes=6, no=6)
    fill(towns["D"], yes=6, no=6)
    crops = Crop.objects.filter(town=towns["A"])
    for number, crop in enumerate(crops):
        crops.filter(pk=crop.pk).update(lon=36 + number / 100, lat=37)
    twins = [tag(towns[town_of_twins], "n") for _ in crops]
    for crop, twin in zip(crops, twins, strict=True):
        crop.refresh_from_db()
        Crop.objects.filter(pk=twin.pk).update(lon=crop.lon, lat=crop.lat)
    assume(twins)
    pks = {twin.pk for twin in twins}
    of_test = chosen(question, train=["B", "D"], validation=["C"], test=["A"])
    assert not any(crop.pk in pks for part in of_test.parts.values() for crop in part)
    of_training = chosen(question, train=["A", "D"], validation=["B"], test=["C"])
    assert pks <= {crop.pk for crop in of_training.parts[Part.TRAIN]}


@pytest.fixture
def settle(question):
    def store(crop, answer, state="settled"):
        chances = {"positive": 0.02, "negative": 0.02} | {answer: 0.98}
        CropState.objects.create(
            crop=crop, question=question, state=state, answers=3, counts={}, posterior=chances,
            leading=answer, certainty=0.98,
        )  # fmt: skip

    return store


def answers_of(question) -> dict[int, tuple[bool, bool]]:
    """By crop whether its answer is yes, and whether the consensus says so."""
    return {crop.pk: (crop.is_positive, crop.is_by_consensus) for crop in agreement(question).crops}


def test_what_the_consensus_is_sure_of_comes_before_the_majority(towns, tag, question, settle):
    outvoted, tied, unsure = tag(towns["A"], "nny"), tag(towns["A"], "yn"), tag(towns["A"], "uuy")
    for crop in (outvoted, tied, unsure):
        settle(crop, "positive")
    open_crop, undecided = tag(towns["A"], "nny"), tag(towns["A"], "nny")
    settle(open_crop, "positive", state="open")
    settle(undecided, "positive", state="to_verify")
    by_consensus, by_majority = (True, True), (False, False)
    assert answers_of(question) == {
        **dict.fromkeys((outvoted.pk, tied.pk, unsure.pk), by_consensus),
        **dict.fromkeys((open_crop.pk, undecided.pk), by_majority),
    }
    assert (agreement(question).tied, agreement(question).unsure) == (0, 0)


def test_an_imported_label_is_left_to_the_majority(towns, tag, question, settle):
    crop = tag(towns["A"], "nn")
    settle(crop, "positive")
    Tag.objects.create(crop=crop, question=question, tagger=automatic_account(IMPORTER), answer="negative")
    assert answers_of(question) == {crop.pk: (False, False)}


def test_people_see_more_than_what_was_assumed_to_be_undamaged(towns, tag, question, settle):
    crop = tag(towns["A"], "yy")
    settle(crop, "positive")
    Tag.objects.create(crop=crop, question=question, tagger=automatic_account(UNDAMAGED), answer="negative")
    assert answers_of(question) == {crop.pk: (True, True)}


def test_nobody_learns_from_answers_that_are_set_aside(towns, tag, question, volunteer, site_admin):
    divided, alone = tag(towns["A"], "yn"), tag(towns["A"], "y")
    set_tagger_aside(volunteer, question, by=site_admin, reason="at random")
    assert answers_of(question) == {divided.pk: (False, False)}
    take_tagger_back(volunteer, question, by=site_admin)
    assert answers_of(question) == {alone.pk: (True, False)}
