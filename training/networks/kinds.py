"""The kinds of model, and all that follows from a kind: its files, how they are packed and opened, on which engines and
how exactly it computes, and how it is described to others. A further kind is one class here.

Importing this loads neither TensorFlow nor OpenVINO.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from damage.errors import Refused
from damage.messages import Message
from damage.messages import Message as _
from training.networks.agreement import check_scores
from training.networks.asynchronous import AsyncNetwork, Immediate, Queued, QueuedWithHead
from training.networks.classical import ClassicalFeatures
from training.networks.engines import (
    TOLERANCE,
    DenseEngine,
    Engine,
    FeaturesEngine,
    KerasDenseNetwork,
    KerasEngine,
    OpenVinoDenseNetwork,
    OpenVinoEngine,
    OpenVinoNetwork,
    Precision,
    classical_features_in,
    has_bf16,
    is_headed,
    opened_with_head,
    packed,
    packed_with_head,
    unpacked,
)
from training.networks.heads.classifiers import Classifier, classifier_file
from training.networks.kept_networks import Export, feature_export, window_export, window_network

EngineName = Literal["openvino", "keras"]
OPENVINO_FILES = ("openvino_xml", "openvino_bin")


@dataclass(frozen=True)
class Output:
    """What the network of a kind gives; -1 stands for any number."""

    name: str
    description: str
    shape: tuple[int, ...]
    dim_order: tuple[str, ...]


@dataclass(frozen=True)
class TrainedParts:
    """What a training made.

    `source` is a `Backbone` or `ClassicalFeatures`, `head` a `LinearHead` or a `Classifier`, as the kind has them;
    `network` is the backbone's, a `keras.Model`, where the training changed it too. Exported networks are kept in
    `cache_dir`.
    """

    source: Any
    head: Any
    network: Any = None
    weights_dir: Path | None = None
    cache_dir: Path | None = None


class ModelKind(ABC):
    """What all kinds have in common: one network, which both engines can run."""

    name: ClassVar[str]
    files: ClassVar[tuple[str, ...]] = OPENVINO_FILES  # what is opened when it is at work without Keras
    layout: ClassVar[Literal["tiles", "windows"]] = "windows"  # how a scene is cut up for it
    has_keras_form: ClassVar[bool] = True
    is_portable: ClassVar[bool] = True  # whether it may be handed on as one file
    output: ClassVar[Output] = Output("score", "The score of the answer yes.", (-1, 1), ("batch", "score"))

    def record(self, window_px: int) -> dict[str, Any]:
        """What a run's parameters keep of its network; `kind_of_record` reads it."""
        return {
            "window_px": window_px,
            "is_dense": self is DENSE,
            "is_headed": self in (TWO_PART, CLASSICAL),
            "is_classical": self is CLASSICAL,
        }

    def input_side_px(self, window_px: int) -> int | None:
        """The side of the images that its network takes; None where it takes any."""
        return window_px

    def exports(self, source: Any, weights_dir: Path | None, *, is_tuned: bool) -> list[Export]:
        """What a training of it on a `source` takes of what is exported once; `is_tuned`: the network learns too."""
        return [feature_export(source, weights_dir)]

    @abstractmethod
    def artefact(
        self, parts: TrainedParts, windows: np.ndarray, scores: np.ndarray, *, threads: int = 0
    ) -> dict[str, bytes]:
        """Its files by kind, after they gave `windows` (N, size, size, 3) their `scores` (N,).

        Raises `EnginesDisagree`. Loads TensorFlow where a network has to be built or exported.
        """

    def pack(self, files: Mapping[str, bytes], features: str) -> bytes:
        """Its files for OpenVINO as one piece; `features` is the recipe of classical features."""
        return packed(*(files[kind] for kind in OPENVINO_FILES))

    @abstractmethod
    def engine(self, content: bytes, window_px: int, *, threads: int = 0) -> Engine:
        """What `pack` gave, opened on OpenVINO."""

    def keras_engine(self, content: bytes, window_px: int) -> Engine:
        """Its Keras file, opened; loads TensorFlow. Raises `Refused` where there is none."""
        raise _no_keras_form()

    @abstractmethod
    def network(
        self, content: bytes, *, precision: Precision, threads: int, tile_input_px: int | None
    ) -> AsyncNetwork:
        """What `pack` gave, opened for blocks of a scene.

        Dense models take tiles (1, 3, input, input) and give logits (1, cells, cells, 1), others take windows
        (N, size, size, 3) and give scores (N, 1).
        """

    def keras_network(self, content: bytes) -> AsyncNetwork:
        """Its Keras file, opened for blocks of a scene; loads TensorFlow. Raises `Refused` where there is none."""
        raise _no_keras_form()

    def framework(self, engine: EngineName) -> Message:
        """On what it computes, for people."""
        if engine == "openvino":
            return _("OpenVINO on the processor")
        return _("TensorFlow/Keras, the reference")

    def precision(self, engine: EngineName, wanted: Precision | None) -> tuple[Precision, Message]:
        """How exactly it computes on this machine, and why; raises `Refused`."""
        if engine == "keras":
            if wanted == "bf16":
                raise Refused(_("Keras predicts in f32."), _("Leave out --precision, or --engine keras."))
            return "f32", _("as it was trained.")
        if wanted == "bf16" and not has_bf16():
            raise Refused(
                _("This machine's processor does not compute in bfloat16."), _("Leave out --precision.")
            )
        if wanted:
            return wanted, _("as asked for.")
        if has_bf16():
            return "bf16", _("this processor has it, and it is more than twice as fast as f32.")
        return "f32", _("this processor has no bfloat16.")


class Dense(ModelKind):
    """One network over a whole stretch of ground, whose windows share its computation; see `networks.dense`."""

    name = "dense"
    layout = "tiles"
    output = Output(
        "logits",
        "A logit for every 16 px of the input; a window's score is the logistic function of its mean.",
        (-1, -1, -1, 1),
        ("batch", "height", "width", "logits"),
    )

    def exports(self, source: Any, weights_dir: Path | None, *, is_tuned: bool) -> list[Export]:
        from training.networks.export_template import template_export

        features = super().exports(source, weights_dir, is_tuned=is_tuned)
        return features if is_tuned else [*features, template_export(source, weights_dir)]

    def artefact(
        self, parts: TrainedParts, windows: np.ndarray, scores: np.ndarray, *, threads: int = 0
    ) -> dict[str, bytes]:
        from training.networks.export_template import export_template

        weights, bias = parts.head.folded()
        if parts.network is None:
            template = export_template(parts.source, parts.weights_dir, parts.cache_dir)
            return template.files(weights, bias, windows, scores, threads=threads)
        from training.networks.backbones.building import logits_model
        from training.networks.export import artefact

        model = logits_model(parts.source, weights, bias, parts.weights_dir, network=parts.network)
        return artefact(model, windows, scores, threads=threads)

    def input_side_px(self, window_px: int) -> int | None:
        return None

    def engine(self, content: bytes, window_px: int, *, threads: int = 0) -> Engine:
        return DenseEngine(OpenVinoDenseNetwork(*unpacked(content), threads=threads), window_px)

    def keras_engine(self, content: bytes, window_px: int) -> Engine:
        return DenseEngine(KerasDenseNetwork(content), window_px)

    def network(
        self, content: bytes, *, precision: Precision, threads: int, tile_input_px: int | None
    ) -> AsyncNetwork:
        assert tile_input_px is not None, "a dense model is asked about tiles"  # noqa: S101
        dense = OpenVinoDenseNetwork(*unpacked(content), threads=threads, precision=precision)
        return Queued(dense.compiled_for_planes(tile_input_px))

    def keras_network(self, content: bytes) -> AsyncNetwork:
        dense = KerasDenseNetwork(content)
        return Immediate(lambda planes: dense.logits(np.moveaxis(planes, 1, -1))[..., None])


class Windowed(ModelKind):
    """One network that is asked about one window at a time."""

    name = "windowed"

    def artefact(
        self, parts: TrainedParts, windows: np.ndarray, scores: np.ndarray, *, threads: int = 0
    ) -> dict[str, bytes]:
        from training.networks.backbones.building import feature_extractor
        from training.networks.export import artefact, whole_model
        from training.networks.heads.keras_layer import keras_head

        model = whole_model(feature_extractor(parts.source, parts.weights_dir), keras_head(parts.head))
        return artefact(model, windows, scores, threads=threads)

    def engine(self, content: bytes, window_px: int, *, threads: int = 0) -> Engine:
        return OpenVinoEngine(*unpacked(content), threads=threads)

    def keras_engine(self, content: bytes, window_px: int) -> Engine:
        return KerasEngine(content)

    def network(
        self, content: bytes, *, precision: Precision, threads: int, tile_input_px: int | None
    ) -> AsyncNetwork:
        return Queued(OpenVinoNetwork(*unpacked(content), threads=threads, precision=precision).compiled)

    def keras_network(self, content: bytes) -> AsyncNetwork:
        windows = KerasEngine(content)
        return Immediate(lambda images: windows.scores(images)[:, None])


class _Headed(ModelKind):
    """Features, and a head of scikit-learn's beside what gives them."""

    has_keras_form = False

    def _check_opened(
        self,
        files: Mapping[str, bytes],
        features: str,
        head: Classifier,
        windows: np.ndarray,
        scores: np.ndarray,
        *,
        threads: int = 0,
    ) -> None:
        """Raise `EnginesDisagree` unless the files, opened anew, give `windows` their `scores`."""
        engine = self.engine(self.pack(files, features), windows.shape[1], threads=threads)
        check_scores("features and head", engine, windows, scores, TOLERANCE + head.tolerance)


class TwoPart(_Headed):
    """A network that gives features, and a head of scikit-learn's beside it."""

    name = "two-part"
    files = (*OPENVINO_FILES, "skops")

    def exports(self, source: Any, weights_dir: Path | None, *, is_tuned: bool) -> list[Export]:
        features = super().exports(source, weights_dir, is_tuned=is_tuned)
        return [*features, window_export(source, weights_dir)]

    def artefact(
        self, parts: TrainedParts, windows: np.ndarray, scores: np.ndarray, *, threads: int = 0
    ) -> dict[str, bytes]:
        xml, weights = window_network(parts.source, parts.weights_dir, parts.cache_dir)
        files = {"skops": classifier_file(parts.head), "openvino_xml": xml, "openvino_bin": weights}
        self._check_opened(files, "", parts.head, windows, scores, threads=threads)
        return files

    def pack(self, files: Mapping[str, bytes], features: str) -> bytes:
        return packed_with_head(files["skops"], network=super().pack(files, features))

    def engine(self, content: bytes, window_px: int, *, threads: int = 0) -> Engine:
        return FeaturesEngine(*opened_with_head(content, threads=threads))

    def network(
        self, content: bytes, *, precision: Precision, threads: int, tile_input_px: int | None
    ) -> AsyncNetwork:
        source, head = opened_with_head(content, threads=threads, precision=precision)
        assert isinstance(source, OpenVinoNetwork)  # noqa: S101 - as `kind_of_content` found
        return QueuedWithHead(source.compiled, head)

    def framework(self, engine: EngineName) -> Message:
        return _("%(framework)s, scikit-learn on its features") % {"framework": super().framework(engine)}

    def precision(self, engine: EngineName, wanted: Precision | None) -> tuple[Precision, Message]:
        if engine == "keras":
            raise _no_keras_form()
        if not wanted:
            return "f32", _("a head beside the network may turn where features move a little.")
        return super().precision(engine, wanted)


class Classical(_Headed):
    """Features that were measured before there were networks, and a head of scikit-learn's on them."""

    name = "classical"
    files = ("skops",)
    is_portable = False

    def exports(self, source: Any, weights_dir: Path | None, *, is_tuned: bool) -> list[Export]:
        return []

    def artefact(
        self, parts: TrainedParts, windows: np.ndarray, scores: np.ndarray, *, threads: int = 0
    ) -> dict[str, bytes]:
        from training.networks.heads.fitted import as_classifier

        head = as_classifier(parts.head)
        files = {"skops": classifier_file(head)}
        self._check_opened(files, parts.source.recipe_id, head, windows, scores)
        return files

    def pack(self, files: Mapping[str, bytes], features: str) -> bytes:
        return packed_with_head(files["skops"], classical=features)

    def engine(self, content: bytes, window_px: int, *, threads: int = 0) -> Engine:
        return FeaturesEngine(*opened_with_head(content))

    def network(
        self, content: bytes, *, precision: Precision, threads: int, tile_input_px: int | None
    ) -> AsyncNetwork:
        engine = self.engine(content, 0)
        return Immediate(lambda images: engine.scores(images)[:, None])

    def framework(self, engine: EngineName) -> Message:
        return _("scikit-image and scikit-learn")

    def precision(self, engine: EngineName, wanted: Precision | None) -> tuple[Precision, Message]:
        if engine == "keras":
            raise _no_keras_form()
        if wanted == "bf16":
            raise Refused(_("Without a network nothing is computed in bf16."), _("Leave out --precision."))
        return "f32", _("no network is asked.")


DENSE, WINDOWED, TWO_PART, CLASSICAL = Dense(), Windowed(), TwoPart(), Classical()


def kind_to_train(backbone: Any, *, head_is_layer: bool) -> ModelKind:
    """The kind of model that comes of a backbone, or of classical features, and a head."""
    if isinstance(backbone, ClassicalFeatures):
        return CLASSICAL
    if not head_is_layer:
        return TWO_PART
    return DENSE if backbone.is_dense else WINDOWED


def kind_of_record(record: Mapping[str, Any]) -> ModelKind:
    """The kind that `ModelKind.record` describes; what was trained before there were others is windowed."""
    if record.get("is_classical"):
        return CLASSICAL
    if record.get("is_headed"):
        return TWO_PART
    return DENSE if record.get("is_dense") else WINDOWED


def kind_of_content(content: bytes, *, is_dense: bool) -> ModelKind:
    """The kind of a model in one piece, which travels without its record; whether it is dense, its layout tells."""
    if is_headed(content):
        return CLASSICAL if classical_features_in(content) else TWO_PART
    return DENSE if is_dense else WINDOWED


def _no_keras_form() -> Refused:
    return Refused(
        _("The model's head is no part of a network: Keras cannot open it."), _("Leave out --engine keras.")
    )
