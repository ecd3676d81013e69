"""Rows that are read and written by statements made once are those that Django's own query sets read and write."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from damage.ingestion.models import Scene
from damage.statements import Lookup, insert, insert_all, nth_latest, update
from tagging.models import Crop, Question, Tag, TagChange

SCENES = Lookup(Scene, "pk", without=("footprint_4326",))


@pytest.fixture
def mosaic(town):
    """With a number, a time, plain data and what is empty."""
    return Scene.objects.create(
        town=town, kind="mosaic", name="a 100 % “mosaic”.tif", sha256="0" * 64, size_bytes=2**40, file="scenes/a.tif",
        width_px=300, height_px=200, band_count=3, gsd_m=0.07, crs_wkt="EPSG:32615",
        transform=[0.07, 0, 1, 0, -0.07, 2], footprint_4326={"type": "Polygon"},
        captured_at=datetime(2017, 9, 8, 4, 49, 19, 500, tzinfo=UTC),
    )  # fmt: skip


def values_of(row, *but):
    return {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.name not in but
    }


def test_a_row_is_what_a_query_set_gives(mosaic):
    found = SCENES.get(pk=mosaic.pk)
    assert values_of(found, "footprint_4326") == values_of(Scene.objects.get(pk=mosaic.pk), "footprint_4326")
    assert isinstance(found.captured_at, datetime)
    assert found.transform == [0.07, 0, 1, 0, -0.07, 2]
    assert not found._state.adding


def test_what_is_not_read_is_read_when_it_is_asked_for(mosaic, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = SCENES.get(pk=mosaic.pk)
    assert found.get_deferred_fields() == {"footprint_4326"}
    with django_assert_num_queries(1):
        assert found.footprint_4326 == {"type": "Polygon"}


def test_several_fields_name_a_row(mosaic, town):
    crops = Lookup(Crop, "scene", "x_px")
    Crop.objects.create(town=town, scene=mosaic, x_px=1, y_px=0, size_px=32)
    second = Crop.objects.create(town=town, scene=mosaic, x_px=2, y_px=0, size_px=32)
    assert crops.get(scene=mosaic.pk, x_px=2) == second
    assert crops.find(scene=mosaic.pk, x_px=3) is None


def test_what_is_not_there_and_what_no_field_holds_is_said_as_a_query_set_does(mosaic):
    with pytest.raises(Scene.DoesNotExist):
        SCENES.get(pk=10**6)
    with pytest.raises(ValueError, match="expected a number"):
        SCENES.get(pk="left")
    for number in (2**63, -(2**63) - 1, int("9" * 900)):
        assert SCENES.find(pk=number) is None
        assert Lookup(Crop, "scene", "x_px").find(scene=number, x_px=1) is None
        assert Lookup(Crop, "scene", "x_px").find(scene=mosaic.pk, x_px=number) is None
    assert Lookup(Question, "slug").find(slug="' OR ''='") is None


def test_a_row_is_stored_as_save_stores_it(mosaic, town, volunteer, question):
    saved = Crop(town=town, scene=mosaic, x_px=1, y_px=2, size_px=32, gsd_m=0.07, lon=-95.1)
    inserted = Crop(town=town, scene=mosaic, x_px=2, y_px=2, size_px=32, gsd_m=0.07, lon=-95.1)
    saved.save(force_insert=True)
    insert(inserted)
    assert not inserted._state.adding
    own = ("id", "x_px", "created_at")
    stored = Crop.objects.get(pk=inserted.pk)
    assert values_of(stored, *own) == values_of(Crop.objects.get(pk=saved.pk), *own)
    assert stored.created_at == inserted.created_at
    assert stored.created_at >= saved.created_at
    tag = Tag(crop=stored, question=question, tagger=volunteer, answer="positive")
    insert(tag)
    assert values_of(Tag.objects.get(pk=tag.pk)) == values_of(tag)


def test_what_the_database_forbids_is_not_stored(mosaic, volunteer, question, town):
    crop = Crop.objects.create(town=town, scene=mosaic, x_px=1, y_px=2, size_px=32)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(Crop(town=town, scene=mosaic, x_px=1, y_px=2, size_px=32))
    change = TagChange(
        crop=crop, question=question, tagger=volunteer, changed_by=volunteer, answer="positive"
    )
    insert(change)
    assert TagChange.objects.get() == change


def test_the_nth_latest_time_is_found_among_the_rows_of_one_person(
    mosaic, town, question, volunteer, verifier
):
    crop = Crop.objects.create(town=town, scene=mosaic, x_px=1, y_px=2, size_px=32)
    moments = [datetime(2017, 9, 8, hour, 0, 0, 7, tzinfo=UTC) for hour in (4, 5, 6, 7)]
    for by, moment in [
        (volunteer, moments[2]),
        (volunteer, moments[0]),
        (volunteer, moments[1]),
        (verifier, moments[3]),
    ]:
        change = TagChange.objects.create(
            crop=crop, question=question, tagger=volunteer, changed_by=by, answer="positive"
        )
        TagChange.objects.filter(pk=change.pk).update(created_at=moment)

    def latest(n, after):
        return nth_latest(TagChange, "created_at", n, after=after, changed_by=volunteer.pk)

    long_ago = datetime(2017, 9, 1, tzinfo=UTC)
    assert [latest(n, long_ago) for n in (1, 2, 3, 4)] == [moments[2], moments[1], moments[0], None]
    assert latest(2, moments[0]) == moments[1]
    assert latest(2, moments[1]) is None


def test_rows_get_a_value_each_and_others_keep_theirs(town):
    crops = [
        Crop.objects.create(town=town, sha256=str(number) * 64, size_px=32, gsd_m=0.5) for number in range(3)
    ]
    update(Crop, "gsd_m", [(crops[0].pk, 0.25), (crops[2].pk, None)])
    assert [Crop.objects.get(pk=crop.pk).gsd_m for crop in crops] == [0.25, 0.5, None]
    assert {crop.size_px for crop in Crop.objects.all()} == {32}


def test_rows_all_get_their_value_or_none_does(town):
    crops = [
        Crop.objects.create(town=town, sha256=str(number) * 64, size_px=32, gsd_m=0.5) for number in range(2)
    ]
    with pytest.raises(IntegrityError):
        update(Crop, "size_px", [(crops[0].pk, 64), (crops[1].pk, None)])
    assert [Crop.objects.get(pk=crop.pk).size_px for crop in crops] == [32, 32]


def test_many_rows_are_stored_as_save_stores_them(mosaic, town):
    saved = Crop(town=town, scene=mosaic, x_px=0, y_px=2, size_px=32, gsd_m=0.07, lon=-95.1)
    saved.save()
    insert_all(
        [Crop(town=town, scene=mosaic, x_px=x, y_px=2, size_px=32, gsd_m=0.07, lon=-95.1) for x in (1, 2)]
    )
    own = ("id", "x_px", "created_at")
    stored = list(Crop.objects.order_by("x_px"))
    assert [crop.x_px for crop in stored] == [0, 1, 2]
    assert [values_of(crop, *own) for crop in stored] == 3 * [values_of(saved, *own)]


def test_of_many_rows_none_is_stored_where_one_is_forbidden(mosaic, town):
    twice = [Crop(town=town, scene=mosaic, x_px=1, y_px=2, size_px=32) for _ in range(2)]
    with pytest.raises(IntegrityError):
        insert_all(twice)
    assert not Crop.objects.exists()
    insert_all([])
