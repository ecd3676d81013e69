"""The networks: equal to their reference implementations, fed as their weights expect."""

import inspect
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from damage.errors import Refused
from training.networks.backbones.registry import (
    BACKBONES,
    INCEPTION_V3,
    MOBILENET_V3,
    RESNET_50,
    KerasWeights,
    find_backbone,
)
from training.networks.backbones.weights import file_digest, weights_path

LITES = ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"]
TOLERANCE = 1e-4
MODULES = {
    "inception-v3": "inception_v3",
    "mobilenet-v3-large": "mobilenet_v3",
    "efficientnet-v2-b0": "efficientnet_v2",
    "resnet50": "resnet",
}


@pytest.fixture(scope="module")
def reference(shared):
    return np.load(shared / "backbones" / "reference.npz", allow_pickle=False)


@pytest.mark.parametrize("name", LITES)
def test_efficientnet_lite_equals_the_pytorch_reference(reference, name):
    import keras

    from training.networks.backbones.building import LITE
    from training.networks.backbones.efficientnet_lite import efficientnet_lite, load_tensors
    from training.networks.backbones.pth import read_tensors

    backbone = find_backbone(name)
    network = efficientnet_lite(*LITE[name], backbone.size_px, with_logits=True)
    load_tensors(network, read_tensors(weights_path(backbone, None)))
    both = keras.Model(network.input, [network.get_layer("head_relu6").output, network.output])

    key = name.removeprefix("efficientnet-")
    pixels = reference[f"{key}_input"].astype(np.float32)
    feature_map, logits = (output.numpy()[0] for output in both((pixels[None] - 127) / 128))

    assert np.abs(feature_map[..., :64] - reference[f"{key}_feature_map"]).max() < TOLERANCE
    assert np.abs(feature_map.mean((0, 1)) - reference[f"{key}_features"]).max() < TOLERANCE
    assert np.abs(logits - reference[f"{key}_logits"]).max() < TOLERANCE


@pytest.mark.parametrize("name", LITES)
def test_features_are_the_means_of_three_maps_over_the_window(name):
    """The window's cells, worked out by hand: of a padded 224 px window 14 x 14 and 7 x 7, after 4 and 2 others."""
    from training.networks.backbones.building import feature_extractor, lite_maps, lite_network, scaled_pixels

    backbone = find_backbone(name)
    side = backbone.input_px
    pixels = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    scaled = scaled_pixels(pixels, backbone.scaling, backbone.contrast)
    edges, texture, objects = (
        cells.numpy()[0]
        for cells in lite_maps(backbone, lite_network(backbone, weights_path(backbone, None)))(scaled)
    )
    features = feature_extractor(backbone)(pixels).numpy()[0]
    assert (
        features.shape
        == (backbone.feature_count,)
        == (edges.shape[-1] + texture.shape[-1] + objects.shape[-1],)
    )
    assert edges.shape[:2] == texture.shape[:2] == (side // 16,) * 2
    assert objects.shape[:2] == (side // 32,) * 2
    if backbone.size_px == 224:
        assert side == 352
        expected = np.concatenate(
            [cells.mean((0, 1)) for cells in (edges[4:18, 4:18], texture[4:18, 4:18], objects[2:9, 2:9])]
        )
        assert np.abs(features - expected).max() < TOLERANCE


def test_beyond_the_edge_lie_mean_activations_and_inside_nothing_changes(padded_networks):
    """After four blocks, at stride 8, a value sees 40 px at most: far from the edge it is the same to rounding."""
    image = np.kron(np.random.default_rng(0).normal(0, 0.5, (1, 48, 48, 3)), np.ones((1, 8, 8, 1)))
    zeros, means = (network(image.astype(np.float32)).numpy()[0] for network in padded_networks)
    inner = slice(6, -6)
    assert np.abs(zeros[inner, inner] - means[inner, inner]).max() < TOLERANCE * np.abs(zeros).max()
    part = image[:, 128:256, 128:256].astype(np.float32)  # cells 16 to 31 of the whole
    errors = [np.abs(network(part).numpy()[0] - zeros[16:32, 16:32]).mean() for network in padded_networks]
    assert errors[1] < 0.8 * errors[0]


@pytest.fixture(scope="module")
def padded_networks():
    """The first four blocks of EfficientNet-Lite0 with zeros beyond the edge, and with mean activations."""
    import keras

    from training.networks.backbones.building import LITE, lite_network
    from training.networks.backbones.efficientnet_lite import efficientnet_lite, load_tensors
    from training.networks.backbones.pth import read_tensors

    backbone = find_backbone(LITES[0])
    path = weights_path(backbone, None)
    zeros = efficientnet_lite(*LITE[backbone.name], None)
    load_tensors(zeros, read_tensors(path))
    return [
        keras.Model(network.input, network.get_layer("block4_add").output)
        for network in (zeros, lite_network(backbone, path))
    ]


def test_the_mean_of_what_relu6_leaves_is_that_of_drawn_values():
    from training.networks.backbones.efficientnet_lite import mean_activations

    means, scales = np.array([-3.0, 0.0, 1.0, 5.0, 9.0]), np.array([1.0, 2.0, -0.5, 3.0, 0.0])
    tensors = {"_bn0.bias": means, "_bn0.weight": scales, "_blocks.0._bn1.weight": means}
    drawn = np.random.default_rng(0).normal(means, np.abs(scales), (400_000, 5)).clip(0, 6).mean(0)
    (found,) = mean_activations(tensors)
    assert np.abs(found - drawn).max() < 0.01


def test_from_eight_sides_a_turned_image_is_the_same():
    """Mirroring and turning the image mirrors and turns the maps: their means do not change."""
    from training.networks.backbones.building import lite_maps, lite_network

    backbone = find_backbone("efficientnet-lite2-turned")
    maps = lite_maps(backbone, lite_network(backbone, weights_path(backbone, None)))
    image = np.random.default_rng(0).normal(0, 1, (96, 96, 3)).astype(np.float32)
    turned = np.rot90(image[:, ::-1], 3)
    pairs = zip(maps(image[None]), maps(turned[None].copy()), strict=True)
    for one, other in pairs:
        assert np.abs(np.rot90(one.numpy()[0][:, ::-1], 3) - other.numpy()[0]).max() < TOLERANCE


def test_no_layer_name_begins_with_an_underscore():
    """TensorFlow's variable names may not; a model with such a layer cannot be exported."""
    from training.networks.backbones.efficientnet_lite import efficientnet_lite

    assert not [layer.name for layer in efficientnet_lite(1.0, 1.0, 224).layers if layer.name[0] == "_"]


@pytest.mark.parametrize("backbone", [INCEPTION_V3, RESNET_50], ids=lambda backbone: backbone.name)
def test_pixels_are_scaled_as_keras_does_it(backbone):
    from training.networks.backbones.building import scaled_pixels

    pixels = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 3), dtype=np.uint8)
    expected = import_module(f"keras.applications.{MODULES[backbone.name]}").preprocess_input(
        pixels.astype(np.float32)
    )
    assert np.allclose(scaled_pixels(pixels, backbone.scaling, 1.0), expected, atol=1e-5)


def test_contrast_stretches_about_the_mean():
    from training.networks.backbones.building import scaled_pixels

    scaling = find_backbone("efficientnet-lite0").scaling
    pixels = np.full((1, 1, 1, 3), 191, np.uint8)  # 64 above the mean of 127: half a deviation of 128
    assert np.allclose(scaled_pixels(pixels, scaling, 4.0), 2.0)


def test_an_application_is_built_from_a_local_folder_and_scales_as_keras_does(tmp_path):
    import keras

    from training.networks.backbones.building import feature_extractor

    network = keras.applications.MobileNetV3Large(
        include_top=False, weights=None, input_shape=(224, 224, 3), pooling="avg"
    )
    network.save_weights(tmp_path / "some.weights.h5")
    md5 = file_digest(tmp_path / "some.weights.h5", "md5")
    backbone = replace(MOBILENET_V3, weights=KerasWeights("mobilenet_v3", "some.weights.h5", md5))

    pixels = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
    features = feature_extractor(backbone, tmp_path)(pixels).numpy()

    assert features.shape == (1, 960)
    assert np.allclose(features, network(pixels.astype(np.float32)), atol=1e-5)


@pytest.mark.parametrize("name", MODULES)
def test_file_name_and_md5_are_the_ones_that_keras_publishes(name):
    weights = BACKBONES[name].weights
    source = inspect.getsource(import_module(f"keras.src.applications.{MODULES[name]}"))
    assert weights.md5 in source
    assert weights.folder in source
    assert weights.file.removesuffix(".h5").split("_")[-1] in source


def test_a_missing_local_weight_file_is_refused_with_both_ways(tmp_path):
    with pytest.raises(Refused, match=r"DAMAGE_WEIGHTS.*inception_v3.*notop\.h5.*https://"):
        weights_path(INCEPTION_V3, tmp_path)


def test_a_local_weight_file_with_another_md5_is_refused(tmp_path):
    (tmp_path / INCEPTION_V3.weights.file).write_bytes(b"something else")
    with pytest.raises(Refused, match="bcbd6486424b2319ff4ef7d526e38f63"):
        weights_path(INCEPTION_V3, tmp_path)


def test_a_failed_download_is_refused_with_both_ways(monkeypatch, tmp_path):
    import keras

    def fail(*args, **kwargs):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.utils, "get_file", fail)
    with pytest.raises(Refused, match=r"URL fetch failure.*internet.*DAMAGE_WEIGHTS"):
        weights_path(INCEPTION_V3, None)


def test_a_download_talks_on_standard_error_alone(monkeypatch, tmp_path, capsys):
    import keras

    def download(*args, **kwargs):
        print("Downloading data")
        return str(tmp_path / "weights.h5")

    monkeypatch.setattr(keras.utils, "get_file", download)
    assert weights_path(INCEPTION_V3, None) == tmp_path / "weights.h5"
    assert capsys.readouterr().out == ""


def test_a_changed_package_file_is_refused():
    lite = find_backbone("efficientnet-lite0")
    changed = replace(lite, weights=replace(lite.weights, sha256="0" * 64))
    with pytest.raises(Refused, match="Install the package anew"):
        weights_path(changed, None)


def test_an_unknown_backbone_is_refused_with_the_names_there_are():
    with pytest.raises(Refused, match="efficientnet-lite0"):
        find_backbone("alexnet")


def test_another_recipe_has_another_id():
    lite = find_backbone("efficientnet-lite0")
    ids = {
        lite.recipe_id,
        replace(lite, contrast=2.0).recipe_id,
        find_backbone("efficientnet-lite1").recipe_id,
    }
    assert len(ids) == 3
