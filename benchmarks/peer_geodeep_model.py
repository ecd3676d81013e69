"""A child of `mosaic.py --peers`, under the peers' interpreter: writes a detector in the form that GeoDeep reads.

The same trunk as ours, and on each of its cells one box with one score, laid out as YOLO v8 does: (1, 4 + classes,
cells), boxes as centre and size in the tile's pixels. Weights are random and the threshold lies above every score, so
nothing is found and no time goes into boxes.
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnx
import timm
import torch

from benchmarks.workplace import answer


class Detector(torch.nn.Module):
    """A trunk with one box per cell."""

    def __init__(self, network: str, tile_px: int) -> None:
        super().__init__()
        self.trunk = timm.create_model(network, pretrained=False, num_classes=0)
        self.head = torch.nn.Conv2d(self.trunk.num_features, 5, kernel_size=1)
        self.tile_px = tile_px

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        cells = self.head(self.trunk.forward_features(images)).flatten(2).sigmoid()
        return torch.cat([cells[:, :4] * self.tile_px, cells[:, 4:]], dim=1)


def geodeep_model(*, path: str, network: str, tile_px: int) -> dict[str, Any]:
    """Write the model, and say what will run it. What it does not tell (overlap of tiles) GeoDeep decides itself."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        Detector(network, tile_px).eval(),
        (torch.zeros(1, 3, tile_px, tile_px),),
        path,
        input_names=["images"],
        output_names=["boxes"],
        external_data=False,
        verbose=False,
    )
    model = onnx.load(path)
    told = {
        "model_type": "Detector",
        "det_type": "YOLO_v8",
        "det_conf": 2,
        "class_names": {"0": "damage"},
    }
    onnx.helper.set_model_props(model, {name: json.dumps(value) for name, value in told.items()})
    onnx.save(model, path)
    return {"how": f"geodeep {version('geodeep')}, onnxruntime {version('onnxruntime')}"}


if __name__ == "__main__":
    answer(geodeep_model)
