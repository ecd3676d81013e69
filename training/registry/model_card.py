"""What is told of a model wherever it goes: its facts, and a model card in Markdown. Pure.

The card has the sections of Mitchell et al. 2019 (arXiv:1810.03993), with the header that model hubs read.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from damage.tables import markdown_table

PARTS = ("train", "validation", "test")
# What a part's or a town's metrics hold.
METRICS = ("auc", "balanced_accuracy", "precision", "recall", "f1")
LICENCE = "Apache-2.0"


@dataclass(frozen=True, kw_only=True)
class TownFacts:
    """A town's crops in one part: how many, how many of them say yes, their digest, and how the model did there."""

    town: str
    part: str
    crops: int
    positive: int
    sha256: str
    metrics: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class ModelCardFacts:
    """A finished model run as told to others; everything in it goes through JSON and back."""

    model_run: int
    question: str
    question_text: str
    positive_label: str
    negative_label: str
    backbone: str
    backbone_title: str
    backbone_licence: str
    network_px: int
    head: str
    seed: int
    parameters: Mapping[str, Any]
    dataset_sha256: str
    window_m: float | None
    window_px: int | None
    metrics: Mapping[str, Any]
    towns: list[TownFacts]
    # Of the part that is measured: {"part", "expected_error", "brier"}, or None.
    calibration: Mapping[str, Any] | None
    threshold: float
    threshold_reason: str
    code_version: str
    library_versions: Mapping[str, Any]
    hardware: Mapping[str, Any]
    trained_at: str
    # West, south, east, north of the training crops, in degrees.
    bounds_4326: list[float] | None
    total_parameters: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "ModelCardFacts":
        towns = [TownFacts(**town) for town in told["towns"]]
        return cls(**{**told, "towns": towns})


def model_card(facts: ModelCardFacts) -> str:
    """The model card as Markdown."""
    sections = (
        ("Model", _model(facts)),
        ("Intended use", _use(facts)),
        ("Not for", _misuse()),
        ("How well it does", _metrics(facts)),
        ("Threshold", f"A window counts as yes from a score of {facts.threshold:.4f} on. {facts.threshold_reason}"),
        ("In a town that nobody tagged", _unseen(facts)),
        ("Calibration", _calibration(facts)),
        ("Trained and measured on", _data(facts)),
        ("Limits", _limits(facts)),
        ("Licence", _licence(facts)),
        ("Versions", _versions(facts)),
    )  # fmt: skip
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections)
    return f"{_header()}\n# Damage model {facts.model_run}: {facts.question_text}\n\n{body}\n"


def _unseen(facts: ModelCardFacts) -> str:
    """What it did, at the threshold that the other towns chose, in towns that were left out."""
    unseen = facts.metrics.get("unseen_towns")
    if not unseen:
        return "Not known: no town was left out."
    told = [
        f"{words} {unseen[name]['mean']:.2f} ({unseen[name]['least']:.2f} to {unseen[name]['most']:.2f})"
        for name, words in (("recall", "recall"), ("false_positive_rate", "false positive rate"))
    ]
    own = " The one town chose the threshold itself: expect less." if unseen["is_own_cut"] else ""
    return f"Over {len(unseen['towns'])} towns that were left out: {', '.join(told)}.{own}"


def _header() -> str:
    return (
        f"---\nlicense: {LICENCE.lower()}\nlibrary_name: keras\npipeline_tag: image-classification\n"
        "tags:\n- earth-observation\n- damage-assessment\n---\n"
    )


def _model(facts: ModelCardFacts) -> str:
    size = f" Windows cover {facts.window_m:.1f} m of ground." if facts.window_m else ""
    return (
        f"An image classifier: {facts.backbone_title}, whose weights were learnt on ImageNet{_tuned(facts)}, and a "
        f"head ({facts.head}) trained on its features; {facts.total_parameters:,} numbers in all. It takes a square "
        f"of 8-bit RGB imagery from above, scaled to {facts.network_px} px, and gives a score from 0 "
        f"({facts.negative_label}) to 1 ({facts.positive_label}).{size} Trained with Damage on {facts.trained_at[:10]}."
    )


def _tuned(facts: ModelCardFacts) -> str:
    """How many of the backbone's last blocks are not ImageNet's: none where no step of fine-tuning helped."""
    blocks = facts.parameters.get("fine_tune_blocks")
    return (
        f" (the last {blocks} blocks fine-tuned on the crops)"
        if blocks and facts.metrics.get("best_epoch")
        else ""
    )


def _copies(facts: ModelCardFacts) -> str:
    """As how many images each training crop was learnt from, where these were more than one."""
    augmentation = facts.parameters.get("augmentation") or {}
    copies = augmentation.get("copies", 1)
    return (
        f"Each training crop was learnt from as {copies} images ({augmentation['form']}). "
        if copies > 1
        else ""
    )


def _adapted(facts: ModelCardFacts) -> str:
    """In which town it went on learning, where it did."""
    record = facts.parameters.get("adapt_to") or {}
    if not record:
        return ""
    if not facts.metrics.get("adaptation", {}).get("is_adapted", True):
        return f"It was to adapt to {record['town']}, where too little spoke for that: it is as without. "
    return (
        f"It went on learning by itself (self-training) from {record['crops']} crops of {record['town']}, of which no "
        "answer was looked at, and is meant for that town. "
    )


def _distilled(facts: ModelCardFacts) -> str:
    """What a student learnt from: the crops below were its teacher's."""
    record, found = facts.parameters.get("distilled"), facts.metrics.get("distillation")
    if not record or not found:
        return ""
    scenes = ", ".join(f"{scene['name']} (`{scene['sha256'][:12]}`)" for scene in record["scenes"])
    penalty = facts.parameters.get("head", {}).get("penalty")
    return (
        f"**A student**: its head is a ridge regression (penalty {penalty:.3g}) of its features on the logits that "
        f"model run {record['teacher']} ({record['teacher_backbone']}, files `{record['teacher_sha256'][:12]}`) gives "
        f"for {record['windows']} windows of {scenes} in {', '.join(record['towns'])}, drawn by chance with seed "
        f"{facts.seed}; no answer there was looked at. On ground left out R² is {found['r2']:.3f} and the correlation "
        f"of ranks {found['rank_correlation']:.3f}; the teacher calls {found['called_share']:.1%} of the windows. "
        f"Distilled in {record['seconds']:.0f} s. It is meant for those towns. What follows are its teacher's crops. "
    )


def _use(facts: ModelCardFacts) -> str:
    return (
        "To point people to places that they then look at, in the days after an earthquake, in imagery taken from "
        f"straight above, so that they answer \"{facts.question_text}\" sooner where it matters."
    )  # fmt: skip


def _misuse() -> str:
    return "\n".join(
        [
            "- Not to decide without a person: a detection is a guess to check; a place without one may be damaged.",
            "- Not to call a building safe, to withhold help, to settle insurance or compensation, or to judge people.",
            "- Not for imagery of another kind (oblique, thermal, radar, much coarser or finer) before measuring anew.",
        ]
    )


def _metrics(facts: ModelCardFacts) -> str:
    heads = [
        "measured on",
        "crops",
        "yes",
        *METRICS,
        "recall, 19 in 20",
        "false alarms",
        "false alarms, 19 in 20",
    ]
    rows = [_row(part, facts.metrics[part]) for part in PARTS if part in facts.metrics]
    rows += [_row(f"{town.town} ({town.part})", town.metrics) for town in facts.towns if town.metrics]
    said = (
        "All at the threshold below. Metrics of *train* flatter: the model has seen these crops. Judge by *test*, or "
        "by *validation*, on which the threshold was chosen, where there is no test."
    )
    return f"{said}\n\n{markdown_table(heads, rows)}"


def _row(name: str, metrics: Mapping[str, Any]) -> list[Any]:
    counts = metrics["confusion"]
    yes = counts["true_positive"] + counts["false_negative"]
    no = counts["false_positive"] + counts["true_negative"]
    return [
        name, metrics["crops"], metrics["positive"], *(f"{metrics[metric]:.3f}" for metric in METRICS),
        _interval(counts["true_positive"], yes), f"{counts['false_positive'] / no:.3f}",
        _interval(counts["false_positive"], no),
    ]  # fmt: skip


def _interval(count: int, total: int) -> str:
    from training.evaluation.calibration import rate_interval  # heavy, and only for this

    low, high = rate_interval(count, total)
    return f"{low:.3f} to {high:.3f}"


def _calibration(facts: ModelCardFacts) -> str:
    if facts.calibration is None:
        return "Not measured: read scores as an order, not as chances."
    part, error, brier = (facts.calibration[name] for name in ("part", "expected_error", "brier"))
    return (
        f"On *{part}*, scores and the share that is really yes lie {error:.3f} apart on average (expected calibration "
        f"error; Brier score {brier:.3f}). In a new town, read scores as an order rather than as chances."
    )  # fmt: skip


def _data(facts: ModelCardFacts) -> str:
    rows = [[town.town, town.part, town.crops, town.positive, f"`{town.sha256}`"] for town in facts.towns]
    left_out = facts.parameters.get("left_out", {})
    unreviewed = left_out.get("unreviewed")
    unjudged = f", {unreviewed} that nobody looked at from validation and test" if unreviewed else ""
    pending = f", {left_out['pending']} that could not be cut" if left_out.get("pending") else ""
    return (
        "Squares tagged by volunteers; each counts with the majority of its tags. No town, and no ground by position "
        f"or likeness, is in two parts. {_copies(facts)}{_adapted(facts)}{_distilled(facts)}"
        f"Left out: {left_out.get('unsure', 0)} where people could not tell, "
        f"{left_out.get('tied', 0)} ties, {left_out.get('shown_again', 0)} that show another part's ground"
        f"{unjudged}{pending}.\n\n"
        f"{markdown_table(['town', 'part', 'crops', 'yes', 'digest of the crops'], rows)}\n\n"
        f"Digest of all (sha256 of every crop's pixels, part and answer): `{facts.dataset_sha256}`. The imagery is "
        "not in this file."
    )  # fmt: skip


def _limits(facts: ModelCardFacts) -> str:
    towns = ", ".join(sorted({town.town for town in facts.towns})) or "the towns above"
    return "\n".join(
        [
            f"- Seen so far: {towns}. Other building styles, seasons, sensors and light shift all scores.",
            "- Collapse under a roof that looks whole cannot be seen from above.",
            "- Tags are what people saw in a picture, not surveys on the ground; people err, and the model with them.",
            "- Ground that was not flown is unknown, not undamaged.",
        ]
    )


def _licence(facts: ModelCardFacts) -> str:
    return (
        f"These weights: {LICENCE} (the text is in LICENSE), as far as the rights of those reach who trained them. The "
        f"backbone {facts.backbone_title}: {facts.backbone_licence}{_teachers_licence(facts)}. The owners of the "
        "imagery may set terms of their own: ask before you publish what you derive from it."
    )  # fmt: skip


def _teachers_licence(facts: ModelCardFacts) -> str:
    record = facts.parameters.get("distilled") or {}
    return f" (its teacher's, {record['teacher_backbone']}: {record['teacher_licence']})" if record else ""


def _versions(facts: ModelCardFacts) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in sorted(facts.library_versions.items()))
    machine = ", ".join(str(value) for _name, value in sorted(facts.hardware.items()))
    return f"Damage {facts.code_version}; {libraries}. Seed {facts.seed}. Machine: {machine}."
