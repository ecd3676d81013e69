"""Two events that both struck a San Juan: metrics, cards and packages keep the two towns apart."""

import re

import pytest

from damage.ingestion.models import Event, Town
from damage.messages import worded
from training.data.towns import town_labels
from training.experiments.cross_validation import ExperimentConfig, cross_towns
from training.experiments.exploration import Exploration, explore
from training.registry.exchange import facts_of
from training.registry.model_card import ModelCardFacts, model_card
from training.report.charts import town_metrics


@pytest.fixture
def namesakes(run, towns):
    """The standing run, of which Norte and Sur are now both called San Juan, in two events."""
    later = Event.objects.create(name="Later quake", slug="later-quake")
    for town, its_event in ((towns[0], towns[0].event), (towns[2], later)):
        town.name, town.slug, town.event = "San Juan", "san-juan", its_event
        town.save()
    return run


def test_towns_are_called_by_name_and_with_their_event_where_two_share_one(event, towns):
    numbers = [town.pk for town in towns]
    assert list(town_labels(numbers).values()) == ["Norte", "Este", "Sur"] or set(
        town_labels(numbers).values()
    ) == {"Norte", "Este", "Sur"}
    other = Event.objects.create(name="Other", slug="other")
    twin = Town.objects.create(event=other, name="NORTE", slug="norte")
    assert town_labels([towns[0].pk, towns[1].pk, twin.pk]) == {
        towns[0].pk: "Norte (Practice quake)", towns[1].pk: "Este", twin.pk: "NORTE (Other)"
    }  # fmt: skip
    same = Event.objects.create(name="OTHER, 2023", slug="other-2")
    third = Town.objects.create(event=same, name="Norte", slug="norte")
    Event.objects.filter(pk=same.pk).update(name="OTHER")  # as before names were compared
    assert town_labels([twin.pk, third.pk]) == {twin.pk: "other/norte", third.pk: "other-2/norte"}


def test_figures_of_towns_of_one_name_stand_apart(namesakes):
    by_town = town_metrics(namesakes)
    assert by_town["San Juan (Later quake) (test)"]["auc"] == namesakes.metrics["test"]["auc"]
    trained = by_town["San Juan (Practice quake) (training)"]
    assert (trained["crops"], trained["confusion"]) == (24, namesakes.metrics["train"]["confusion"])
    assert "Este (validation)" in by_town


def test_cards_and_packages_tell_them_apart_and_todays_reader_reads_them(namesakes, question, tmp_path):
    facts = facts_of(namesakes)
    told = {(town.town, town.part): town.crops for town in facts.towns}
    assert told == {
        ("San Juan (Practice quake)", "train"): 24, ("Este", "validation"): 24, ("San Juan (Later quake)", "test"): 24
    }  # fmt: skip
    card = model_card(facts)
    assert re.search(r"San Juan \(Later quake\) \| test \| 24 \| 12", card)
    # No new keys: a Damage of before makes its `TownFacts` of them.
    assert set(facts.as_json()["towns"][0]) == {"town", "part", "crops", "positive", "sha256", "metrics"}
    assert ModelCardFacts.of_json(facts.as_json()) == facts


def test_the_page_of_a_run_shows_which_of_the_two(namesakes, client, analyst):
    client.force_login(analyst)
    html = client.get(f"/training/runs/{namesakes.pk}/").content.decode()
    assert "· San Juan (Later quake)" in html
    assert "San Juan (Practice quake) (training)" in html


def test_experiments_know_a_town_by_what_it_is(namesakes, question, tiny):
    from damage.errors import Refused

    twice = ExperimentConfig(
        towns=["practice-quake/san-juan", "Practice quake/San Juan", "Este"], backbone=tiny
    )
    with pytest.raises(Refused, match="named twice"):
        cross_towns(question, twice)
    apart = ExperimentConfig(
        towns=["practice-quake/san-juan", "later-quake/san-juan", "Este"], backbone=tiny, one_way=True
    )
    (row,) = cross_towns(question, apart).results["trials"]
    assert (row["train"], row["validation"]) == ("practice-quake/san-juan", "later-quake/san-juan")


def test_experiments_train_on_no_town_held_out_towns(question, towns, tiny, settings):
    from dataclasses import replace

    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, test_towns=("practice-quake/sur",))
    rows = cross_towns(question, ExperimentConfig(towns=["Norte", "Este", "Sur"], backbone=tiny)).results[
        "trials"
    ]
    done = [row for row in rows if "refused" not in row]
    assert {row["test"] for row in done} == {"Sur"}
    assert all("kept for tests" in worded(row["refused"]) for row in rows if row not in done)
    assert (len(done), len(rows)) == (2, 6)


def test_an_exploration_groups_by_town(namesakes, towns, question):
    """Both San Juan, each in an event, and one of them asked for by its event and name."""
    alike = towns[1]
    alike.name, alike.slug = "San-Juan", "san-juan-2"
    alike.save()
    found = explore(Exploration(event="practice-quake", of="crops"), question=question)
    assert {row[0] for row in found.results["rows"]} == {"San Juan", "San-Juan", "all"}
