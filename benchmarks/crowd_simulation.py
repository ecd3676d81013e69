"""Thirty simulated taggers of known skill, and what they answer about crops of known truth. Pure."""

from dataclasses import dataclass

import numpy as np

NO, YES = 0, 1
CLASSES = ("negative", "positive")
# How often a kind of person is right about damage and about none: from, to; and how many of thirty are so.
KINDS = {
    "careful": (12, (0.85, 0.96), (0.93, 0.99)),
    "middling": (8, (0.60, 0.80), (0.80, 0.93)),
    "random": (4, (0.50, 0.50), (0.50, 0.50)),
    "inverted": (3, (0.08, 0.20), (0.08, 0.20)),
    "always no": (3, (0.00, 0.03), (0.98, 1.00)),
}
HARD_SHARE, HARDNESS = 0.15, 0.8  # of hard crops people see a fifth of what they see of others


@dataclass(frozen=True)
class Crowd:
    """Of M taggers the kind, the chance (M, 2) to be right about no damage and about damage, the share of answers."""

    kinds: np.ndarray
    right: np.ndarray
    activity: np.ndarray


@dataclass(frozen=True)
class Ground:
    """Crops: their truth (N,), how hard each is (N,) from 0 to 1, and a model's chance of damage (N,)."""

    truth: np.ndarray
    hardness: np.ndarray
    model: np.ndarray


def drawn_crowd(rng: np.random.Generator) -> Crowd:
    """Thirty people; few of them give many of the answers."""
    kinds = np.repeat(list(KINDS), [count for count, _damage, _none in KINDS.values()])
    right = np.array([[rng.uniform(*KINDS[kind][2]), rng.uniform(*KINDS[kind][1])] for kind in kinds])
    activity = rng.lognormal(0, 1, len(kinds))
    return Crowd(kinds, right, activity / activity.sum())


def drawn_ground(
    rng: np.random.Generator, truth: np.ndarray, model: np.ndarray, *, prevalence: float, with_hard: bool
) -> Ground:
    """Crops of which a share `prevalence` is damaged; `with_hard` makes some of them hard for everybody."""
    damaged, whole = np.flatnonzero(truth == YES), np.flatnonzero(truth == NO)
    wanted = round(len(whole) * prevalence / (1 - prevalence))
    chosen = rng.permutation(np.concatenate([rng.permutation(damaged)[:wanted], whole]))
    hard = rng.random(len(chosen)) < (HARD_SHARE if with_hard else 0)
    return Ground(truth[chosen], hard * HARDNESS, model[chosen])


def chance_right(crowd: Crowd, ground: Ground, tagger: np.ndarray, crop: np.ndarray) -> np.ndarray:
    """How likely each answer (T,) is right: hard crops pull people towards a coin's toss."""
    skill = crowd.right[tagger, ground.truth[crop]]
    return 0.5 + (skill - 0.5) * (1 - ground.hardness[crop])


def answered(
    rng: np.random.Generator, crowd: Crowd, ground: Ground, tagger: np.ndarray, crop: np.ndarray
) -> np.ndarray:
    """What the taggers say of the crops (T,)."""
    is_right = rng.random(len(crop)) < chance_right(crowd, ground, tagger, crop)
    return np.where(is_right, ground.truth[crop], 1 - ground.truth[crop])


def drawn_tags(
    rng: np.random.Generator,
    crowd: Crowd,
    ground: Ground,
    *,
    per_crop: float,
    gold: np.ndarray,
    gold_share: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Who looks at what, (tagger, crop) (T,): so many answers for each crop on average, a share of them on gold.

    What is spent on gold is not left for the others: the number of tags is the same. Nobody sees a crop twice.
    """
    others = np.setdiff1d(np.arange(len(ground.truth)), gold)
    total = round(per_crop * len(others))
    on_gold = round(total * gold_share)
    crops = np.concatenate([_spread(rng, others, total - on_gold), _spread(rng, gold, on_gold)])
    wanted = np.bincount(crops, minlength=len(ground.truth))
    # The largest so many of log(activity) + Gumbel noise are drawn without replacement, by activity.
    keys = np.log(crowd.activity) + rng.gumbel(size=(len(wanted), len(crowd.activity)))
    rank = np.argsort(np.argsort(-keys, axis=1), axis=1)
    crop, tagger = np.nonzero(rank < wanted[:, None])
    return tagger, crop


def _spread(rng: np.random.Generator, crops: np.ndarray, count: int) -> np.ndarray:
    """`count` places on the crops, as evenly as it goes."""
    rounds = -(-count // len(crops)) if len(crops) else 0
    every = [rng.permutation(crops) for _ in range(rounds)]
    return np.concatenate(every)[:count] if every else np.empty(0, int)


def true_skill(crowd: Crowd, ground: Ground) -> tuple[np.ndarray, np.ndarray]:
    """How often each tagger would be right over all the crops (M,), and the mean over both truths (M,)."""
    crops = np.arange(len(ground.truth))
    chances = np.array(
        [chance_right(crowd, ground, np.full(len(crops), one), crops) for one in range(len(crowd.kinds))]
    )
    balanced = (
        chances[:, ground.truth == NO].mean(axis=1) + chances[:, ground.truth == YES].mean(axis=1)
    ) / 2
    return chances.mean(axis=1), balanced
