"""A training as TensorBoard reads it: losses by epoch, metrics by part, what was chosen. Pure."""

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

# TensorBoard's own switch to write without TensorFlow, whose start takes several times as long as a whole training.
sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))

from tensorboard.compat.proto.event_pb2 import Event  # noqa: E402
from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: E402
from tensorboard.plugins.hparams.summary_v2 import hparams_pb  # noqa: E402
from tensorboard.summary.writer.event_file_writer import EventFileWriter  # noqa: E402

PARTS = ("train", "validation", "test")


def write_log(folder: Path, *, name: str, metrics: Mapping[str, Any], chosen: Mapping[str, Any]) -> None:
    """Write one log into a folder: `metrics` as a run keeps them, `chosen` as TensorBoard's hyper-parameters.

    Curves are tagged "loss/train" with a step for each epoch, metrics "test/auc" with one step.
    """
    now = time.time()
    writer = EventFileWriter(str(folder))
    for tag, step, value in _scalars(metrics):
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
        writer.add_event(Event(wall_time=now, step=step, summary=summary))
    writer.add_event(
        Event(wall_time=now, summary=hparams_pb(dict(_flat(chosen)), trial_id=name, start_time_secs=now))
    )
    writer.close()


def _scalars(metrics: Mapping[str, Any]) -> Iterator[tuple[str, int, float]]:
    for curve, values in metrics.get("curves", {}).items():
        part, _underscore, what = curve.partition("_")
        yield from ((f"{what}/{part}", epoch, value) for epoch, value in enumerate(values, start=1))
    for part in PARTS:
        for metric, value in metrics.get(part, {}).items():
            if isinstance(value, (int, float)):
                yield f"{part}/{metric}", 0, value


def _flat(chosen: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str | float | bool]]:
    """Values of one level, as TensorBoard wants them: "head.l2"; lists by commas; what was not chosen left out."""
    for name, value in chosen.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)):
            yield f"{prefix}{name}", ", ".join(map(str, value))
        elif value is not None:
            yield f"{prefix}{name}", value
