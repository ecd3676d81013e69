"""Finished models at work: opened by their run, checked against its digests. Never loads TensorFlow."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.conf import settings

from damage.errors import Conflict, Refused
from damage.ingestion.reading import SceneReader
from damage.messages import Message as _
from tagging.answers import CountsAs
from tagging.models import Crop, Question
from training.data.crop_files import CropImage, read_pixels
from training.data.crop_images import crop_windows
from training.data.features import CropSource
from training.data.scene_windows import SceneWindow
from training.models import ModelFile, ModelRun
from training.networks.backbones.registry import find_backbone
from training.networks.dense import padded
from training.networks.engines import DenseEngine, Engine
from training.networks.kinds import DENSE, ModelKind, kind_of_record
from training.networks.model_input import ModelInput
from training.networks.resize import resized


class NoModel(Conflict):
    """The question has no finished model yet."""


@dataclass(frozen=True)
class ModelAnswer:
    """What a model says about a square."""

    score: float
    is_positive: bool
    threshold: float
    model_run: ModelRun
    label: str


def load_engine(model_run: ModelRun) -> Engine:
    """Return the run's model on OpenVINO; raises `Refused` when a file is missing or is not the one made."""
    digests = tuple(_file(model_run, ModelFile.Kind(kind)).sha256 for kind in kind_of(model_run).files)
    return _openvino_engine(model_run.pk, digests, settings.ENVIRONMENT.threads)


def load_keras_engine(model_run: ModelRun) -> Engine:
    """Return the run's model on Keras: the reference; this does load TensorFlow."""
    return keras_engine_of(model_run, model_content(model_run, "keras"))


def keras_engine_of(model_run: ModelRun, content: bytes) -> Engine:
    """Open a model's Keras file, whose run need not be stored."""
    _check_for_keras(model_run)
    return kind_of(model_run).keras_engine(content, window_px_of(model_run))


def kind_of(model_run: ModelRun) -> ModelKind:
    """What kind of model the run made."""
    return kind_of_record(model_run.parameters.get("network") or {})


def window_px_of(model_run: ModelRun) -> int:
    """The side of a window as the run's model sees it, in pixels."""
    recorded = model_run.parameters.get("network")
    if recorded is None:  # trained before it was recorded
        return find_backbone(model_run.backbone).size_px
    side_px: int = recorded["window_px"]
    return side_px


def model_input_of(model_run: ModelRun) -> ModelInput:
    """What the run's model was trained to see."""
    return ModelInput(window_px_of(model_run), model_run.window_px or 0, model_run.window_m)


def model_content(model_run: ModelRun, engine: str) -> bytes:
    """The run's model for "openvino" or "keras" as one piece, checked; `networks.engines` opens it anywhere."""
    if engine == "keras":
        _check_for_keras(model_run)
        return checked_bytes(_file(model_run, ModelFile.Kind.KERAS))
    files = {kind: checked_bytes(_file(model_run, ModelFile.Kind(kind))) for kind in kind_of(model_run).files}
    return packed_files(model_run, files)


def packed_files(model_run: ModelRun, files: Mapping[str, bytes]) -> bytes:
    """A model's files for OpenVINO as one piece; its run need not be stored."""
    kind = kind_of(model_run)
    if missing := [name for name in kind.files if name not in files]:
        raise Refused(
            _("The model has no file of the kind %(kind)s.") % {"kind": ModelFile.Kind(missing[0]).label}
        )
    return kind.pack(files, model_run.parameters.get("features", ""))


def _check_for_keras(model_run: ModelRun) -> None:
    if not kind_of(model_run).has_keras_form:
        raise Refused(
            _("The head of %(run)s is no part of a network: Keras cannot open it.")
            % {"run": model_run.named},
            _("Leave out --engine keras."),
        )


def current_model(question: Question) -> ModelRun:
    """The model that answers the question at the moment; raises `NoModel`."""
    model_run = ModelRun.objects.current(question)
    if model_run is None or model_run.threshold is None:
        raise NoModel(
            _("There is no model for this question yet."),
            _("An admin trains and proposes one once enough is tagged; a second person confirms it."),
        )
    return model_run


def windows_for(
    model_run: ModelRun, crops: Iterable[Crop], *, photos: bool = True
) -> list[SceneWindow | CropImage]:
    """The windows around crops that the run's model is asked about; see `crop_windows`."""
    return crop_windows(
        crops, model_input_of(model_run), in_surroundings=kind_of(model_run) is DENSE, photos=photos
    )


def window_scores(model_run: ModelRun, windows: Sequence[CropSource], scenes: SceneReader) -> np.ndarray:
    """The model's scores (N,) of windows, as it gives them in a mosaic; raises `Refused`."""
    engine = load_engine(model_run)
    size_px = engine.input_size_px
    if isinstance(engine, DenseEngine):
        return engine.input_scores(np.stack([_dense_input(window, size_px, scenes) for window in windows]))
    return engine.scores(np.stack([_square(window, size_px, scenes) for window in windows]))


def _dense_input(window: CropSource, size_px: int, scenes: SceneReader) -> np.ndarray:
    if isinstance(window, SceneWindow):
        return window.dense_input(size_px, scenes)
    return padded(read_pixels(window), size_px)


def _square(window: CropSource, size_px: int, scenes: SceneReader) -> np.ndarray:
    if isinstance(window, SceneWindow):
        return window.square(size_px, scenes)
    return resized(read_pixels(window), size_px)


def answer_for_window(window: CropSource, question: Question) -> ModelAnswer:
    """Ask the question's current model about a window; raises `NoModel` or `Refused`."""
    model_run = current_model(question)
    with closing(SceneReader()) as scenes:
        score = float(window_scores(model_run, [window], scenes)[0])
    threshold = model_run.threshold or 0.0
    is_positive = score >= threshold
    return ModelAnswer(
        score=score,
        is_positive=is_positive,
        threshold=threshold,
        model_run=model_run,
        label=question.words_counting_as(CountsAs.POSITIVE if is_positive else CountsAs.NEGATIVE),
    )


@lru_cache(maxsize=2)
def _openvino_engine(run_pk: int, digests: tuple[str, ...], threads: int) -> Engine:
    """Keep the models in use compiled; another digest is another model."""
    model_run = ModelRun.objects.get(pk=run_pk)
    return engine_of(model_run, model_content(model_run, "openvino"), threads)


def engine_of(model_run: ModelRun, content: bytes, threads: int) -> Engine:
    """Open what `model_content` or `packed_files` gave, on OpenVINO."""
    return kind_of(model_run).engine(content, window_px_of(model_run), threads=threads)


def _file(model_run: ModelRun, kind: ModelFile.Kind) -> ModelFile:
    if row := model_run.files.filter(kind=kind).first():
        return row
    raise Refused(
        _("Model run %(run)s has no files to predict with.") % {"run": model_run.pk},
        _("Choose a finished model run, or train again."),
    )


def checked_bytes(row: ModelFile) -> bytes:
    """Return the file's content, which is what gets loaded: nothing can be swapped after the check."""
    remedy = _("Restore the data folder from a backup, or train again.")
    try:
        with row.file.open("rb") as file:
            content: bytes = file.read()
    except FileNotFoundError as error:
        raise Refused(_("The file %(name)s is missing.") % {"name": row.file.name}, remedy) from error
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise Refused(
            _("The file %(name)s is not the one that training made.") % {"name": row.file.name}, remedy
        )
    return content
