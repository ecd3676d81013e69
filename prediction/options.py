"""What may be chosen of predictions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.networks.engines import Precision
    from training.networks.kinds import EngineName


# Boxes may overlap by so much before the worse one gives way. Neighbouring windows share 0.18 of their union: each that
# reaches the threshold stays, so that a box says "this square", and ruins without gaps are covered without gaps. With 0
# one box stands for all windows that touch it, and half of what people tagged as damage among ruins lay in none.
MAX_IOU = 0.2


@dataclass(frozen=True, kw_only=True)
class PredictionOptions:
    """What may be chosen of a prediction; None leaves it to the model, to `MAX_IOU`, or to what the machine can do."""

    threshold: float | None = None
    max_iou: float | None = None
    engine: "EngineName" = "openvino"
    precision: "Precision | None" = None


DEFAULT_OPTIONS = PredictionOptions()


@dataclass(frozen=True, kw_only=True)
class RunnerConfig:
    """Where the work is done: here, on so many processes, or on a Dask cluster."""

    workers: int = 1
    dask: str = ""


DEFAULT_RUNNER = RunnerConfig()
