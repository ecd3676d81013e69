"""A child of `mosaic.py --peers`, under the peers' interpreter: a PyTorch loop over a grid of windows, on all cores.

The windows are read one by one, by torchgeo's `RasterDataset` and `GridGeoSampler` or by
rasterio alone, and scaled and judged in batches. The usual settings are tried for a few seconds each; the fastest is
measured. Nothing of the project is imported.
"""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from time import perf_counter
from typing import Any

import rasterio
import timm
import torch
from rasterio.windows import Window
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from benchmarks.workplace import answer, cpu_s

BATCH = 32
TRIAL_S = 5.0
CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Setting:
    """How a loop is run: processes that read ahead, and how pixels lie in memory for the network."""

    workers: int
    channels_last: bool


SETTINGS = [Setting(workers, channels_last) for workers in (0, CORES) for channels_last in (False, True)]


@dataclass(frozen=True)
class Work:
    """What is judged: a share of a mosaic in windows of a grid, each scaled to what the network takes."""

    mosaic: str
    left_px: int
    top_px: int
    width_px: int
    height_px: int
    window_px: int
    stride_px: int
    input_px: int


class Windows(Dataset):
    """Windows of a share of a mosaic, uint8 (3, window, window), each read when it is asked for."""

    def __init__(self, work: Work) -> None:
        self.work = work
        last_left, last_top = (
            start + length - work.window_px
            for start, length in ((work.left_px, work.width_px), (work.top_px, work.height_px))
        )
        self.corners = [
            (left, top)
            for top in range(work.top_px, last_top + 1, work.stride_px)
            for left in range(work.left_px, last_left + 1, work.stride_px)
        ]

    @cached_property
    def _opened(self) -> Any:
        """Opened by the process that reads."""
        return rasterio.open(self.work.mosaic)

    def __len__(self) -> int:
        return len(self.corners)

    def __getitem__(self, number: int) -> dict[str, Any]:
        window = Window(*self.corners[number], self.work.window_px, self.work.window_px)
        return {"image": torch.from_numpy(self._opened.read((1, 2, 3), window=window))}


def peer_pytorch(
    *, mosaic: str, share: dict[str, int], grid: dict[str, int], network: str, reader: str, seconds: float
) -> dict[str, Any]:
    """New ground per second and processor time per ground, with the fastest of the settings."""
    work = Work(mosaic, **share, **grid)
    model = timm.create_model(network, pretrained=False, num_classes=2).eval()
    trials = {setting: _speed(model, work, reader, setting, TRIAL_S) for setting in SETTINGS}
    best = max(SETTINGS, key=lambda setting: trials[setting]["windows_per_s"])
    figures = _speed(model, work, reader, best, seconds)
    return figures | {
        "how": f"{reader} {version(reader)}, torch {version('torch')}, {best.workers} workers, "
        f"{'channels last' if best.channels_last else 'channels first'}",
        "trials": [
            asdict(setting) | {"windows_per_s": trial["windows_per_s"]} for setting, trial in trials.items()
        ],
    }


def _speed(model: Any, work: Work, reader: str, setting: Setting, seconds: float) -> dict[str, Any]:
    """Over and over for a while, after one batch to warm up."""
    layout = torch.channels_last if setting.channels_last else torch.contiguous_format
    model, batches = model.to(memory_format=layout), _endless(_loader(work, reader, setting.workers))
    cpu_begun = cpu_s()
    with torch.inference_mode():
        warm_up = len(_scores(model, next(batches), work.input_px, layout))
        begun, windows = perf_counter(), 0
        while (passed := perf_counter() - begun) < seconds:
            windows += len(_scores(model, next(batches), work.input_px, layout))
    batches.close()  # ends the processes that read, so that their processor time is known
    ground_mpx = windows * work.stride_px**2 / 1e6
    cpu_share = windows / (windows + warm_up)
    return {
        "windows": windows,
        "seconds": round(passed, 1),
        "windows_per_s": round(windows / passed, 2),
        "ground_mpx": round(ground_mpx, 1),
        "mpx_per_s": round(ground_mpx / passed, 3),
        "cpu_ms_per_mpx": round((cpu_s() - cpu_begun) * cpu_share / ground_mpx * 1e3, 1),
    }


def _loader(work: Work, reader: str, workers: int) -> DataLoader:
    """Batches of windows. Each loader has a data set of its own, as an open file does not outlive a fork."""
    how: dict[str, Any] = {"batch_size": BATCH, "num_workers": workers}
    if reader == "rasterio":
        return DataLoader(Windows(work), **how)
    from torchgeo.datasets import RasterDataset, stack_samples
    from torchgeo.samplers import GridGeoSampler

    dataset = RasterDataset(work.mosaic)
    sampler = GridGeoSampler(dataset, size=work.window_px, stride=work.stride_px, roi=_bounds(work))
    return DataLoader(dataset, sampler=sampler, collate_fn=stack_samples, **how)


def _bounds(work: Work) -> Any:
    """The share as a polygon in the mosaic's coordinate system."""
    import shapely

    window = Window(work.left_px, work.top_px, work.width_px, work.height_px)
    with rasterio.open(work.mosaic) as dataset:
        return shapely.box(*rasterio.windows.bounds(window, dataset.transform))


def _endless(loader: DataLoader) -> Iterator[torch.Tensor]:
    """Batches of images, from the beginning again when the share is done."""
    while True:
        for batch in loader:
            yield batch["image"]


def _scores(model: Any, images: torch.Tensor, input_px: int, layout: torch.memory_format) -> list[float]:
    """Scores of a batch of windows (N, 3, window, window) of 8-bit values."""
    scaled = functional.interpolate(images.float(), size=(input_px, input_px), mode="bilinear")
    logits = model((scaled / 127.5 - 1).to(memory_format=layout))
    return functional.softmax(logits, dim=1)[:, 1].tolist()


if __name__ == "__main__":
    answer(peer_pytorch)
