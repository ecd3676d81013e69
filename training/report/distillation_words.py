"""What a student learnt from and how well it follows its teacher, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _


def distillation_words(record: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """What a run's parameters say under "distilled", and its metrics under "distillation"."""
    return _(
        "A student of model run %(teacher)s (%(backbone)s): it learnt to say what its teacher says of %(windows)s "
        "windows of %(scenes)s, drawn by chance, of which nobody's answers were looked at. On ground left out it tells "
        "%(r2)s of the differences between its teacher's logits (R²), and the correlation of ranks is %(rank)s."
    ) % {
        "teacher": record["teacher"],
        "backbone": record["teacher_backbone"],
        "windows": record["windows"],
        "scenes": ", ".join(scene["name"] for scene in record["scenes"]),
        "r2": f"{found['r2']:.0%}",
        "rank": f"{found['rank_correlation']:.2f}",
    }
