"""Towns whose damage is noise on plain ground, and a backbone small enough to train in a second."""

import hashlib
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from django.core.files.base import ContentFile
from PIL import Image

from damage.ingestion.models import Town
from damage.ingestion.services import ingest_photo
from tagging.models import Crop, Tag
from training import executor, inference
from training.config import TrainingConfig
from training.networks import kept_networks
from training.networks.backbones.registry import BACKBONES, Backbone, PackagedWeights, Scaling
from training.services import train

SIZE = 32
TINY = Backbone(
    name="tiny",
    title="Tiny",
    size_px=SIZE,
    feature_count=8,
    scaling=Scaling((127.0,) * 3, (128.0,) * 3),
    contrast=1.0,
    weights=PackagedWeights("none", "none", "0" * 64),
    licence="none",
)


def _tiny_extractor(backbone, weights_dir=None):
    """A network whose features are means of random convolutions that see differences, not colours."""
    import keras

    from training.networks.backbones.building import scaled_pixels

    keras.utils.set_random_seed(5)
    pixels = keras.layers.Input((SIZE, SIZE, 3), dtype="uint8")
    scaled = scaled_pixels(pixels, backbone.scaling, backbone.contrast)
    convolution = keras.layers.Conv2D(8, 3, activation="relu")
    x = keras.layers.GlobalAveragePooling2D()(convolution(scaled))
    kernel, bias = convolution.get_weights()
    convolution.set_weights([kernel - kernel.mean((0, 1)), bias])
    return keras.Model(pixels, x)


@pytest.fixture
def tiny(monkeypatch) -> str:
    """The name of the small backbone."""
    monkeypatch.setitem(BACKBONES, "tiny", TINY)
    monkeypatch.setattr("training.networks.backbones.building.feature_extractor", _tiny_extractor)
    return "tiny"


@pytest.fixture(scope="session")
def exports_folder(session_folder) -> Path:
    """Where all processes of this session keep networks that were exported."""
    return session_folder / "exports"


@pytest.fixture
def exported_anew():
    """For tests of what exporting gives: there every network is exported, though an earlier test did so."""


@pytest.fixture(autouse=True)
def exported_once(request, exports_folder, monkeypatch):
    """A network that a test's own data folder lacks is exported by the first test that asks for it.

    That takes up to half a minute, and gives the same each time. Each test's folder gets its copy as ever.
    """
    if "exported_anew" in request.fixturenames:
        return
    keep = kept_networks.kept_network

    def from_earlier_tests(folder, name, make):
        return keep(folder, name, partial(keep, exports_folder, name, make))

    monkeypatch.setattr(kept_networks, "kept_network", from_earlier_tests)


def _square(seed, *, noisy):
    """Plain ground of some colour, with rubble or without."""
    random = np.random.default_rng(seed)
    ground = np.broadcast_to(random.integers(60, 190, 3), (SIZE, SIZE, 3))
    noise = random.normal(0, 45 if noisy else 3, (SIZE, SIZE, 3))
    return np.clip(ground + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def ground():
    return _square


@pytest.fixture
def towns(event, question, volunteer):
    """Three towns with twelve tagged crops of either answer each."""
    towns = [
        Town.objects.create(event=event, name=name, slug=name.lower()) for name in ("Norte", "Este", "Sur")
    ]
    for index, town in enumerate(towns):
        for number in range(24):
            noisy = number < 12
            content = BytesIO()
            Image.fromarray(_square(100 * index + number, noisy=noisy)).save(content, "PNG")
            crop = Crop(
                town=town, size_px=SIZE, gsd_m=0.5, sha256=hashlib.sha256(content.getvalue()).hexdigest()
            )
            crop.image.save(f"{town.slug}-{number}.png", ContentFile(content.getvalue()))
            answer = "positive" if noisy else "negative"
            Tag.objects.create(crop=crop, question=question, tagger=volunteer, answer=answer)
    return towns


@pytest.fixture
def training_config(tiny) -> TrainingConfig:
    """The thesis's way: a head trained in epochs, and no false alarm in the validation town."""
    return TrainingConfig(
        backbone=tiny,
        train_towns=["Norte"],
        validation_towns=["Este"],
        test_towns=["Sur"],
        head="softmax",
        max_fpr=0.0,
    )


@pytest.fixture
def many(towns, event, question, volunteer):
    """A fourth town with sixty crops that nobody could tell: a third of them rubble."""
    town = Town.objects.create(event=event, name="Oeste", slug="oeste")
    for number in range(60):
        content = BytesIO()
        Image.fromarray(_square(5000 + number, noisy=number < 20)).save(content, "PNG")
        sha256 = hashlib.sha256(content.getvalue()).hexdigest()
        crop = Crop(town=town, size_px=32, gsd_m=0.5, sha256=sha256)
        crop.image.save(f"oeste-{number}.png", ContentFile(content.getvalue()))
        Tag.objects.create(crop=crop, question=question, tagger=volunteer, answer="unsure")
    return town


@pytest.fixture
def adapting(training_config):
    return replace(training_config, head="logistic-regression", adapt_to="Oeste")


@pytest.fixture(scope="session")
def outcomes() -> dict[str, executor.Fitted]:
    """What came of each recipe that was worked out, by the recipe."""
    return {}


@pytest.fixture
def shared_training(tiny, towns, outcomes, monkeypatch):
    """Let each recipe be worked out by the first test that asks for it; the others share what came of it."""
    work_out = executor.fitted

    def fitted_once(parts, backbone, head_parameters, places, *, adapt_to, step, **options):
        crops = {
            name: [
                (crop.sha256, bool(answer), town)
                for crop, answer, town in zip(
                    part.crops, part.is_positive, part.towns or [""] * len(part.crops), strict=True
                )
            ]
            for name, part in parts.items()
        }
        recipe = repr((crops, backbone.name, head_parameters, sorted(options.items())))
        if adapt_to is not None or recipe not in outcomes:
            outcomes[recipe] = work_out(
                parts, backbone, head_parameters, places, adapt_to=adapt_to, step=step, **options
            )
        return outcomes[recipe]

    with monkeypatch.context() as patch:
        patch.setattr(executor, "fitted", fitted_once)
        yield


@pytest.fixture
def run(question, training_config, site_admin, shared_training):
    """A finished training; no model of another test's run of the same number is still open."""
    inference._openvino_engine.cache_clear()
    return train(question, training_config, requested_by=site_admin)


@pytest.fixture
def promoted(run):
    """The finished training, as the model that answers and predicts."""
    run.stage = "promoted"
    run.save()
    return run


@pytest.fixture
def scene(towns, tmp_path):
    """A photo of two squares: rubble on the left, plain ground on the right."""
    pixels = np.concatenate([_square(901, noisy=True), _square(902, noisy=False)], axis=1)
    path = tmp_path / "pair.png"
    Image.fromarray(pixels).save(path)
    return ingest_photo(path, event=towns[0].event.name, town=towns[0].name).scene
