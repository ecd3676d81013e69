"""Which way a model looks through a scene, and why: chosen by what model, scene and machine allow."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from damage.errors import Refused
from prediction.layouts import TileLayout, WindowLayout
from prediction.networks import EngineName
from prediction.reading import Source, is_tiled
from prediction.windows import Grid, Sight, grid_for
from training.engines import Precision, has_bf16

# A row of windows of a file in strips is read whole up to so many pixels.
ROW_PX = 2**26
LAYOUTS = {"tiles": TileLayout, "windows": WindowLayout}


@dataclass(frozen=True)
class Plan:
    """All that decides a run's result besides scene and model; `reasons` and `warnings` tell people."""

    layout: TileLayout | WindowLayout
    engine: EngineName
    precision: Precision
    reasons: tuple[str, ...] = field(default=(), compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def as_json(self) -> dict[str, Any]:
        kind = "tiles" if isinstance(self.layout, TileLayout) else "windows"
        return asdict(self) | {"layout": {"kind": kind, **asdict(self.layout)}}

    def sha256(self, *, scene_sha256: str, model_sha256: str) -> str:
        """Of everything that decides the result."""
        deciding = {
            name: value for name, value in self.as_json().items() if name not in ("reasons", "warnings")
        }
        described = json.dumps([deciding, scene_sha256, model_sha256], sort_keys=True)
        return hashlib.sha256(described.encode()).hexdigest()


def plan_from_json(values: dict[str, Any]) -> Plan:
    """The plan that `Plan.as_json` described."""
    layout = dict(values["layout"])
    grid = Grid(**layout.pop("grid"))
    return Plan(
        layout=LAYOUTS[layout.pop("kind")](grid=grid, **layout),
        engine=values["engine"],
        precision=values["precision"],
        reasons=tuple(values["reasons"]),
        warnings=tuple(values["warnings"]),
    )


def plan_for(
    source: Source,
    sight: Sight,
    *,
    width_px: int,
    height_px: int,
    gsd_m: float | None,
    is_dense: bool,
    is_headed: bool = False,
    is_classical: bool = False,
    engine: EngineName = "openvino",
    precision: Precision | None = None,
) -> Plan:
    """The quickest way that gives the model's own scores; raises `Refused` where scene and model do not fit."""
    grid, warnings = grid_for(sight, width_px=width_px, height_px=height_px, gsd_m=gsd_m)
    whole_rows = not is_tiled(source) and grid.width_px * grid.window_px * grid.scale**2 <= ROW_PX
    layout = (TileLayout if is_dense else WindowLayout)(grid, sight.input_size_px, whole_rows)
    chosen, why = _precision(engine, precision, is_headed=is_headed, is_classical=is_classical)
    framework = "OpenVINO on the processor" if engine == "openvino" else "TensorFlow/Keras, the reference"
    if is_headed:
        framework = (
            "scikit-image and scikit-learn" if is_classical else f"{framework}, scikit-learn on its features"
        )
    reasons = [
        _way(layout),
        f"Windows of {grid.window_px} px every {grid.stride_px} px, seen at {sight.input_size_px} px.",
        _scale(grid, sight, gsd_m),
        f"{framework}, {chosen}: {why}",
        "Read in whole rows, as the file is stored in strips."
        if whole_rows
        else f"Read in squares of about {layout.block_px} px.",
    ]
    return Plan(layout, engine, chosen, tuple(reasons), tuple(warnings))


def _way(layout: TileLayout | WindowLayout) -> str:
    if isinstance(layout, TileLayout):
        return (
            f"Dense: the network runs once over tiles of {layout.tile_px} px and windows share what it computes, "
            f"because the model is fully convolutional with a linear head."
        )
    return "Window by window, because the model can only be asked about one window at a time."


def _scale(grid: Grid, sight: Sight, gsd_m: float | None) -> str:
    if grid.scale == 1:
        return "Read at full size."
    known = (
        f" ({sight.gsd_m:.2g} m per pixel in training, {gsd_m:.2g} m here)" if sight.gsd_m and gsd_m else ""
    )
    return f"Read at 1/{grid.scale} of its size: the model was trained on coarser pixels{known} or sees no finer."


def _precision(
    engine: EngineName, wanted: Precision | None, *, is_headed: bool, is_classical: bool
) -> tuple[Precision, str]:
    if is_headed and engine == "keras":
        raise Refused(
            "The model's head is no part of a network: Keras cannot open it.", "Leave out --engine keras."
        )
    if is_classical:
        if wanted == "bf16":
            raise Refused("Without a network nothing is computed in bf16.", "Leave out --precision.")
        return "f32", "no network is asked."
    if is_headed and not wanted:
        return "f32", "a head beside the network may turn where features move a little."
    if engine == "keras":
        if wanted == "bf16":
            raise Refused("Keras predicts in f32.", "Leave out --precision, or --engine keras.")
        return "f32", "as it was trained."
    if wanted == "bf16" and not has_bf16():
        raise Refused("This machine's processor does not compute in bfloat16.", "Leave out --precision.")
    if wanted:
        return wanted, "as asked for."
    if has_bf16():
        return "bf16", "this processor has it, and it is more than twice as fast as f32."
    return "f32", "this processor has no bfloat16."
