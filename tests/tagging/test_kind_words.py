"""What somebody reads of how good their answers are."""

import pytest
from django.utils import translation

from tagging.kind_words import WORDS, own_quality
from tagging.models import TaggerQuality

PAGE = "/tags/"


def quality(person, question, **figures) -> TaggerQuality:
    return TaggerQuality.objects.create(
        tagger=person, question=question, **{"level": "good", "known": 34, **figures}
    )


def test_one_reads_about_oneself_alone(client, volunteer, other_volunteer, question):
    quality(volunteer, question)
    quality(other_volunteer, question, level="excellent", known=57)
    client.force_login(volunteer)
    page = client.get(PAGE).content.decode()
    assert "How you are doing" in page
    assert "Good: what you see is nearly always what is there." in page
    assert "34 of your squares" in page
    assert "Excellent" not in page
    assert "57" not in page


@pytest.mark.parametrize("figures", [{"known": 19}, {"level": "too_early", "known": 40}])
def test_nothing_is_said_of_little(figures, client, volunteer, question):
    quality(volunteer, question, **figures)
    assert own_quality(volunteer) == []
    client.force_login(volunteer)
    assert "How you are doing" not in client.get(PAGE).content.decode()


@pytest.mark.parametrize("level", WORDS)
def test_every_level_has_its_words_in_both_languages(level, volunteer, question):
    quality(volunteer, question, level=level, known=20)
    (english,) = own_quality(volunteer)
    with translation.override("es"):
        (spanish,) = own_quality(volunteer)
    assert len({english.words, spanish.words, english.known, spanish.known}) == 4
