"""Which way a model looks through a scene, and why: chosen by what model, scene and machine allow."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from damage.ingestion.reading import Source, is_tiled
from damage.messages import Message, message_of
from damage.messages import Message as _
from prediction.layouts import TileLayout, WindowLayout, fitting_tile_px
from prediction.windows import Grid, grid_for
from training.networks.engines import Precision
from training.networks.kinds import EngineName, ModelKind
from training.networks.model_input import ModelInput

# A row of windows of a file in strips is read whole up to so many pixels.
ROW_PX = 2**26
LAYOUTS = {"tiles": TileLayout, "windows": WindowLayout}


@dataclass(frozen=True)
class Plan:
    """All that decides a run's result besides scene and model; `reasons` and `warnings` tell people."""

    layout: TileLayout | WindowLayout
    engine: EngineName
    precision: Precision
    reasons: tuple[Message, ...] = field(default=(), compare=False)
    warnings: tuple[Message, ...] = field(default=(), compare=False)

    def as_json(self) -> dict[str, Any]:
        kind = "tiles" if isinstance(self.layout, TileLayout) else "windows"
        return {
            "layout": {"kind": kind, **asdict(self.layout)},
            "engine": self.engine,
            "precision": self.precision,
            "reasons": [reason.as_json() for reason in self.reasons],
            "warnings": [warning.as_json() for warning in self.warnings],
        }

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
        reasons=tuple(map(message_of, values["reasons"])),
        warnings=tuple(map(message_of, values["warnings"])),
    )


def plan_for(
    source: Source,
    model_input: ModelInput,
    *,
    width_px: int,
    height_px: int,
    gsd_m: float | None,
    kind: ModelKind,
    engine: EngineName = "openvino",
    precision: Precision | None = None,
) -> Plan:
    """The quickest way that gives the model's own scores; raises `Refused` where scene and model do not fit."""
    grid, warnings = grid_for(model_input, width_px=width_px, height_px=height_px, gsd_m=gsd_m)
    whole_rows = not is_tiled(source) and grid.width_px * grid.window_px * grid.scale**2 <= ROW_PX
    layout = _layout(kind, grid, model_input.input_size_px, whole_rows=whole_rows)
    chosen, why = kind.precision(engine, precision)
    reasons = [
        _way(layout),
        _("Windows of %(window_px)s px every %(stride_px)s px, seen at %(input_px)s px.")
        % {"window_px": grid.window_px, "stride_px": grid.stride_px, "input_px": model_input.input_size_px},
        _scale(grid, model_input, gsd_m),
        _("%(framework)s, %(precision)s: %(why)s")
        % {"framework": kind.framework(engine), "precision": chosen, "why": why},
        _("Read in whole rows, as the file is stored in strips.")
        if whole_rows
        else _("Read in squares of about %(block_px)s px.") % {"block_px": layout.block_px},
    ]
    return Plan(layout, engine, chosen, tuple(reasons), tuple(warnings))


def _layout(kind: ModelKind, grid: Grid, network_px: int, *, whole_rows: bool) -> TileLayout | WindowLayout:
    if kind.layout == "windows":
        return WindowLayout(grid, network_px, whole_rows)
    return TileLayout(grid, network_px, whole_rows, fitting_tile_px(grid, network_px))


def _way(layout: TileLayout | WindowLayout) -> Message:
    if isinstance(layout, TileLayout):
        return _(
            "Dense: the network runs once over tiles of %(tile_px)s px and windows share what it computes, "
            "because the model is fully convolutional with a linear head."
        ) % {"tile_px": layout.tile_px}
    return _("Window by window, because the model can only be asked about one window at a time.")


def _scale(grid: Grid, model_input: ModelInput, gsd_m: float | None) -> Message:
    if grid.scale == 1:
        return _("Read at full size.")
    if not (model_input.gsd_m and gsd_m):
        return _(
            "Read at 1/%(scale)s of its size: the model was trained on coarser pixels or sees no finer."
        ) % {"scale": grid.scale}
    return _(
        "Read at 1/%(scale)s of its size: the model was trained on coarser pixels (%(trained_m).2g m per pixel in "
        "training, %(gsd_m).2g m here) or sees no finer."
    ) % {"scale": grid.scale, "trained_m": model_input.gsd_m, "gsd_m": gsd_m}
