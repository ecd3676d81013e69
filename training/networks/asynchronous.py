"""Networks that are asked one thing after the other, whose answers come when they are ready."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from training.networks.engines import async_queue
from training.networks.heads.classifiers import Classifier


class AsyncNetwork(Protocol):
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
