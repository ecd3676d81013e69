"""Backbones as Keras models: pixels 0-255 in, features out."""

from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from training.backbones.efficientnet_lite import efficientnet_lite, load_tensors
from training.backbones.pth import read_tensors
from training.backbones.registry import Backbone, Scaling
from training.backbones.weights import weights_path
from training.dense import window_shares

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
SCALES_ITSELF = {"mobilenet-v3-large", "efficientnet-v2-b0"}


def feature_extractor(backbone: Backbone, weights_dir: Path | None = None) -> keras.Model:
    """Return a model from pixels (N, input, input, 3), 0-255, to features (N, feature_count)."""
    path = weights_path(backbone, weights_dir)
    side = backbone.input_px
    pixels = layers.Input((side, side, 3), dtype="uint8", name="pixels")
    scaled = scaled_pixels(pixels, backbone.scaling, backbone.contrast)
    if not backbone.is_dense:
        return keras.Model(pixels, _application(backbone, path)(scaled), name="features")
    texture, objects = _lite_maps(backbone, path)(scaled)
    shares = window_shares(backbone.size_px).astype("float32")
    means = [
        ops.einsum("nijc,i,j->nc", cells, side_shares, side_shares)
        for cells, side_shares in ((texture, shares), (objects, shares[::2] + shares[1::2]))
    ]
    return keras.Model(pixels, layers.Concatenate()(means), name="features")


def evidence_model(
    backbone: Backbone, feature_weights: np.ndarray, bias: float, weights_dir: Path | None = None
) -> keras.Model:
    """Return a dense model from pixels (N, h, w, 3), 0-255, to evidence (N, h / 16, w / 16, 1); see `training.dense`.

    The evidence's mean over a window is `bias` plus the window's features (F,) times `feature_weights` (F,).
    """
    pixels = layers.Input((None, None, 3), dtype="uint8", name="pixels")
    scaled = scaled_pixels(pixels, backbone.scaling, backbone.contrast)
    texture, objects = _lite_maps(backbone, weights_path(backbone, weights_dir))(scaled)
    of_texture = layers.Conv2D(1, 1, name="texture_evidence")
    of_objects = layers.Conv2D(1, 1, name="objects_evidence")
    evidence = layers.Add(name="evidence")(
        [of_texture(texture), layers.UpSampling2D(2, name="objects_cells")(of_objects(objects))]
    )
    split = texture.shape[-1]
    of_texture.set_weights([feature_weights[:split].reshape(1, 1, -1, 1), np.array([bias])])
    of_objects.set_weights([feature_weights[split:].reshape(1, 1, -1, 1), np.zeros(1)])
    return keras.Model(pixels, evidence, name="evidence")


def scaled_pixels(pixels: keras.KerasTensor, scaling: Scaling, contrast: float) -> keras.KerasTensor:
    """Return the pixels as the network takes them."""
    x = layers.Rescaling(1.0, dtype="float32", name="as_float")(pixels)
    if scaling.is_bgr:
        x = ops.flip(x, axis=-1)
    scales = [contrast / deviation for deviation in scaling.deviation]
    offsets = [-mean * scale for mean, scale in zip(scaling.mean, scales, strict=True)]
    return layers.Rescaling(scales, offsets, dtype="float32", name="scaling")(x)


def _lite_maps(backbone: Backbone, path: Path) -> keras.Model:
    """The last map at stride 16 (texture: rubble) and the last map, at stride 32 (objects), for any size of image."""
    network = efficientnet_lite(*LITE[backbone.name], None)
    load_tensors(network, read_tensors(path))
    striding = [layer for layer in network.layers if getattr(layer, "strides", (1, 1)) == (2, 2)]
    names = [layer.name for layer in network.layers]
    last_at_16 = names[: names.index(striding[-1].name)][::-1]
    texture = next(name for name in last_at_16 if name.endswith("expand_relu6"))
    return keras.Model(network.input, [network.get_layer(texture).output, network.output], name="network")


def _application(backbone: Backbone, path: Path) -> keras.Model:
    scaling_off = {"include_preprocessing": False} if backbone.name in SCALES_ITSELF else {}
    return APPLICATIONS[backbone.name](
        include_top=False,
        weights=str(path),
        input_shape=(backbone.size_px, backbone.size_px, 3),
        pooling="avg",
        **scaling_off,
    )
