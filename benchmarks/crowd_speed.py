"""100,000 tags made into labels, in a process of its own: see `crowd.py`."""

import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from benchmarks.workplace import answer, peak_memory_mb  # noqa: E402

TAGS, CROPS, ACCURACY, GOLD_CROPS, UPDATES = 100_000, 20_000, 0.8, 200, 1000

Triples = list[tuple[int, int, str]]


def measure(way: str, taggers: int, classes: int) -> dict[str, Any]:
    """Seconds for importing and from triples to labels and taggers' qualities; memory beyond that of NumPy."""
    names = [f"class {number}" for number in range(classes)]
    triples, truth = drawn_triples(taggers, names)
    gold = {number: names[truth[number]] for number in range(GOLD_CROPS)}
    before_mb, begun = peak_memory_mb(), perf_counter()
    _import(way)
    import_s, import_mb, begun = perf_counter() - begun, peak_memory_mb() - before_mb, perf_counter()
    label, further = (_ours if way == "ours" else _cleanlab)(triples, names, gold)
    return {
        "way": way,
        "taggers": taggers,
        "classes": classes,
        "import_s": round(import_s, 2),
        "import_mb": round(import_mb),
        "seconds": round(perf_counter() - begun, 2),
        "memory_mb": round(peak_memory_mb() - before_mb),
        "right": round(
            float((label == truth[np.unique([crop for crop, _tagger, _name in triples])]).mean()), 3
        ),
        **further,
    }


def drawn_triples(taggers: int, names: list[str]) -> tuple[Triples, np.ndarray]:
    """`TAGS` answers (crop, tagger, name), right with `ACCURACY` or else any; the truth (CROPS,), places of names."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, len(names), CROPS)
    places = rng.permutation(CROPS * taggers)[:TAGS]
    crop, tagger = places // taggers, places % taggers
    said = np.where(rng.random(TAGS) < ACCURACY, truth[crop], rng.integers(0, len(names), TAGS))
    return [(int(c), int(t), names[a]) for c, t, a in zip(crop, tagger, said, strict=True)], truth


def _import(way: str) -> None:
    if way == "ours":
        import_module("scipy.special")
        import_module("tagging.quality.tagger_skill")
    else:
        import_module("cleanlab.multiannotator")
        import_module("tagging.quality.crowdlab")


def _ours(triples: Triples, names: list[str], gold: dict[int, str]) -> tuple[np.ndarray, dict[str, Any]]:
    from tagging.quality.answers import coded_answers
    from tagging.quality.consensus import consensus, posterior_of
    from tagging.quality.tagger_skill import tagger_skills

    found = consensus(coded_answers(triples, names), gold)
    tagger_skills(found)
    begun = perf_counter()
    for _crop, tagger, _answer in triples[:UPDATES]:
        matrices = np.stack([found.confusion_of(tagger + other) for other in range(5)])
        posterior_of(found.class_shares, matrices, np.zeros(5, int))
    one_us = (perf_counter() - begun) / UPDATES * 1e6
    return found.posterior.argmax(axis=1), {"one_crop_us": round(one_us)}


def _cleanlab(triples: Triples, names: list[str], gold: dict[int, str]) -> tuple[np.ndarray, dict[str, Any]]:
    from tagging.quality.answers import coded_answers
    from tagging.quality.crowdlab import crowdlab_quality

    return crowdlab_quality(coded_answers(triples, names)).label, {"one_crop_us": ""}


if __name__ == "__main__":
    answer(measure)
