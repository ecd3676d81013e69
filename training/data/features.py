"""Bottleneck features of crops, kept on disk by crop and recipe so that they are computed once."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from damage.ingestion.image_hashes import HASH_WORDS
from damage.ingestion.reading import SceneReader
from damage.work.progress import Progress, no_progress
from training.data.crop_files import CropCopy, CropImage, read_pixels
from training.data.near_duplicates import ORIENTATIONS, image_hashes
from training.data.scene_windows import SceneWindow
from training.networks.backbones.registry import Backbone
from training.networks.classical import ClassicalFeatures
from training.networks.engines import FeatureSource, OpenVinoNetwork
from training.networks.kept_networks import feature_network

CHUNK = 64
HASHES = "difference-hash-16"
NETWORKS = "networks"
# What features are computed of.
CropSource = CropImage | CropCopy | SceneWindow


def crop_features(
    crops: Sequence[CropSource],
    backbone: Backbone | ClassicalFeatures,
    cache_dir: Path,
    *,
    weights_dir: Path | None = None,
    threads: int = 0,
    progress: Progress = no_progress,
) -> np.ndarray:
    """Return the features, float32 (N, feature_count), in the crops' order; computes those not kept yet."""
    folder = cache_dir / backbone.recipe_id
    rows = {crop.sha256: _read_features(_kept(folder, crop), backbone.feature_count) for crop in crops}
    missing = [crop for crop in {crop.sha256: crop for crop in crops}.values() if rows[crop.sha256] is None]
    done = len(rows) - len(missing)
    progress(done, len(rows))
    if missing:
        network = feature_source(backbone, weights_dir, threads, cache_dir)
        with closing(SceneReader()) as scenes:
            for chunk in _chunks(sorted(missing, key=_scene_order)):
                pixels = np.stack([prepared(crop, backbone, scenes) for crop in chunk])
                for crop, features in zip(chunk, network.outputs(pixels), strict=True):
                    rows[crop.sha256] = features
                    _write_features(_kept(folder, crop), features)
                done += len(chunk)
                progress(done, len(rows))
    return np.array([rows[crop.sha256] for crop in crops], np.float32)


def prepared(crop: CropSource, backbone: Backbone | ClassicalFeatures, scenes: SceneReader) -> np.ndarray:
    """The crop as the network takes it (input, input, 3), uint8; raises `Refused` where it cannot be read."""
    if isinstance(crop, SceneWindow):
        return crop.prepared(backbone, scenes)
    return backbone.prepared(read_pixels(crop))


def _scene_order(crop: CropSource) -> tuple[str, int, int]:
    """Windows of a scene one after the other, as its file is stored: what neighbours share is decoded once."""
    return (crop.source.address, crop.y, crop.x) if isinstance(crop, SceneWindow) else ("", 0, 0)


def image_hashes_of(crops: Sequence[CropImage], cache_dir: Path) -> np.ndarray:
    """Return image hashes (`training.data.near_duplicates`), uint64 (N, 8, 4); computes those not kept yet."""
    folder = cache_dir / HASHES
    hashes = np.empty((len(crops), ORIENTATIONS, HASH_WORDS), np.uint64)
    for index, crop in enumerate(crops):
        path = _kept(folder, crop)
        kept = _read_array(path, (ORIENTATIONS, HASH_WORDS), np.uint64)
        if kept is None:
            kept = image_hashes(Image.fromarray(read_pixels(crop)))
            _write_features(path, kept)
        hashes[index] = kept
    return hashes


def _kept(folder: Path, crop: CropSource) -> Path:
    return folder / f"{crop.sha256[:2]}/{crop.sha256}.npy"


def _read_features(path: Path, feature_count: int) -> np.ndarray | None:
    """Return kept features, or None where there are none or the file is damaged."""
    features = _read_array(path, (feature_count,), np.float32)
    return features if features is not None and np.isfinite(features).all() else None


def _read_array(path: Path, shape: tuple[int, ...], dtype: type) -> np.ndarray | None:
    """Return the array kept there, or None where there is none of this shape and type, or the file is damaged."""
    header, length = _npy_header(shape, dtype)
    try:
        with path.open("rb", buffering=0) as file:  # unbuffered: thousands are read, each at once
            content = file.read()
    except OSError:
        return None
    if len(content) != length or not content.startswith(header):
        return None
    return np.frombuffer(content, dtype, offset=len(header)).reshape(shape)


@lru_cache
def _npy_header(shape: tuple[int, ...], dtype: type) -> tuple[bytes, int]:
    """What NumPy writes before such an array, and how long the file is; to make sense of it takes ten times as long."""
    content = BytesIO()
    empty: np.ndarray = np.zeros(shape, dtype)
    np.save(content, empty, allow_pickle=False)
    whole = content.getvalue()
    return whole[: -empty.nbytes], len(whole)


def _write_features(path: Path, features: np.ndarray) -> None:
    """Write whole or not at all, also when two trainings write the same crop."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        np.save(file, features, allow_pickle=False)
    Path(file.name).replace(path)


@lru_cache(maxsize=1)
def feature_source(
    backbone: Backbone | ClassicalFeatures, weights_dir: Path | None, threads: int, cache_dir: Path
) -> FeatureSource:
    """Return the backbone for inference; the last one stays open."""
    if isinstance(backbone, ClassicalFeatures):
        return backbone
    return OpenVinoNetwork(*feature_network(backbone, weights_dir, cache_dir / NETWORKS), threads=threads)


def _chunks(crops: Sequence[CropSource]) -> Iterator[Sequence[CropSource]]:
    for start in range(0, len(crops), CHUNK):
        yield crops[start : start + CHUNK]
