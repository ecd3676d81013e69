"""Finished models at work: opened by their run, checked against its digests. Never loads TensorFlow."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext as _

from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.rasters import read_square
from tagging.models import Question
from training.backbones.registry import find_backbone
from training.engines import (
    DenseEngine,
    Engine,
    KerasDenseNetwork,
    KerasEngine,
    OpenVinoDenseNetwork,
    OpenVinoEngine,
    packed,
)
from training.models import ModelFile, ModelRun
from training.resizing import resized

OPENVINO = (ModelFile.Kind.OPENVINO_XML, ModelFile.Kind.OPENVINO_BIN)


class NoModel(Refused):
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
    digests = [_file(model_run, kind).sha256 for kind in OPENVINO]
    return _openvino_engine(model_run.pk, *digests, *network_of(model_run), settings.ENVIRONMENT.threads)


def load_keras_engine(model_run: ModelRun) -> Engine:
    """Return the run's model on Keras: the reference; this does load TensorFlow."""
    content = _checked_bytes(_file(model_run, ModelFile.Kind.KERAS))
    window_px, is_dense = network_of(model_run)
    return DenseEngine(KerasDenseNetwork(content), window_px) if is_dense else KerasEngine(content)


def network_of(model_run: ModelRun) -> tuple[int, bool]:
    """The side of a window as the run's network sees it, in pixels, and whether the network is dense."""
    recorded = model_run.parameters.get("network")
    if recorded is None:  # trained before there were dense networks
        return find_backbone(model_run.backbone).size_px, False
    return recorded["window_px"], recorded["is_dense"]


def model_content(model_run: ModelRun, engine: str) -> bytes:
    """The run's model for "openvino" or "keras" as one piece, checked; `training.engines` opens it anywhere."""
    if engine == "keras":
        return _checked_bytes(_file(model_run, ModelFile.Kind.KERAS))
    return packed(*(_checked_bytes(_file(model_run, kind)) for kind in OPENVINO))


def answer_for_square(*, scene: Scene, x_px: int, y_px: int, size_px: int, question: Question) -> ModelAnswer:
    """Ask the question's current model about a square of a scene; raises `NoModel` or `Refused`."""
    model_run = ModelRun.objects.current(question)
    if model_run is None or model_run.threshold is None:
        raise NoModel(
            _("There is no model for this question yet."),
            _("An admin trains and proposes one once enough is tagged; a second person confirms it."),
        )
    square = read_square(scene.path, x_px, y_px, size_px, orientation=scene.exif_orientation)
    engine = load_engine(model_run)
    score = float(engine.scores(resized(square, engine.input_size_px)[None])[0])
    is_positive = score >= model_run.threshold
    return ModelAnswer(
        score=score,
        is_positive=is_positive,
        threshold=model_run.threshold,
        model_run=model_run,
        label=question.words("positive_label" if is_positive else "negative_label"),
    )


@lru_cache(maxsize=2)
def _openvino_engine(
    run_pk: int, xml_sha256: str, bin_sha256: str, window_px: int, is_dense: bool, threads: int
) -> Engine:
    """Keep the models in use compiled; another digest is another model."""
    files = {row.sha256: row for row in ModelFile.objects.filter(model_run_id=run_pk)}
    parts = [_checked_bytes(files[sha256]) for sha256 in (xml_sha256, bin_sha256)]
    if is_dense:
        return DenseEngine(OpenVinoDenseNetwork(*parts, threads=threads), window_px)
    return OpenVinoEngine(*parts, threads=threads)


def _file(model_run: ModelRun, kind: ModelFile.Kind) -> ModelFile:
    if row := model_run.files.filter(kind=kind).first():
        return row
    raise Refused(
        _("Model run %(run)s has no files to predict with.") % {"run": model_run.pk},
        _("Choose a finished model run, or train again."),
    )


def _checked_bytes(row: ModelFile) -> bytes:
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
