"""A child of `retraining.py`: one training after new tags, several in one process, or plain Keras for comparison."""

import subprocess
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.workplace import ROOT, answer, start_django

BATCH = 32
EXTRACTED = 256


def measured(*, what: str, folder: str, backbone: str, batches: Any = ()) -> dict[str, Any]:
    """Seconds of what is asked for."""
    if what == "command":
        return _command(folder, backbone)
    start_django(Path(folder), empty=False)
    if what == "loaded":
        return _loaded(backbone)
    if what == "first":
        seconds, cpu_s = _seconds(backbone)
        return {"seconds": seconds, "training_cpu_s": cpu_s, "starting_tensorflow": _starting()}
    if what == "warm":
        return _warm(Path(folder), backbone, batches)
    return {"features": _features(backbone), "head": _head(backbone)}


def _command(folder: str, backbone: str) -> dict[str, Any]:
    """`manage.py train` as a person calls it."""
    import os

    begun = perf_counter()
    subprocess.run(
        [sys.executable, "manage.py", "train", "--question", "damage", "--backbone", backbone, "--json"],
        cwd=ROOT,
        env=os.environ | {"DAMAGE_DEBUG": "1", "DAMAGE_DATA": folder, "DATABASE_URL": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return {"seconds": round(perf_counter() - begun, 2)}


def _loaded(backbone: str) -> dict[str, Any]:
    """The first training after what an idle worker loads, and how long that takes."""
    from training.warming import loads_of_a_training

    begun = perf_counter()
    for load in loads_of_a_training():
        load()
    loading_s = perf_counter() - begun
    seconds, cpu_s = _seconds(backbone)
    return {"seconds": seconds, "training_cpu_s": cpu_s, "loading": round(loading_s, 2)}


def _starting() -> float:
    """How long a fresh process takes to import what trains."""
    begun = perf_counter()
    subprocess.run(
        [sys.executable, "-c", "import keras, tensorflow, sklearn.linear_model, openvino"],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return round(perf_counter() - begun, 2)


def _seconds(backbone: str) -> tuple[float, float]:
    """How long a training takes, and how much processor time."""
    from tagging.services import find_question
    from training.config import TrainingConfig
    from training.services import train

    begun, cpu = perf_counter(), process_time()
    train(find_question("damage"), TrainingConfig(backbone=backbone))
    return round(perf_counter() - begun, 2), round(process_time() - cpu, 2)


def _warm(folder: Path, backbone: str, batches: list[list[dict[str, str]]]) -> dict[str, Any]:
    """The median of several trainings, each after ten new tags, in a process that has trained once."""
    from benchmarks.retraining import tag

    _seconds(backbone)
    measured = []
    for rows in batches:
        tag(rows, folder)
        measured.append(_seconds(backbone))
    seconds, cpu_s = np.median(measured, axis=0)
    return {
        "seconds": round(float(seconds), 2),
        "training_cpu_s": round(float(cpu_s), 2),
        "each": [each[0] for each in measured],
    }


def _features(name: str) -> dict[str, Any]:
    """Images per second from stored crops to features: ours, and `model.predict` on the same images and weights."""
    import tempfile

    from training.data.crop_files import read_pixels
    from training.data.features import crop_features
    from training.networks.backbones.building import feature_extractor
    from training.networks.backbones.registry import find_backbone

    backbone, crops = find_backbone(name), _crops()
    with tempfile.TemporaryDirectory() as cache:
        crop_features(crops[:BATCH], backbone, Path(cache))  # opens the network
        begun, cpu = perf_counter(), process_time()
        ours = crop_features(crops[BATCH:], backbone, Path(cache))
        ours_s, ours_cpu_s = perf_counter() - begun, process_time() - cpu
    model = feature_extractor(backbone)
    model.predict(_prepared(crops[:BATCH], backbone, read_pixels), batch_size=BATCH, verbose=0)
    begun, cpu = perf_counter(), process_time()
    images = _prepared(crops[BATCH:], backbone, read_pixels)
    theirs = model.predict(images, batch_size=BATCH, verbose=0)
    keras_s, keras_cpu_s = perf_counter() - begun, process_time() - cpu
    assert np.abs(ours - theirs).max() < 1e-2, "not the same features"
    return {
        "images": len(images),
        "images_per_s": round(len(images) / ours_s, 1),
        "keras_images_per_s": round(len(images) / keras_s, 1),
        "ratio": round(keras_s / ours_s, 2),
        "cpu_ratio": round(keras_cpu_s / ours_cpu_s, 2),
    }


def _prepared(crops: Any, backbone: Any, read: Any) -> np.ndarray:
    return np.stack([backbone.prepared(read(crop)) for crop in crops])


def _crops() -> list[Any]:
    from tagging.models import Crop
    from training.data.crop_images import crop_images

    return crop_images(list(Crop.objects.order_by("pk")[: EXTRACTED + BATCH]))  # type: ignore[arg-type]


def _head(name: str) -> dict[str, Any]:
    """Seconds until the head's validation loss is as low as ours: ours, and a plain `fit` in batches of 32."""
    import keras

    from training.data.crop_images import crop_images
    from training.data.features import crop_features
    from training.models import ModelRun, ModelRunCrop
    from training.networks.backbones.registry import find_backbone
    from training.networks.heads.keras_layer import keras_head
    from training.networks.heads.labelled import Labelled
    from training.networks.heads.linear import LinearHead, softmax_head, standardisation
    from training.networks.heads.parameters import HeadParameters

    run = ModelRun.objects.filter(status="done").first()
    assert run is not None

    def labelled(part: str) -> Labelled:
        rows = list(run.crops_of(part))
        images = crop_images([row.crop for row in rows])  # type: ignore[misc]
        features = crop_features(images, find_backbone(name), Path(_cache()))
        return Labelled(features, np.array([row.is_positive for row in rows]))

    train, validation = labelled(ModelRunCrop.Part.TRAIN), labelled(ModelRunCrop.Part.VALIDATION)
    parameters = HeadParameters()
    softmax_head(train, validation, parameters)
    begun = perf_counter()
    _model, course = softmax_head(train, validation, parameters)
    ours_s = perf_counter() - begun
    target = min(course.validation_losses)

    class Reached(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = logs["val_loss"] <= target

    keras.utils.set_random_seed(0)
    nothing = np.zeros(train.features.shape[1])
    head = keras_head(LinearHead(*standardisation(train.features), nothing, 0.0, parameters.l2))
    head.compile(
        keras.optimizers.SGD(parameters.learning_rate, parameters.momentum), "categorical_crossentropy"
    )
    begun = perf_counter()
    history = head.fit(
        train.features, train.answers, sample_weight=train.weights, batch_size=BATCH, epochs=100, verbose=0,
        validation_data=(validation.features, validation.answers, validation.weights), callbacks=[Reached()],
    )  # fmt: skip
    keras_s = perf_counter() - begun
    return {
        "crops": len(train.features),
        "seconds": round(ours_s, 2),
        "loss": round(target, 4),
        "keras_seconds": round(keras_s, 2),
        "keras_loss": round(min(history.history["val_loss"]), 4),
        "keras_epochs": len(history.history["loss"]),
        "ratio": round(keras_s / ours_s, 2),
    }


def _cache() -> Path:
    from django.conf import settings

    return settings.DATA_DIR / "features"


if __name__ == "__main__":
    answer(measured)
