"""Backbones as Keras models: pixels 0-255 in, features out."""

from pathlib import Path

import keras
from keras import layers, ops

from training.backbones.efficientnet_lite import efficientnet_lite, load_tensors
from training.backbones.pth import read_tensors
from training.backbones.registry import Backbone, Scaling
from training.backbones.weights import weights_path

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
    """Return a model from pixels (N, size, size, 3), 0-255, to features (N, feature_count)."""
    path = weights_path(backbone, weights_dir)
    pixels = layers.Input((backbone.size_px, backbone.size_px, 3), dtype="uint8", name="pixels")
    scaled = scaled_pixels(pixels, backbone.scaling, backbone.contrast)
    network = _lite(backbone, path) if backbone.name in LITE else _application(backbone, path)
    return keras.Model(pixels, network(scaled), name="features")


def scaled_pixels(pixels: keras.KerasTensor, scaling: Scaling, contrast: float) -> keras.KerasTensor:
    """Return the pixels as the network takes them."""
    x = layers.Rescaling(1.0, dtype="float32", name="as_float")(pixels)
    if scaling.is_bgr:
        x = ops.flip(x, axis=-1)
    scales = [contrast / deviation for deviation in scaling.deviation]
    offsets = [-mean * scale for mean, scale in zip(scaling.mean, scales, strict=True)]
    return layers.Rescaling(scales, offsets, dtype="float32", name="scaling")(x)


def _lite(backbone: Backbone, path: Path) -> keras.Model:
    """Join the means of the last map at stride 16 (texture: rubble) and of the last map (objects)."""
    network = efficientnet_lite(*LITE[backbone.name], backbone.size_px)
    load_tensors(network, read_tensors(path))
    last_at_16 = [layer.output for layer in network.layers if layer.name.endswith("expand_relu6")]
    side = -(-backbone.size_px // 16)
    texture = [output for output in last_at_16 if output.shape[1] == side][-1]
    means = [layers.GlobalAveragePooling2D()(x) for x in (texture, network.output)]
    return keras.Model(network.input, layers.Concatenate()(means), name="network")


def _application(backbone: Backbone, path: Path) -> keras.Model:
    scaling_off = {"include_preprocessing": False} if backbone.name in SCALES_ITSELF else {}
    return APPLICATIONS[backbone.name](
        include_top=False,
        weights=str(path),
        input_shape=(backbone.size_px, backbone.size_px, 3),
        pooling="avg",
        **scaling_off,
    )
