"""The real networks over a scene: Keras is the reference, OpenVINO in f32 and bf16 keeps to its scores."""

import hashlib

import numpy as np
import pytest

from damage.errors import Refused
from damage.ingestion.reading import Source
from prediction.blocks import BlockJob, outcomes
from prediction.layouts import TileLayout, WindowLayout
from prediction.networks import open_network
from prediction.postprocess import digest, scores_of
from prediction.windows import Grid
from training.networks.engines import has_bf16, packed

SIDE = 700
GRID = Grid(SIDE, SIDE, 299, 209)


@pytest.fixture(scope="module")
def models():
    """A dense model and one for windows, each in both forms: bytes by (is_dense, engine)."""
    import keras

    from training.networks.backbones.building import logits_model
    from training.networks.backbones.registry import find_backbone
    from training.networks.export import exported, saved

    weights = np.random.default_rng(0).normal(0, 0.02, 2192)
    dense = logits_model(find_backbone("efficientnet-lite0"), weights, 0.3)
    keras.utils.set_random_seed(1)
    pixels = keras.layers.Input((64, 64, 3), dtype="uint8")
    x = keras.layers.Rescaling(0.2, -24.0, dtype="float32")(pixels)
    x = keras.layers.Conv2D(8, 3, 2, padding="same", activation="relu")(x)
    x = keras.layers.Dense(1, activation="sigmoid")(keras.layers.GlobalAveragePooling2D()(x))
    windows = keras.Model(pixels, x)
    return {
        (is_dense, engine): saved(model) if engine == "keras" else packed(*exported(model))
        for is_dense, model in ((True, dense), (False, windows))
        for engine in ("keras", "openvino")
    }


@pytest.fixture
def scene(tmp_path, write_scene):
    """Rubble and plain ground side by side."""
    random = np.random.default_rng(3)
    pixels = np.full((SIDE, SIDE, 3), 120, np.float64)
    pixels[:, : SIDE // 2] += random.normal(0, 50, (SIDE, SIDE // 2, 3))
    return write_scene(
        tmp_path / "s.tif",
        np.clip(pixels, 0, 255).astype(np.uint8),
        tiled=True,
        blockxsize=256,
        blockysize=256,
    )


def values_of(path, models, *, is_dense, engine="openvino", precision="f32", **options):
    layout = TileLayout(GRID, 224, **options) if is_dense else WindowLayout(GRID, 64, **options)
    model = models[is_dense, engine]
    sha256 = hashlib.sha256(model).hexdigest()
    jobs = (
        BlockJob(1, index, Source(str(path)), layout, block, engine, precision, sha256)
        for index, block in enumerate(layout.blocks())
    )
    values = np.full(layout.shape, np.nan, np.float32)
    for job, outcome in outcomes(jobs, {sha256: model}):
        values[layout.place_of(job.block)] = outcome
    return values, scores_of(values, layout)


@pytest.mark.parametrize("is_dense", [True, False])
def test_keras_and_openvino_give_the_same_scores(scene, models, is_dense):
    _, by_keras = values_of(scene, models, is_dense=is_dense, engine="keras")
    _, by_openvino = values_of(scene, models, is_dense=is_dense)
    assert by_keras.shape == GRID.shape == (3, 3)
    assert by_keras.max() - by_keras.min() > 0.01
    assert np.abs(by_keras - by_openvino).max() < 1e-3


def test_bfloat16_keeps_to_the_scores_of_float32(scene, models):
    if not has_bf16():
        pytest.skip("this processor does not compute in bfloat16")
    _, exact = values_of(scene, models, is_dense=True)
    _, quick = values_of(scene, models, is_dense=True, precision="bf16")
    assert np.abs(exact - quick).max() < 0.05


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_neither_threads_nor_blocks_change_a_bit_of_the_result(scene, models, monkeypatch, precision):
    if precision == "bf16" and not has_bf16():
        pytest.skip("this processor does not compute in bfloat16")
    digests = set()
    for threads, block_px in (("1", 3072), ("2", 3072), ("2", 300), ("3", 700)):
        monkeypatch.setenv("DAMAGE_THREADS", threads)
        values, _ = values_of(
            scene, models, is_dense=True, precision=precision, block_px=block_px, tile_px=288
        )
        digests.add(digest(values))
    assert len(digests) == 1


def test_a_model_with_another_digest_is_not_opened(models):
    with pytest.raises(Refused, match="not the one"):
        open_network(
            models[True, "openvino"], sha256="0" * 64, engine="openvino", precision="f32", tile_input_px=704
        )
