"""Fine-tuning: an EfficientNet-Lite's last blocks learn together with the head that was trained on their features.

The network is cut before the first block that learns. What lies before the cut, the *trunk*, never changes and runs on
OpenVINO: it gives the means of those maps that come before the cut, and the map at the cut. The *tail* goes on from
there. Batch normalisation stays as ImageNet left it: a few hundred crops of one town would bend it to that town.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from damage.work.progress import Progress, no_progress
from training.networks.backbones.building import fine_layers, lite_network, scaled_pixels, window_means
from training.networks.backbones.registry import Backbone
from training.networks.backbones.weights import weights_path
from training.networks.engines import OpenVinoNetwork
from training.networks.export import exported
from training.networks.heads.keras_layer import keras_head, learnt_head
from training.networks.heads.labelled import Labelled, TrainingHistory
from training.networks.heads.linear import LinearHead
from training.networks.heads.parameters import TuningParameters
from training.networks.quiet_tensorflow import keras, layers

# So many crops go through the trunk at a time.
CHUNK = 64
Pixels = Callable[[], np.ndarray]


@dataclass(frozen=True)
class Pictures:
    """A part's crops: each as the network takes it (input, input, 3), uint8, when called, and whether the answers are
    yes (N,).

    `redrawn` gives the pixels anew for each epoch (1 and up); without it they stay as they are.
    """

    pixels: Sequence[Pixels]
    is_positive: np.ndarray
    redrawn: Callable[[int], Sequence[Pixels]] | None = None


@dataclass(frozen=True)
class Tuned:
    """The network with other weights in its last blocks, the head that belongs to it, and how they came to be.

    The course's best epoch is 0 where no step did any good on validation; then nothing was changed.
    """

    network: keras.Model
    head: LinearHead
    scores: dict[str, np.ndarray]
    course: TrainingHistory
    loss_before: float

    @property
    def described(self) -> dict[str, Any]:
        """How it came to be, ready for JSON."""
        course = self.course
        return {
            "best_epoch": course.best_epoch,
            "curves": {"train_loss": course.train_losses, "validation_loss": course.validation_losses},
            "fine_tuning": {"validation_loss_before": self.loss_before},
        }


def finetuned(
    parts: Mapping[str, Pictures],
    backbone: Backbone,
    head: LinearHead,
    parameters: TuningParameters,
    *,
    seed: int,
    scratch_dir: Path,
    weights_dir: Path | None = None,
    threads: int = 0,
    progress: Progress = no_progress,
) -> Tuned:
    """Train the last blocks and the head on "train", and keep those of the epoch with the lowest loss on "validation".

    The trunk runs over training crops once, or in every epoch where they are drawn anew. The same seed and crops give
    the same weights.
    """
    keras.utils.set_random_seed(seed)
    network = lite_network(backbone, weights_path(backbone, weights_dir))
    trunk, tail = split(network, backbone, parameters.blocks)
    head_model = keras_head(head)
    model = keras.Model(tail.input, head_model(tail.output), name="tuned")
    counter = _Counter(parts, parameters.max_epochs, progress)
    tuning = _Tuning(_Trunk(trunk, threads, counter), model, parameters, counter)
    scratch_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch_dir) as folder:
        kept = {
            part: Labelled(tuning.trunk.kept(pictures.pixels, Path(folder) / part), pictures.is_positive)
            for part, pictures in parts.items()
            if len(pictures.pixels)
        }
        course, before = tuning.train(kept["train"], kept["validation"], parts["train"].redrawn, seed)
        scores = {part: _outputs(model, rows.features)[:, 1] for part, rows in kept.items()}
    return Tuned(network, learnt_head(head_model, head), scores, course, before)


def split(network: keras.Model, backbone: Backbone, blocks: int) -> tuple[keras.Model, keras.Model]:
    """Cut the network before its last `blocks` blocks: pixels to a vector (N, V), and that vector to features (N, F).

    Both share the network's layers; those that learn are the tail's, without batch normalisation.
    """
    names = [layer.name for layer in network.layers]
    first = f"block{_block_count(names) - blocks}_expand_conv"
    cut = network.get_layer(first).input
    for position, layer in enumerate(network.layers):
        layer.trainable = position >= names.index(first) and not isinstance(layer, layers.BatchNormalization)
    edges, texture = fine_layers(network)
    is_fixed = {name: names.index(name) < names.index(first) for name in (edges, texture)}
    if not is_fixed[edges]:
        raise ValueError(f"{blocks} blocks reach the map of edges")
    side = backbone.input_px
    pixels = layers.Input((side, side, 3), dtype="uint8", name="pixels")
    edge_cells = layers.AveragePooling2D(2)(network.get_layer(edges).output)
    texture_map = network.get_layer(texture).output
    before = keras.Model(network.input, [edge_cells, *([texture_map] if is_fixed[texture] else []), cut])
    *fixed_maps, cells = before(scaled_pixels(pixels, backbone.scaling, backbone.contrast))
    means = layers.Concatenate()([*window_means(fixed_maps, backbone.size_px), layers.Flatten()(cells)])
    trunk = keras.Model(pixels, means, name="trunk")

    after = keras.Model(cut, [*([] if is_fixed[texture] else [texture_map]), network.output])
    fixed = sum(each.shape[-1] for each in fixed_maps)
    vector = layers.Input(means.shape[1:], name="vector")
    maps = after(layers.Reshape(cells.shape[1:])(vector[:, fixed:]))
    changing = window_means(maps if isinstance(maps, list) else [maps], backbone.size_px)
    return trunk, keras.Model(vector, layers.Concatenate()([vector[:, :fixed], *changing]), name="tail")


def _block_count(names: Sequence[str]) -> int:
    return 1 + max(
        int(name.split("_")[0].removeprefix("block")) for name in names if name.startswith("block")
    )


class _Counter:
    """Counts crops that went through: all once, then the training's in every epoch."""

    def __init__(self, parts: Mapping[str, Pictures], epochs: int, progress: Progress) -> None:
        sizes = {part: len(pictures.pixels) for part, pictures in parts.items()}
        self._total = sum(sizes.values()) + epochs * sizes["train"]
        self._done = 0
        self._progress = progress

    def add(self, count: int) -> None:
        self._done += count
        self._progress(self._done, self._total)


class _Trunk:
    """The part of the network that stays as it is, for inference."""

    def __init__(self, model: keras.Model, threads: int, counter: _Counter) -> None:
        self._network = OpenVinoNetwork(*exported(model), threads=threads)
        self._width = model.output_shape[1]
        self._counter = counter

    def outputs(self, pixels: Sequence[Pixels]) -> np.ndarray:
        return self._network.outputs(np.stack([crop() for crop in pixels]))

    def kept(self, pixels: Sequence[Pixels], path: Path) -> np.ndarray:
        """Outputs (N, V) in a file: some 70 kB a crop, too much to hold of ten thousand."""
        rows = np.memmap(path, np.float32, "w+", shape=(len(pixels), self._width))
        for start in range(0, len(pixels), CHUNK):
            chunk = pixels[start : start + CHUNK]
            rows[start : start + CHUNK] = self.outputs(chunk)
            self._counter.add(len(chunk))
        return rows


class _Tuning:
    """The training of the tail and the head."""

    def __init__(
        self, trunk: _Trunk, model: keras.Model, parameters: TuningParameters, counter: _Counter
    ) -> None:
        self.trunk = trunk
        self._model = model
        self._parameters = parameters
        self._counter = counter

    def train(
        self,
        train: Labelled,
        validation: Labelled,
        redrawn: Callable[[int], Sequence[Pixels]] | None,
        seed: int,
    ) -> tuple[TrainingHistory, float]:
        """Leave the model with the weights of the best epoch; gives the course, and the validation loss before it."""
        random, parameters = np.random.default_rng(seed), self._parameters
        steps = -(-len(train.is_positive) // parameters.batch) * parameters.max_epochs
        schedule = keras.optimizers.schedules.CosineDecay(parameters.learning_rate, steps)
        self._model.compile(
            keras.optimizers.Adam(schedule), keras.losses.CategoricalCrossentropy(), jit_compile=False
        )
        before = best_loss = self._loss(validation)
        best_epoch, best_weights = 0, self._model.get_weights()
        train_losses, validation_losses = [], []
        for epoch in range(1, parameters.max_epochs + 1):
            order = random.permutation(len(train.is_positive))
            train_losses.append(self._epoch(train, order, redrawn(epoch) if redrawn else None))
            validation_losses.append(self._loss(validation))
            if validation_losses[-1] < best_loss:
                best_loss, best_epoch = validation_losses[-1], epoch
                best_weights = self._model.get_weights()
            elif epoch - best_epoch >= parameters.patience:
                break
        self._model.set_weights(best_weights)
        return TrainingHistory(best_epoch, train_losses, validation_losses), before

    def _epoch(self, train: Labelled, order: np.ndarray, pixels: Sequence[Pixels] | None) -> float:
        """Go through the training crops once; gives the mean loss."""
        answers, weights = train.answers, train.weights
        loss = 0.0
        for rows, vectors in self._batches(train.features, order, pixels):
            loss += len(rows) * float(self._model.train_on_batch(vectors, answers[rows], weights[rows]))
            self._counter.add(len(rows))
        return loss / len(order)

    def _batches(
        self, kept: np.ndarray, order: np.ndarray, pixels: Sequence[Pixels] | None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        batch = self._parameters.batch
        for start in range(0, len(order), CHUNK):
            rows = order[start : start + CHUNK]
            vectors = kept[rows] if pixels is None else self.trunk.outputs([pixels[row] for row in rows])
            for first in range(0, len(rows), batch):
                yield rows[first : first + batch], vectors[first : first + batch]

    def _loss(self, part: Labelled) -> float:
        """Mean cross-entropy under which both answers count the same."""
        scores = _outputs(self._model, part.features)
        right = np.clip(scores[np.arange(len(scores)), part.is_positive.astype(int)], 1e-7, 1)
        return float(np.mean(-np.log(right.astype(np.float64)) * part.weights))


def _outputs(model: keras.Model, vectors: np.ndarray) -> np.ndarray:
    """The model's outputs (N, 2), a chunk at a time."""
    chunks = (vectors[start : start + CHUNK] for start in range(0, len(vectors), CHUNK))
    return np.concatenate([np.asarray(model.predict_on_batch(np.asarray(chunk))) for chunk in chunks])
