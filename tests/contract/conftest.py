"""A small site in which every address leads to something: one row of each kind, with its files."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from allauth.mfa.models import Authenticator
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import override_settings
from PIL import Image
from rest_framework.test import APIClient

from damage.accounts.models import ApiToken, Role, User
from damage.accounts.services import create_account
from damage.accounts.tokens import create_token
from damage.ingestion.joining.models import EventMembership, Invitation
from damage.ingestion.joining.services import make_invitation
from damage.ingestion.models import Event, Scene, Town
from damage.ingestion.services import ingest_mosaic, ingest_photo
from damage.ingestion.uploads.headers import FileFacts
from damage.ingestion.uploads.models import Upload
from damage.ingestion.uploads.services import create_upload
from prediction.models import Detection, PredictionRun
from tagging.cutting import cut_pending_crops
from tagging.models import ExamplePicture, Question, Tag
from tagging.services import record_tag
from tests.accounts.passkey import passkey_data
from training.models import Experiment, ModelRun, ModelRunCrop

SQUARE = {"x_px": 8, "y_px": 8, "size_px": 32}


@dataclass(frozen=True)
class Site:
    """The people, by role, and one row of each kind."""

    people: dict[Role, User]
    mosaic: Scene
    photo: Scene
    question: Question
    tag: Tag
    model_run: ModelRun
    experiment: Experiment
    prediction_run: PredictionRun
    detection: Detection
    token: ApiToken
    example: ExamplePicture
    upload: Upload
    invitation: Invitation
    other_event: Event
    passkey: Authenticator

    def client_of(
        self, role: Role | None, member: Role | None = None, is_of_another_event: bool = False
    ) -> APIClient:
        """A browser in which somebody of the role is logged in, or nobody; a fault is an answer, not an exception.

        `member` is a guest who plays that role in the event of the site's rows, or in another.
        """
        client = APIClient(raise_request_exception=False)
        if member is not None:
            event = self.other_event if is_of_another_event else self.mosaic.town.event
            person = create_account(
                username=f"{member}-of-{event}", password="practice-tags", role=Role.GUEST
            )
            EventMembership.objects.create(person=person, event=event, role=member)
            client.force_login(person)
        elif role is not None:
            client.force_login(self.people[role])
        return client

    @contextmanager
    def taken_back(self) -> Iterator[None]:
        """Of what is written within, nothing stays."""
        with _block_of_tests():
            yield
            transaction.set_rollback(True)


def _block_of_tests() -> transaction.Atomic:
    """A transaction that product code takes for none, like the one around each test."""
    block = transaction.atomic()
    block._from_testcase = True
    return block


def _mosaic(path, event, town) -> Scene:
    pixels = np.random.default_rng(1).integers(1, 255, (3, 64, 96), dtype=np.uint8)
    place = Affine(0.5, 0, 500_000, 0, -0.5, 4_160_000)
    profile = {
        "driver": "GTiff",
        "count": 3,
        "height": 64,
        "width": 96,
        "dtype": "uint8",
        "photometric": "rgb",
    }
    with rasterio.open(path, "w", crs="EPSG:32637", transform=place, **profile) as file:
        file.write(pixels)
    return ingest_mosaic(path, event=event, town=town).scene


def _photo(path, event, town) -> Scene:
    Image.fromarray(np.random.default_rng(2).integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(path)
    return ingest_photo(path, event=event, town=town).scene


def _prediction(scene: Scene, model_run: ModelRun) -> PredictionRun:
    run = PredictionRun.objects.create(
        scene=scene, model_run=model_run, status="done", threshold=0.5, parameters={"engine": "openvino"}
    )
    run.geojson_file.save("run.geojson", ContentFile(b'{"type": "FeatureCollection", "features": []}'))
    run.shapefile_zip.save("run.zip", ContentFile(b"PK\5\6" + bytes(18)))
    return run


def _made_site(folder: Path) -> Site:
    """The site, whose originals lie in `folder`."""
    event = Event.objects.create(name="Practice quake", slug="practice-quake")
    town = Town.objects.create(event=event, name="Altamira", slug="altamira")
    question = Question.objects.get(slug="damage")
    people = {
        role: create_account(username=f"somebody-{role}", password="practice-tags", role=role)
        for role in Role
    }
    mosaic = _mosaic(folder / "mosaic.tif", town.event.name, town.name)
    photo = _photo(folder / "photo.png", town.event.name, town.name)
    tag = record_tag(
        tagger=people[Role.VOLUNTEER], question=question, scene=photo, answer="positive", **SQUARE
    )
    cut_pending_crops()
    tag.crop.refresh_from_db()
    parameters = {"network": {"window_px": 32, "is_dense": False}}
    model_run = ModelRun.objects.create(
        question=question, status="done", backbone="redness", window_px=32, window_m=16.0, threshold=0.5,
        parameters=parameters,
    )  # fmt: skip
    ModelRunCrop.objects.create(
        model_run=model_run, crop=tag.crop, part="train", is_positive=True, score=0.75
    )
    experiment = Experiment.objects.create(
        kind="roc",
        question=question,
        status="failed",
        error="The disk was full.",
        parameters={"model_run": model_run.pk},
    )
    prediction_run = _prediction(mosaic, model_run)
    detection = Detection.objects.create(
        run=prediction_run, score=0.75, x_px=8, y_px=8, width_px=32, height_px=32, lon=39.0, lat=37.5
    )
    create_token(people[Role.VOLUNTEER], name="phone")
    token = ApiToken.objects.get()
    upload = create_upload(
        people[Role.ADMIN], FileFacts("DJI_0002.JPG", town.event.name, town.name, None, ""), size_bytes=10
    )
    return Site(
        people,
        mosaic,
        photo,
        question,
        tag,
        model_run,
        experiment,
        prediction_run,
        detection,
        token,
        ExamplePicture.objects.create(question=question, answer="positive", image="examples/none.jpg"),
        upload,
        make_invitation(town.event, by=people[Role.ADMIN])[0],
        Event.objects.create(name="Elsewhere", slug="elsewhere"),
        Authenticator.objects.create(
            user=people[Role.VOLUNTEER], type="webauthn", data=passkey_data("phone")
        ),
    )


def _settings_of(folder: Path) -> dict[str, Any]:
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return {"DATA_DIR": folder, "MEDIA_ROOT": folder / "files", "PASSWORD_HASHERS": hashers}


@pytest.fixture(scope="module")
def site_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("site") / "data"


@pytest.fixture(scope="module")
def kept_site(site_folder, tmp_path_factory, django_db_setup, django_db_blocker) -> Iterator[Site]:
    """The site, in a block around the tests of a module: what each of them writes is taken back to here."""
    block = _block_of_tests()
    with django_db_blocker.unblock():
        block.__enter__()
        with override_settings(**_settings_of(site_folder)):
            site = _made_site(tmp_path_factory.mktemp("originals"))
    yield site
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        block.__exit__(None, None, None)


@pytest.fixture
def site(db, tmp_path) -> Site:
    return _made_site(tmp_path)
