"""What an upgrade makes of scenes with times and heights that cannot be true."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from math import inf
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from damage.ingestion.models import GsdSource, Scene, SceneKind

migration = import_module("damage.ingestion.migrations.0004_believable_facts")
GOOD = {"captured_at": datetime(2017, 9, 8, tzinfo=UTC), "altitude_m": -400.0, "height_above_ground_m": 80.0}


@pytest.fixture
def stored(town):
    def store(**facts):
        return Scene.objects.create(
            town=town, kind=SceneKind.PHOTO, name="a.jpg", sha256=f"{Scene.objects.count():064}", size_bytes=1,
            in_place_path="/a.jpg", width_px=10, height_px=10, band_count=3, gsd_m=0.05,
            gsd_source=GsdSource.CAMERA, **GOOD | facts,
        )  # fmt: skip

    return store


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("captured_at", datetime(1, 1, 3, tzinfo=UTC)),
        ("captured_at", datetime(1969, 12, 31, 23, 59, tzinfo=UTC)),
        ("captured_at", datetime(9999, 1, 1, tzinfo=UTC)),
        ("altitude_m", 20_001.0),
        ("altitude_m", -501.0),
        ("altitude_m", inf),
        ("height_above_ground_m", inf),
        ("height_above_ground_m", -inf),
    ],
)
def test_what_cannot_be_true_is_emptied_and_the_rest_stays(stored, field, value):
    odd, good = stored(**{field: value}), stored()
    migration.empty_unbelievable(apps, SimpleNamespace(connection=connection))
    kept = Scene.objects.values(*GOOD, "gsd_m", "gsd_source")
    assert kept.get(pk=good.pk) == GOOD | {"gsd_m": 0.05, "gsd_source": "camera"}
    gsd = {"gsd_m": None, "gsd_source": "none"} if field == "height_above_ground_m" else {"gsd_m": 0.05}
    assert kept.get(pk=odd.pk) == GOOD | {"gsd_source": "camera"} | gsd | {field: None}


def test_a_row_that_no_zone_has_words_for_no_longer_ends_the_list(stored, api, volunteer, settings):
    settings.TIME_ZONE = "America/Mexico_City"
    scene = stored(captured_at=datetime(1, 1, 1, tzinfo=UTC) + timedelta(hours=1))
    api.force_authenticate(volunteer)
    assert api.get("/api/v1/scenes/").status_code != 200
    migration.empty_unbelievable(apps, SimpleNamespace(connection=connection))
    assert api.get("/api/v1/scenes/").json()["results"][0]["id"] == scene.pk
