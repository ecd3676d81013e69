"""Backbones as Keras models: pixels 0-255 in, features out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.networks.backbones.efficientnet_lite import efficientnet_lite, load_tensors, mean_activations
from training.networks.backbones.pth import read_tensors
from training.networks.backbones.registry import Backbone, Scaling
from training.networks.backbones.weights import weights_path
from training.networks.dense import BEFORE_PX, window_shares
from training.networks.quiet_tensorflow import keras, layers, ops

# Width and depth of the Lite variants.
LITE = {
    "efficientnet-lite0": (1.0, 1.0),
    "efficientnet-lite1": (1.0, 1.1),
    "efficientnet-lite2": (1.1, 1.2),
}
APPLICATIONS = {
    "inception-v3": keras.applications.InceptionV3,
    "mobilenet-v3-large": keras.applications.MobileNetV3Large,
    "efficientnet-v2-b0": keras.applications.EfficientNetV2B0,
    "resnet50": keras.applications.ResNet50,
}
MAPS = ("edges", "texture", "objects")
LOGIT_LAYERS = tuple(f"{name}_logits" for name in MAPS)
SCALES_ITSELF = {"mobilenet-v3-large", "efficientnet-v2-b0"}


def feature_extractor(backbone: Backbone, weights_dir: Path | None = None) -> keras.Model:
    """Return a model from pixels (N, input, input, 3), 0-255, to features (N, feature_count)."""
    path = weights_path(backbone, weights_dir)
    side = backbone.input_px
    pixels = layers.Input((side, side, 3), dtype="uint8", name="pixels")
    scaled = scaled_pixels(pixels, backbone.scaling, backbone.contrast)
    if not backbone.is_dense:
        return keras.Model(pixels, _application(backbone, path)(scaled), name="features")
    maps = lite_maps(backbone, lite_network(backbone, path))(scaled)
    return keras.Model(pixels, layers.Concatenate()(window_means(maps, backbone.size_px)), name="features")


def window_means(maps: Sequence[keras.KerasTensor], size_px: int) -> list[keras.KerasTensor]:
    """The means (N, C) of maps over a padded window of `size_px`; one with half as many cells lies at stride 32."""
    shares = window_shares(size_px).astype("float32")
    by_side = {len(shares): shares, len(shares) // 2: shares[::2] + shares[1::2]}
    return [
        ops.einsum("nijc,i,j->nc", cells, by_side[cells.shape[1]], by_side[cells.shape[1]]) for cells in maps
    ]


def window_features(backbone: Backbone, weights_dir: Path | None = None) -> keras.Model:
    """Return a model from windows (N, size, size, 3), 0-255, to features: a dense backbone's windows are padded in it.

    It does what `Backbone.prepared` and `feature_extractor` do one after the other.
    """
    extractor = feature_extractor(backbone, weights_dir)
    if not backbone.is_dense:
        return extractor
    pixels = layers.Input((backbone.size_px, backbone.size_px, 3), dtype="uint8", name="pixels")
    sides = (BEFORE_PX, backbone.input_px - backbone.size_px - BEFORE_PX)
    places = np.pad(np.arange(backbone.size_px), sides, mode="reflect")
    surrounded = ops.take(ops.take(ops.cast(pixels, "float32"), places, axis=1), places, axis=2)
    return keras.Model(pixels, extractor(surrounded), name="window_features")


def logits_model(
    backbone: Backbone,
    feature_weights: np.ndarray,
    bias: float,
    weights_dir: Path | None = None,
    *,
    network: keras.Model | None = None,
) -> keras.Model:
    """Return a dense model from pixels (N, h, w, 3), 0-255, to logits (N, h / 16, w / 16, 1); see `networks.dense`.

    The mean logit over a window is `bias` plus the window's features (F,) times `feature_weights` (F,). `network`
    is the backbone's with other weights than ImageNet's: one that was fine-tuned.
    """
    pixels = layers.Input((None, None, 3), dtype="uint8", name="pixels")
    scaled = scaled_pixels(pixels, backbone.scaling, backbone.contrast)
    if network is None:
        network = lite_network(backbone, weights_path(backbone, weights_dir))
    maps = lite_maps(backbone, network)(scaled)
    shares = [layers.Conv2D(1, 1, name=name) for name in LOGIT_LAYERS]
    edges, texture, objects = (share(cells) for share, cells in zip(shares, maps, strict=True))
    logits = layers.Add(name="logits")(
        [edges, texture, layers.UpSampling2D(2, name="objects_cells")(objects)]
    )
    model = keras.Model(pixels, logits, name="logits")
    set_logit_weights(model, feature_weights, [bias, 0, 0])
    return model


def set_logit_weights(
    model: keras.Model, feature_weights: np.ndarray, biases: Sequence[float] | np.ndarray
) -> list[np.ndarray]:
    """Give a model of logits the weights (F,) of another head, and each map's bias; returns its variables, float32."""
    shares = [model.get_layer(name) for name in LOGIT_LAYERS]
    ends = np.cumsum([share.kernel.shape[2] for share in shares])[:-1]
    for share, weights, constant in zip(shares, np.split(feature_weights, ends), biases, strict=True):
        share.set_weights([weights.reshape(1, 1, -1, 1), np.array([constant], float)])
    return [values for share in shares for values in share.get_weights()]


def scaled_pixels(pixels: keras.KerasTensor, scaling: Scaling, contrast: float) -> keras.KerasTensor:
    """Return the pixels as the network takes them."""
    x = layers.Rescaling(1.0, dtype="float32", name="as_float")(pixels)
    if scaling.is_bgr:
        x = ops.flip(x, axis=-1)
    scales = [contrast / deviation for deviation in scaling.deviation]
    offsets = [-mean * scale for mean, scale in zip(scaling.mean, scales, strict=True)]
    return layers.Rescaling(scales, offsets, dtype="float32", name="scaling")(x)


def lite_network(backbone: Backbone, path: Path) -> keras.Model:
    """The EfficientNet-Lite with the weights at `path`: scaled pixels of any size in, the last map out.

    Beyond an image's edge it sees mean activations.
    """
    tensors = read_tensors(path)
    network = efficientnet_lite(*LITE[backbone.network], None, padding=mean_activations(tensors))
    load_tensors(network, tensors)
    return network


def lite_maps(backbone: Backbone, network: keras.Model) -> keras.Model:
    """Three maps, for any size of image: the last at stride 8 (edges) brought to 16, at 16 (texture), at 32 (objects).

    With more than one orientation each is the mean over the image's turns, so that north makes no difference.
    """
    edges, texture = (network.get_layer(name).output for name in fine_layers(network))
    cells = layers.AveragePooling2D(2, name="edges_cells")(edges)
    upright = keras.Model(network.input, [cells, texture, network.output], name="network")
    return upright if backbone.orientations == 1 else _turned(upright, backbone.orientations)


def fine_layers(network: keras.Model) -> tuple[str, str]:
    """The layers that give the last map at stride 8 and the last at stride 16: what is expanded before it is halved."""
    names = [layer.name for layer in network.layers]
    striding = [layer.name for layer in network.layers if getattr(layer, "strides", (1, 1)) == (2, 2)]

    def last_before(name: str) -> str:
        return next(each for each in names[: names.index(name)][::-1] if each.endswith("expand_relu6"))

    return last_before(striding[-2]), last_before(striding[-1])


def _turned(upright: keras.Model, orientations: int) -> keras.Model:
    """The mean of a network's maps over turns of the image, each map turned back."""
    pixels = layers.Input((None, None, 3), name="image")
    every = [
        [_turn(cells, orientation, back=True) for cells in upright(_turn(pixels, orientation))]
        for orientation in range(orientations)
    ]
    means = [layers.Average()(list(same)) for same in zip(*every, strict=True)]
    return keras.Model(pixels, means, name="turned")


def _turn(image: keras.KerasTensor, orientation: int, *, back: bool = False) -> keras.KerasTensor:
    """One of the eight ways to lay a square: mirrored left to right, top to bottom, along the diagonal; or undone."""
    steps = [
        lambda x: ops.flip(x, axis=2) if orientation & 1 else x,
        lambda x: ops.flip(x, axis=1) if orientation & 2 else x,
        lambda x: ops.transpose(x, (0, 2, 1, 3)) if orientation & 4 else x,
    ]
    for step in reversed(steps) if back else steps:
        image = step(image)
    return image


def _application(backbone: Backbone, path: Path) -> keras.Model:
    scaling_off = {"include_preprocessing": False} if backbone.name in SCALES_ITSELF else {}
    return APPLICATIONS[backbone.name](
        include_top=False,
        weights=str(path),
        input_shape=(backbone.size_px, backbone.size_px, 3),
        pooling="avg",
        **scaling_off,
    )
