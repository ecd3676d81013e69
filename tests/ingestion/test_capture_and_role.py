"""When imagery was taken and whether it shows the ground before the event: read, told, and changed."""

from datetime import UTC, datetime

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from damage.ingestion.capture import SceneRole
from damage.ingestion.reports import ingest_files
from damage.ingestion.services import ingest_mosaic, ingest_photo

pytestmark = pytest.mark.django_db


def test_a_mosaic_says_when_it_was_taken_and_what_it_shows(geotiff):
    named = ingest_mosaic(geotiff("town_20230208.tif"), event="Quake", town="Altamira").scene
    assert (named.captured_at, named.captured_from) == (datetime(2023, 2, 8, tzinfo=UTC), "name")
    assert named.role == "after"
    pixels = np.full((3, 40, 60), 9, np.uint8)
    acquired = {"IMAGERY": {"ACQUISITIONDATETIME": "2022-12-24T09:00:00Z"}}
    before = ingest_mosaic(
        geotiff("b_20230208.tif", pixels=pixels, domains=acquired),
        event="Quake",
        town="Altamira",
        role=SceneRole.BEFORE,
    ).scene
    assert (before.captured_at, before.captured_from) == (datetime(2022, 12, 24, 9, tzinfo=UTC), "tags")
    assert before.role == "before"


def test_what_a_person_says_goes_before_a_mosaics_own_words_and_after_a_cameras(geotiff, photo):
    taken = datetime(2023, 2, 9, tzinfo=UTC)
    mosaic = ingest_mosaic(geotiff("20230208.tif"), event="Quake", town="Altamira", taken=taken).scene
    assert (mosaic.captured_at, mosaic.captured_from) == (taken, "person")
    shot = ingest_photo(
        photo(details={36867: "2023:02:08 11:22:33"}), event="Quake", town="Altamira", taken=taken
    ).scene
    assert shot.captured_from == "camera"
    assert shot.captured_at != taken


def test_what_is_undated_is_said(geotiff):
    (report,) = ingest_files(
        [geotiff("ortho.tif")], lambda path: ingest_mosaic(path, event="Quake", town="A1")
    )
    assert "undated" in report.note


def test_scenes_are_described_anew(geotiff):
    scene = ingest_mosaic(geotiff("20230208.tif"), event="Quake", town="Altamira").scene
    call_command("describe_scene", scene.name, "--taken", "2022-12-31", "--before")
    scene.refresh_from_db()
    assert (scene.role, scene.captured_from) == ("before", "person")
    assert scene.captured_at == datetime(2022, 12, 31, tzinfo=UTC)
    call_command("describe_scene", str(scene.pk), "--undated")
    scene.refresh_from_db()
    assert (scene.captured_at, scene.captured_from, scene.role) == (None, "", "before")
    with pytest.raises(CommandError, match="nothing to change"):
        call_command("describe_scene", str(scene.pk))


def test_the_administration_changes_when_and_what_alone(geotiff, admin_client):
    scene = ingest_mosaic(geotiff("20230208.tif"), event="Quake", town="Altamira").scene
    address = reverse("admin:ingestion_scene_change", args=[scene.pk])
    page = admin_client.get(address).content.decode()
    assert 'name="role"' in page
    assert 'name="sha256"' not in page
    fields = {
        "captured_at_0": "2023-02-08",
        "captured_at_1": "00:00:00",
        "role": "before",
        "name": "other.tif",
    }
    assert admin_client.post(address, fields).status_code == 302
    scene.refresh_from_db()
    assert (scene.role, scene.captured_from, scene.name) == ("before", "name", "20230208.tif")
    assert admin_client.post(address, {**fields, "captured_at_0": "2023-02-10"}).status_code == 302
    scene.refresh_from_db()
    assert (scene.captured_at, scene.captured_from) == (datetime(2023, 2, 10, tzinfo=UTC), "person")
