"""What may be chosen of predictions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.networks.engines import Precision
    from training.networks.kinds import EngineName


@dataclass(frozen=True, kw_only=True)
class PredictionOptions:
    """What may be chosen of a prediction; None leaves it to the model, or to what the machine can do."""

    threshold: float | None = None
    max_iou: float = 0.0
    engine: "EngineName" = "openvino"
    precision: "Precision | None" = None


DEFAULT_OPTIONS = PredictionOptions()


@dataclass(frozen=True, kw_only=True)
class RunnerConfig:
    """Where the work is done: here, on so many processes, or on a Dask cluster."""

    workers: int = 1
    dask: str = ""


DEFAULT_RUNNER = RunnerConfig()
