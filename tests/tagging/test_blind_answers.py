"""Answers on what mostly shows no data are found, and set aside reversibly."""

import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from damage.ingestion.services import ingest_mosaic
from tagging.models import Crop, Tag
from tagging.quarantine import release_crop
from tagging.services import record_tag
from tests.ingestion.conftest import geotiff  # noqa: F401


@pytest.fixture
def answered(geotiff, question, volunteer):  # noqa: F811
    """Squares of 40 px in a mosaic whose right half shows nothing: on ground, on the edge, and beyond it."""
    mask = np.zeros((200, 400), np.uint8)
    mask[:, :200] = 255
    scene = ingest_mosaic(
        geotiff(pixels=np.full((3, 200, 400), 90, np.uint8), mask=mask),
        event="Practice quake",
        town="Altamira",
    ).scene
    for x_px in (100, 170, 190, 300):  # all, three quarters, a quarter and nothing of them is ground
        record_tag(
            tagger=volunteer,
            question=question,
            scene=scene,
            x_px=x_px,
            y_px=50,
            size_px=40,
            answer="negative",
        )
    return scene


def listed(*arguments: str) -> dict:
    out = StringIO()
    call_command("list_blind_crops", "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_squares_that_mostly_show_no_data_are_listed(answered):
    found = listed()
    assert [(crop["x_px"], crop["answers"]) for crop in found["crops"]] == [(190, 1), (300, 1)]
    assert [crop["ground"] for crop in found["crops"]] == [pytest.approx(0.25, abs=0.13), 0]
    assert found["set_aside"] == 0
    assert not Crop.objects.filter(is_quarantined=True).exists()


def test_they_are_set_aside_with_their_tags_and_can_come_back(answered, site_admin):
    assert listed("--set-aside", "--by", site_admin.username)["set_aside"] == 2
    assert Tag.objects.in_use().count() == 2
    assert Tag.objects.count() == 4
    assert listed()["crops"] == []
    release_crop(Crop.objects.get(x_px=190), by=site_admin)
    assert [crop["x_px"] for crop in listed()["crops"]] == [190]


def test_somebody_decides(answered):
    with pytest.raises(CommandError, match="no account"):
        listed("--set-aside")


def test_a_scene_whose_view_is_gone_is_said_and_stops_no_other(answered):
    answered.view_path.unlink()
    found = listed()
    assert found["crops"] == []
    assert answered.name in found["unreadable"]
