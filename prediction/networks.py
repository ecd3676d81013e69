"""Networks as blocks need them: questions are put one after the other, answers come when they are ready."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, Protocol

import numpy as np

from damage.errors import Refused
from damage.messages import Message as _
from training.networks.engines import (
    FeaturesEngine,
    KerasDenseNetwork,
    KerasEngine,
    OpenVinoDenseNetwork,
    OpenVinoNetwork,
    Precision,
    async_queue,
    has_bf16,
    is_headed,
    opened_with_head,
    unpacked,
)
from training.networks.heads.classifiers import Classifier

EngineName = Literal["openvino", "keras"]


class Network(Protocol):
    """A loaded model at work."""

    def start(self, images: np.ndarray, then: Callable[[np.ndarray], None]) -> None:
        """Ask about images; `then` gets the answer, perhaps later and on another thread."""

    def wait(self) -> None:
        """Return when every answer has come."""


class Immediate:
    """A network that answers on the spot."""

    def __init__(self, answer: Callable[[np.ndarray], np.ndarray]) -> None:
        self._answer = answer

    def start(self, images: np.ndarray, then: Callable[[np.ndarray], None]) -> None:
        then(self._answer(images))

    def wait(self) -> None:
        """Every answer has come."""


class Queued:
    """A network of OpenVINO's, with as many questions under way as it can work on, and as many again."""

    def __init__(self, compiled: Any) -> None:
        self._queue = async_queue(compiled, lambda answer, then: then(answer))

    def start(self, images: np.ndarray, then: Callable[[np.ndarray], None]) -> None:
        self._queue.start_async({0: images}, then)

    def wait(self) -> None:
        self._queue.wait_all()


class QueuedWithHead(Queued):
    """A network of OpenVINO's whose answers are features, and a head on them."""

    def __init__(self, compiled: Any, head: Classifier) -> None:
        super().__init__(compiled)
        self._head = head

    def start(self, images: np.ndarray, then: Callable[[np.ndarray], None]) -> None:
        super().start(images, lambda features: then(self._head.scores(features)[:, None]))


def open_network(
    model: bytes,
    *,
    sha256: str,
    engine: EngineName,
    precision: Precision,
    tile_input_px: int | None,
) -> Network:
    """A model's network, compiled once per process; raises `Refused` unless the model is the one of that digest.

    With `tile_input_px` it is dense: tiles (1, 3, input, input) in, evidence (1, cells, cells, 1) out; else windows
    (N, size, size, 3) in, scores (N, 1) out. Its threads are those of DAMAGE_THREADS, 0 or nothing for all cores.
    """
    return _opened(_Content(sha256, model), engine, precision, tile_input_px, asked_threads())


def asked_threads() -> int:
    """How many threads may work in this process, by DAMAGE_THREADS; 0 for all cores."""
    return int(os.environ.get("DAMAGE_THREADS") or 0)


@dataclass(frozen=True)
class _Content:
    """A model's bytes, known by the digest that they must have."""

    sha256: str
    content: bytes = field(compare=False, repr=False)


@lru_cache(maxsize=2)
def _opened(
    model: _Content, engine: EngineName, precision: Precision, tile_input_px: int | None, threads: int
) -> Network:
    if hashlib.sha256(model.content).hexdigest() != model.sha256:
        raise Refused(_("The model is not the one that the run was made for."), _("Predict again."))
    if engine == "keras":
        return _on_keras(model.content, is_dense=tile_input_px is not None)
    if precision == "bf16" and not has_bf16():
        raise Refused(
            _("This machine's processor does not compute in bfloat16, and the run began on one that does."),
            _("Continue it on such a machine, or predict anew with --precision f32."),
        )
    if is_headed(model.content):
        return _with_head(model.content, precision, threads)
    xml, weights = unpacked(model.content)
    if tile_input_px is None:
        return Queued(OpenVinoNetwork(xml, weights, threads=threads, precision=precision).compiled)
    dense = OpenVinoDenseNetwork(xml, weights, threads=threads, precision=precision)
    return Queued(dense.compiled_for_planes(tile_input_px))


def _with_head(model: bytes, precision: Precision, threads: int) -> Network:
    source, head = opened_with_head(model, threads=threads, precision=precision)
    if isinstance(source, OpenVinoNetwork):
        return QueuedWithHead(source.compiled, head)
    engine = FeaturesEngine(source, head)
    return Immediate(lambda images: engine.scores(images)[:, None])


def _on_keras(model: bytes, *, is_dense: bool) -> Network:
    if not is_dense:
        windows = KerasEngine(model)
        return Immediate(lambda images: windows.scores(images)[:, None])
    dense = KerasDenseNetwork(model)
    return Immediate(lambda planes: dense.evidence(np.moveaxis(planes, 1, -1))[..., None])
