"""Events and towns by name: who asks for one gets it, whoever was first and however it is spelled."""

from importlib import import_module
from threading import Barrier, Thread

import pytest
from django.apps import apps
from django.db import IntegrityError, connections

from damage.errors import Refused
from damage.ingestion import places
from damage.ingestion.lookup import find_event, find_town, scenes_of
from damage.ingestion.models import Event, Town
from damage.ingestion.places import find_towns, get_or_create_event, get_or_create_town
from damage.ingestion.services import ingest_mosaic
from tests.ingestion.test_names import APART, ONE

migration = import_module("damage.ingestion.migrations.0003_normalised_names")

pytestmark = pytest.mark.django_db

# New names that differ in accents or dashes alone are asked about.
ASKED = {"San Juan", "Peñón", "Αθήνα"}
CLEARLY_APART = [pair for pair in APART if pair[0] not in ASKED]


@pytest.mark.parametrize(("one", "other"), ONE)
def test_spellings_of_one_name_are_one_event_and_one_town(one, other):
    assert get_or_create_town(one, one) == get_or_create_town(other, other)
    assert (Event.objects.count(), Town.objects.count()) == (1, 1)


@pytest.mark.parametrize(("one", "other"), CLEARLY_APART)
def test_different_names_are_two_events_and_two_towns_and_each_is_found_by_name_and_by_path(one, other):
    both = [get_or_create_event(name) for name in (one, other)]
    towns = [get_or_create_town("Quake", name) for name in (one, other)]
    for event, town, name in zip(both, towns, (one, other), strict=True):
        assert (event.name, town.name) == (name, name)
        assert find_event(name) == find_event(event.slug) == event
        assert find_town(name) == find_town(f"quake/{name}") == find_town(town.path) == town
    assert both[0].slug != both[1].slug
    assert towns[0].slug != towns[1].slug


def test_addresses_are_numbered_on_a_clash():
    slugs = [get_or_create_town("E", name).slug for name in ("C++", "C#", "C")]
    assert slugs == ["c", "c-2", "c-3"]


def test_one_name_in_two_events_is_two_towns():
    first, second = get_or_create_town("One", "Norte"), get_or_create_town("Two", "NORTE")
    assert first != second
    with pytest.raises(Refused, match="Say which: one/norte, two/norte"):
        find_town("norte")
    assert find_town("two / Norte") == second


def test_a_name_goes_before_another_towns_address_and_a_path_of_addresses_before_names():
    slash = get_or_create_town("E", "C++")
    sharp = get_or_create_town("E", "C#")
    named = get_or_create_town("E", "c-2")
    assert len({slash, sharp, named}) == 3
    assert find_town("c-2") == named
    assert find_town("e/c-2") == sharp
    assert [find_town(town.path) for town in (slash, sharp, named)] == [slash, sharp, named]


def test_an_address_stands_for_a_name_of_which_it_loses_nothing():
    town = get_or_create_town("Practice quake", "Juchitán")
    assert get_or_create_town("practice-quake", "juchitan") == town
    derna = Town.objects.create(event=town.event, name="درنة 2023", slug="2023")  # as it used to be
    assert get_or_create_town("practice-quake", "2023") != derna
    east = Town.objects.create(event=town.event, name="Barrio 東", slug="barrio")
    assert get_or_create_town("practice-quake", "barrio") not in (east, derna)
    assert find_town("practice-quake/2023") == derna


@pytest.mark.parametrize(("there", "new"), [("Peñón", "Penon"), ("San Juan", "San-Juan"), ("Αθήνα", "ΑΘΗΝΑ")])
def test_a_name_that_differs_in_accents_or_dashes_alone_is_asked_about(there, new):
    get_or_create_town("E", there)
    with pytest.raises(Refused, match=f"“{new}” is not there, but “{there}” is"):
        get_or_create_town("E", new)
    assert Town.objects.count() == 1
    get_or_create_town("Another", new)  # the town of another event says nothing
    added = Town.objects.create(event=Event.objects.get(name="E"), name=new, slug="added")  # by an admin
    assert get_or_create_town("E", new) == added


def test_a_town_with_a_slash_in_its_name_is_found():
    town = get_or_create_town("E", "Norte/Sur")
    assert find_town("norte/sur") == find_town("E/Norte/Sur") == find_town(town.path) == town


def test_what_is_not_there_is_refused_with_what_there_is(geotiff):
    get_or_create_town("Quake", "C++")
    get_or_create_town("Quake", "Norte")
    with pytest.raises(Refused, match=r"no event Flood. Name one of: Quake\."):
        find_event("Flood")
    with pytest.raises(Refused, match=r"no town Oeste. Name one of: C\+\+, Norte"):
        find_town("Oeste")
    with pytest.raises(Refused, match=r"no town Oeste in Quake. Name one of: C\+\+ \(c\), Norte"):
        scenes_of("quake", "Oeste")
    with pytest.raises(Refused, match="no mosaic of quake / norte"):
        scenes_of("quake", "norte")
    scene = ingest_mosaic(geotiff(), event="QUAKE", town="norte").scene
    assert scenes_of("quake", "NORTE") == scenes_of("Quake", "") == [scene]


def test_towns_that_are_there_are_found_by_the_names_given():
    norte = get_or_create_town("E", "Norte")
    assert find_towns("e", ["NORTE", " norte", "Sur"]) == {"NORTE": norte, " norte": norte}
    assert find_towns("Flood", ["Norte"]) == {}


def test_a_name_or_an_address_that_is_taken_meanwhile_is_looked_for_again(monkeypatch):
    """Somebody else makes C++, and then C#, between our look and our writing."""
    event = get_or_create_event("E")
    theirs = iter(["C++", "C#"])
    look = places.free_address

    def late(name, taken):
        if other := next(theirs, None):
            event.towns.create(name=other, slug=look(other, set(event.towns.values_list("slug", flat=True))))
        return look(name, taken)

    monkeypatch.setattr(places, "free_address", late)
    mine = get_or_create_town("E", "c#")
    assert (mine.name, mine.slug) == ("C#", "c-2")
    assert Town.objects.count() == 2


def test_the_database_takes_no_name_twice():
    town = get_or_create_town("E", "Kahramanmaraş")
    with pytest.raises(IntegrityError):
        town.event.towns.create(name="KAHRAMANMARAŞ", slug="another")


@pytest.mark.django_db(transaction=True)
def test_ten_who_ask_at_once_get_one(db):
    begin, found, failures = Barrier(10), [], []

    def ask(number):
        try:
            begin.wait()
            found.append(get_or_create_town("Quake " * (1 + number % 2), "Norte").pk)
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=ask, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(found) == 10
    assert (Event.objects.count(), Town.objects.count(), len(set(found))) == (2, 2, 2)


def test_an_upgrade_keeps_apart_what_was_apart():
    old = [Old(number, *each) for number, each in enumerate([
        ("Norte", "norte"), ("NORTE ", "norte-3"), ("Norte (2)", "norte-2"), ("Sur", "sur"), ("ＳＵＲ", "s"),
        ("\u200b", "x"), ("\ufdfa" * 20 + "a", "y"),
    ])]  # fmt: skip
    migration._fill("town", old)
    assert [row.name for row in old] == [
        "Norte", "NORTE (3)", "Norte (2)", "Sur", "ＳＵＲ (2)", "(2)", "a (2)"
    ]  # fmt: skip
    assert all(row.saved for row in old)


class Old:
    """A row of before."""

    def __init__(self, pk, name, slug):
        self.pk, self.name, self.slug, self.saved = pk, name, slug, False

    def save(self):
        self.saved = True


def test_an_upgrade_gives_rows_their_normalised_names_and_leaves_addresses(event):
    other = Event.objects.create(name="Other", slug="other")
    towns = [
        Town.objects.create(event=event, name="Barrio 東", slug="barrio"),
        Town.objects.create(event=event, name=" Đông ", slug="ong"),
        Town.objects.create(event=other, name="Barrio 東", slug="barrio"),
    ]
    for number, town in enumerate(towns):
        Town.objects.filter(pk=town.pk).update(normalised_name=f"unknown {number}")
    migration.fill(apps, None)
    rows = Town.objects.order_by("pk").values_list("name", "normalised_name", "slug")
    assert list(rows) == [
        ("Barrio 東", "barrio 東", "barrio"), (" Đông ", "đông", "ong"), ("Barrio 東", "barrio 東", "barrio")
    ]  # fmt: skip
