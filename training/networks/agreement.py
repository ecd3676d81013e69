"""Whether a model that was stored scores as the one that was trained. Loads neither TensorFlow nor OpenVINO."""

import numpy as np

from damage.errors import DamageError
from training.networks.engines import TOLERANCE, Engine


class EnginesDisagree(DamageError):
    """An exported model scores windows unlike the one that was trained, so it may not be trusted."""


def check_scores(
    name: str, engine: Engine, windows: np.ndarray, scores: np.ndarray, tolerance: float = TOLERANCE
) -> None:
    """Raise `EnginesDisagree` unless a model, opened on the engine so named, gives `windows` their `scores`."""
    difference = float(np.abs(engine.scores(windows) - scores).max())
    if not difference <= tolerance:
        raise EnginesDisagree(
            f"The model's scores on {name} differ from those of its training by {difference:.4f}; "
            f"at most {tolerance:.2g} is allowed."
        )
