"""A training as TensorBoard reads it: losses by epoch, figures by part, what was chosen. Pure, but needs TensorFlow."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

PARTS = ("train", "validation", "test")


def write_log(folder: Path, *, name: str, metrics: Mapping[str, Any], chosen: Mapping[str, Any]) -> None:
    """Write one log into a folder: `metrics` as a run keeps them, `chosen` as TensorBoard's hyper-parameters.

    Curves are tagged "loss/train" with a step for each epoch, figures "test/auc" with one step.
    """
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for curve, values in metrics.get("curves", {}).items():
            part, _underscore, what = curve.partition("_")
            for epoch, value in enumerate(values, start=1):
                tf.summary.scalar(f"{what}/{part}", value, step=epoch)
        for part in PARTS:
            for figure, value in metrics.get(part, {}).items():
                if isinstance(value, (int, float)):
                    tf.summary.scalar(f"{part}/{figure}", value, step=0)
        hparams.hparams(dict(_flat(chosen)), trial_id=name)
    writer.close()


def _flat(chosen: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str | float | bool]]:
    """Values of one level, as TensorBoard wants them: "head.l2"; lists by commas; what was not chosen left out."""
    for name, value in chosen.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)):
            yield f"{prefix}{name}", ", ".join(map(str, value))
        elif value is not None:
            yield f"{prefix}{name}", value
