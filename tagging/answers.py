"""The answers that a question offers, and what each counts as for training. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

# "Can't tell" stands beside the answers of every question; it counts as neither yes nor no.
UNSURE = "unsure"
UNSURE_COLOUR = 5  # after those that a question may give its answers
FEWEST_ANSWERS, MOST_ANSWERS = 2, 5
LONGEST_KEY = 30


class CountsAs(StrEnum):
    """What a model learns from an answer: the place is a yes, a no, or left out."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    NEITHER = "neither"


@dataclass(frozen=True)
class AnswerChoice:
    """One answer of a question. `key` is what tags hold; `colour` the number of its colour and pattern, 0 to 4."""

    key: str
    text: str
    text_es: str
    counts_as: CountsAs
    colour: int

    @classmethod
    def of_json(cls, row: Mapping[str, Any]) -> "AnswerChoice":
        return cls(**{**row, "counts_as": CountsAs(row["counts_as"])})

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "counts_as": self.counts_as.value}

    def words(self, language: str) -> str:
        """In Spanish where that is spoken and the words are there, else in English."""
        return (self.text_es if language.startswith("es") else "") or self.text


def yes_and_no() -> list[dict[str, Any]]:
    """The answers of a question that nobody gave others."""
    return answers_as_json(
        [
            AnswerChoice("positive", "Yes", "Sí", CountsAs.POSITIVE, 0),
            AnswerChoice("negative", "No", "No", CountsAs.NEGATIVE, 1),
        ]
    )


def answers_as_json(answers: Iterable[AnswerChoice]) -> list[dict[str, Any]]:
    return [answer.as_json() for answer in answers]


def keys_counting_as(answers: Sequence[AnswerChoice], counts_as: CountsAs) -> list[str]:
    """The keys of the answers that count so, in the question's order."""
    return [answer.key for answer in answers if answer.counts_as == counts_as]
