"""What may be chosen of a training, and what of it goes together."""

from collections.abc import Sequence
from dataclasses import dataclass

from damage.errors import Refused
from damage.messages import Message as _
from training.networks.backbones.registry import DEFAULT_BACKBONE, Backbone, check_tunable, find_features
from training.networks.classical import ClassicalFeatures
from training.networks.heads.parameters import HEADS

HEAD_NAMES = tuple(HEADS)
NOT_LAYERS = ("random-forest",)  # no part of a network: kept beside it
LAYERS = (
    "softmax",
    "logistic-regression",
)  # heads that learn on with the network, and weigh copies as one crop
ADAPTS = "logistic-regression"  # the head that can go on learning in a town without answers
STOPS = "softmax"  # the head that is trained in epochs, and stops by the validation town
STUDENT_HEAD = "ridge-regression"  # of what another model says, never of answers: `distil` alone makes it
DEFAULT_HEAD = "logistic-regression"


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What may be chosen of a training. Towns go by name, slug, or event/town."""

    backbone: str = DEFAULT_BACKBONE
    train_towns: Sequence[str] = ()
    validation_towns: Sequence[str] = ()
    test_towns: Sequence[str] = ()
    per_class: int | None = None
    seed: int = 0
    # The thesis's threshold: so many of the validation town's "no" may be called yes. None: one for unseen towns.
    max_fpr: float | None = None
    contrast: float | None = None
    # The side at which the network sees a window; None: measured by leaving towns out, for what can be asked densely.
    network_px: int | None = None
    head: str = DEFAULT_HEAD
    augment: str = "none"
    copies: int | None = None
    fine_tune_blocks: int = 0
    # A town in which the model goes on learning by itself, without anybody's answers.
    adapt_to: str = ""
    # The run that this one goes on from, with newer tags or other parameters.
    parent: int | None = None

    @property
    def needs_validation(self) -> bool:
        """Whether a town has to be kept from learning: what goes on in epochs stops by it, and so does `max_fpr`."""
        return self.head == STOPS or bool(self.fine_tune_blocks) or self.max_fpr is not None

    def chosen_backbone(self) -> Backbone | ClassicalFeatures:
        """The backbone with the contrast and the input's side asked for, or the classical features."""
        return find_features(self.backbone, self.contrast, self.network_px)


def check_config(config: TrainingConfig) -> None:
    if config.max_fpr is not None and not 0 <= config.max_fpr < 1:
        raise Refused(_("The false positive rate must be from 0 up to, but not including, 1."))
    find_head(config.head)
    if config.seed < 0:
        raise Refused(_("The seed must not be negative."))
    if config.contrast is not None and not 0 < config.contrast <= 100:
        raise Refused(_("The contrast must lie between 0 and 100."), _("1 leaves it as the weights expect."))
    check_tunable(config.backbone, config.fine_tune_blocks)
    if config.head not in LAYERS and (config.fine_tune_blocks or config.augment != "none"):
        raise Refused(
            _("Copies and fine-tuning do not go with the head %(head)s.") % {"head": config.head},
            _("Choose one of: %(heads)s.") % {"heads": ", ".join(LAYERS)},
        )
    if config.adapt_to and (config.head != ADAPTS or config.fine_tune_blocks):
        raise Refused(
            _("Only the head %(head)s, without fine-tuning, adapts to a town.") % {"head": ADAPTS},
            _("Choose it with --head %(head)s.") % {"head": ADAPTS},
        )


def find_head(name: str) -> str:
    """The head of that name; refused with the names there are when unknown."""
    if name not in HEAD_NAMES:
        raise Refused(
            _("There is no head %(head)s.") % {"head": name},
            _("Choose one of: %(heads)s.") % {"heads": ", ".join(HEAD_NAMES)},
        )
    return name
