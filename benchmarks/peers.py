"""Other programs measured beside ours by `mosaic.py --peers`: PyTorch loops over windows, and GeoDeep.

All of them work on the same share of the mosaic's middle, where all is ground, with a network of the same
architecture and random weights, which do not change the speed. None of their packages is imported by the project.
"""

import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers_environment import FOLDER, NotInstalled, peers_python
from benchmarks.thesis_way import STRIDE_PX, WINDOW_PX
from benchmarks.workplace import measured_in_child
from training.networks.backbones.registry import find_backbone

SECONDS = 45.0  # each
# The middle of the mosaic that is flown for certain, as a share of each side. Not so wide that a loop which goes
# row by row sees few rows in its time.
FLOWN = 0.8
MOST_WIDTH_PX = 20_000

READERS = {"torchgeo": "torchgeo", "pytorch": "rasterio"}
GEODEEP_TILE_PX = 640
# GeoDeep shrinks by whole numbers only. Ours sees 299 px of the mosaic as 224: it lies between the two.
GEODEEP_SHRINKS = {"geodeep": 1, "geodeep-halved": 2}
PEERS = (*READERS, *GEODEEP_SHRINKS)


@dataclass(frozen=True)
class Share:
    """A rectangle of a mosaic, in its pixels."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int

    @property
    def mpx(self) -> float:
        return self.width_px * self.height_px / 1e6

    def upper(self, mpx: float, *, least_px: int) -> "Share":
        """Its upper part of so many millions of pixels, of at least this height, at most all of it."""
        height_px = min(max(round(mpx * 1e6 / self.width_px), least_px), self.height_px)
        return Share(self.left_px, self.top_px, self.width_px, height_px)


def middle_share(width_px: int, height_px: int) -> Share:
    """The share of a mosaic of this size on which peers are measured."""
    width, height = min(int(width_px * FLOWN), MOST_WIDTH_PX), int(height_px * FLOWN)
    return Share((width_px - width) // 2, (height_px - height) // 2, width, height)


def measure_peers(mosaic: Path, *, size_px: tuple[int, int], gsd_m: float, backbone: str) -> dict[str, Any]:
    """What each peer did, or why it was skipped."""
    try:
        python = peers_python()
    except NotInstalled as error:
        return {name: {"skipped": f"its packages cannot be installed: {error}"} for name in PEERS}
    share = middle_share(*size_px)
    work = {"mosaic": mosaic.resolve(), "share": asdict(share), "seconds": SECONDS}
    network = backbone.replace("-", "_")  # as timm spells it
    grid = {
        "window_px": WINDOW_PX,
        "stride_px": STRIDE_PX,
        "input_px": find_backbone(backbone).size_px,
    }
    return {
        name: _measured("peer_pytorch", python=python, **work, grid=grid, network=network, reader=reader)
        for name, reader in READERS.items()
    } | _geodeep(python, work, network, gsd_m)


def _geodeep(python: Path, work: dict[str, Any], network: str, gsd_m: float) -> dict[str, Any]:
    """GeoDeep with one model, told two resolutions."""
    model = FOLDER / f"geodeep-{network}.onnx"
    made = _measured(
        "peer_geodeep_model", python=python, path=model, network=network, tile_px=GEODEEP_TILE_PX
    )
    if "skipped" in made:
        return dict.fromkeys(GEODEEP_SHRINKS, made)
    return {
        name: {"how": f"{made['how']}, pixels shrunk by {shrink}"}
        | _measured(
            "peer_geodeep",
            **work,
            program=python.with_name("geodeep"),
            model=model,
            # A little more, as GeoDeep divides and rounds down.
            resolution_cm=round(gsd_m * 100 * shrink * 1.01, 2),
            tile_px=GEODEEP_TILE_PX * shrink,
        )
        for name, shrink in GEODEEP_SHRINKS.items()
    }


def _measured(module: str, **options: Any) -> dict[str, Any]:
    """What the child says, or why there is nothing: one peer's failure does not end the benchmark."""
    try:
        return measured_in_child(module, **options)
    except subprocess.CalledProcessError as error:
        return {"skipped": f"{module} ended with {error.returncode}; what it said stands above"}


def compared(peers: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """The peers' figures beside those of our run: how many times as fast we are on ground, and how many times the
    processor time that we take for it they take, which others who keep the machine busy change less."""
    return {
        name: figures
        if "skipped" in figures
        else figures
        | {
            "ours_times": round(ours["valid_mpx_per_s"] / figures["mpx_per_s"], 2),
            "times_our_cpu": round(figures["cpu_ms_per_mpx"] / ours["cpu_ms_per_mpx"], 2),
        }
        for name, figures in peers.items()
    }


def peer_lines(peers: dict[str, Any]) -> list[str]:
    """The comparison for a person, a line for each peer."""
    return [
        f"{name}: not measured, {figures['skipped']}"
        if "skipped" in figures
        else f"{name} ({figures['how']}): {figures['mpx_per_s']} Mpx/s of ground in {figures['seconds']} s, ours is "
        f"{figures['ours_times']} times as fast; {figures['cpu_ms_per_mpx']} ms of processor time per Mpx, "
        f"{figures['times_our_cpu']} times ours; {figures['cores_busy_elsewhere']} cores busy with other things"
        for name, figures in peers.items()
    ]
