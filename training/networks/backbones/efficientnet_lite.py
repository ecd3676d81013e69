"""EfficientNet-Lite in Keras: no squeeze-and-excitation, ReLU6 instead of swish, fixed stem and head.

Architecture after Tan & Le 2019 (arXiv:1905.11946) and TensorFlow's `lite` variants; weights from PyTorch.

Beyond an image's edge the published networks see zeros, which no ground shows: what they say of the nearest 100 pixels
is not what they say of the same ground in a larger image. Here the depthwise convolutions can see each channel's mean
activation there instead (`mean_activations`), which changes nothing anywhere else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy.special import ndtr

from training.networks.quiet_tensorflow import keras, layers

BN_EPSILON = 1e-3
STEM_FILTERS = 32
HEAD_FILTERS = 1280
IMAGENET_CLASSES = 1000


@dataclass(frozen=True)
class Stage:
    """Inverted residual blocks of one width; the first block strides."""

    kernel: int
    stride: int
    expansion: int
    filters: int
    repeats: int


STAGES = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
    Stage(5, 2, 6, 192, 4),
    Stage(3, 1, 6, 320, 1),
)


def efficientnet_lite(
    width: float,
    depth: float,
    size_px: int | None,
    *,
    with_logits: bool = False,
    padding: Sequence[np.ndarray] = (),
) -> keras.Model:
    """Return the network without weights: scaled pixels in, the last feature map (or ImageNet logits) out.

    `size_px` None makes it take images of any size. `padding` is what the depthwise convolution of each block sees
    beyond the edge, a value for every channel (C,); without it, zeros.
    """
    inputs = layers.Input((size_px, size_px, 3), name="scaled_pixels")
    x = _convolution(inputs, STEM_FILTERS, kernel=3, stride=2, name="stem")
    for index, stage in enumerate(_blocks(width, depth)):
        x = _block(x, stage, padding[index] if padding else None, name=f"block{index}")
    x = _convolution(x, HEAD_FILTERS, kernel=1, stride=1, name="head")
    if with_logits:
        x = layers.GlobalAveragePooling2D(name="mean")(x)
        x = layers.Dense(IMAGENET_CLASSES, name="logits")(x)
    return keras.Model(inputs, x, name="efficientnet_lite")


def load_tensors(model: keras.Model, tensors: Mapping[str, np.ndarray]) -> None:
    """Set the network's weights from the PyTorch tensors, by name."""
    for name, source, batch_norm in _sources(model):
        kernel = tensors[f"{source}.weight"]
        if name == "logits":
            model.get_layer(name).set_weights([kernel.T, tensors[f"{source}.bias"]])
            continue
        # PyTorch: out, in, height, width. Keras: height, width, in, out; depthwise height, width, channel, 1.
        axes = (2, 3, 0, 1) if name.endswith("depthwise") else (2, 3, 1, 0)
        model.get_layer(f"{name}_conv").set_weights([kernel.transpose(axes)])
        scale, offset, mean, variance = (
            tensors[f"{batch_norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        if (centred := _centring_layer(model, name)) is not None:
            mean = mean + kernel.sum((1, 2, 3)) * centred.offset
        model.get_layer(f"{name}_bn").set_weights([scale, offset, mean, variance])


def mean_activations(tensors: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Each channel's mean (C,) where a block's depthwise convolution looks, for every block of a network's tensors.

    Batch normalisation left values with its own offset as mean and its own scale as deviation; of these, taken as
    normal, ReLU6 leaves the mean of a doubly censored normal distribution (Greene, Econometric Analysis, ch. 19).
    """
    found: list[np.ndarray] = []
    while f"_blocks.{len(found)}._bn1.weight" in tensors:
        expanded = f"_blocks.{len(found)}._bn0"
        batch_norm = expanded if f"{expanded}.weight" in tensors else "_bn0"  # the stem's, of the first block
        found.append(_mean_of_relu6(tensors[f"{batch_norm}.bias"], tensors[f"{batch_norm}.weight"]))
    return found


def _mean_of_relu6(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """The mean of normal values once they were cut at 0 and 6."""
    deviation = np.maximum(np.abs(deviation.astype(np.float64)), 1e-9)
    low, high = -mean / deviation, (6 - mean) / deviation
    density_low, density_high = (np.exp(-(each**2) / 2) / np.sqrt(2 * np.pi) for each in (low, high))
    between = mean * (ndtr(high) - ndtr(low)) + deviation * (density_low - density_high)
    return (between + 6 * ndtr(-high)).astype(np.float32)


def _centring_layer(model: keras.Model, name: str) -> layers.Rescaling | None:
    """The layer that takes the mean off before the convolution of this name, where there is one."""
    names = {layer.name for layer in model.layers}
    centring = name.replace("_depthwise", "_centred")
    return model.get_layer(centring) if centring != name and centring in names else None


def _sources(model: keras.Model) -> Iterator[tuple[str, str, str]]:
    """Yield (layer name, PyTorch's name of the convolution, PyTorch's name of its batch normalisation)."""
    parts = {
        "expand": ("_expand_conv", "_bn0"),
        "depthwise": ("_depthwise_conv", "_bn1"),
        "project": ("_project_conv", "_bn2"),
    }
    for layer in model.layers:
        if layer.name == "logits":
            yield "logits", "_fc", ""
        elif layer.name in ("stem_conv", "head_conv"):
            name = layer.name.removesuffix("_conv")
            yield name, f"_conv_{name}", "_bn0" if name == "stem" else "_bn1"
        elif layer.name.endswith("_conv"):
            block, part = layer.name.removesuffix("_conv").split("_")
            convolution, batch_norm = parts[part]
            prefix = f"_blocks.{block.removeprefix('block')}"
            yield f"{block}_{part}", f"{prefix}.{convolution}", f"{prefix}.{batch_norm}"


def _blocks(width: float, depth: float) -> Iterator[Stage]:
    """Yield one `Stage` per block, scaled; depth spares the first and the last stage."""
    for stage in STAGES:
        spared = stage in (STAGES[0], STAGES[-1])
        filters = _scaled_filters(stage.filters, width)
        for repeat in range(stage.repeats if spared else ceil(stage.repeats * depth)):
            yield Stage(stage.kernel, stage.stride if repeat == 0 else 1, stage.expansion, filters, 1)


def _scaled_filters(filters: int, width: float) -> int:
    """Round to a multiple of 8, losing no more than a tenth."""
    scaled = filters * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def _block(x: keras.KerasTensor, stage: Stage, padding: np.ndarray | None, *, name: str) -> keras.KerasTensor:
    shortcut = x
    if stage.expansion > 1:
        x = _convolution(x, x.shape[-1] * stage.expansion, kernel=1, stride=1, name=f"{name}_expand")
    if (
        padding is not None
    ):  # zero stands for the mean then; `load_tensors` has batch normalisation know of it
        x = layers.Rescaling(1.0, (-padding).tolist(), name=f"{name}_centred")(x)
    depthwise = layers.DepthwiseConv2D(
        stage.kernel, stage.stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )
    x = _normalised(depthwise(x), name=f"{name}_depthwise", activate=True)
    x = _convolution(x, stage.filters, kernel=1, stride=1, name=f"{name}_project", activate=False)
    if stage.stride == 1 and shortcut.shape[-1] == stage.filters:
        x = layers.Add(name=f"{name}_add")([x, shortcut])
    return x


def _convolution(
    x: keras.KerasTensor, filters: int, *, kernel: int, stride: int, name: str, activate: bool = True
) -> keras.KerasTensor:
    convolution = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv")
    return _normalised(convolution(x), name=name, activate=activate)


def _normalised(x: keras.KerasTensor, *, name: str, activate: bool) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=BN_EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu6")(x) if activate else x
