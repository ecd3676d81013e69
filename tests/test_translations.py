"""Spanish is whole: every text that was collected has its words, and every placeholder survives."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

CATALOGUES = sorted((Path(__file__).resolve().parent.parent / "locale").glob("es/LC_MESSAGES/*.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")


def texts(path: Path):
    """Every message of a catalogue as its originals and its translations, singular and plural."""
    with path.open("rb") as file:
        for message in read_po(file, locale="es"):
            if message.id:
                one = isinstance(message.id, str)
                yield (
                    message,
                    (message.id,) if one else tuple(message.id),
                    (message.string,) if one else tuple(message.string),
                )


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_every_text_has_its_spanish(path):
    untranslated = [
        originals[0]
        for message, originals, spanish in texts(path)
        if message.fuzzy or not all(text.strip() for text in spanish)
    ]
    assert untranslated == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_translations_keep_their_placeholders(path):
    for _, originals, spanish in texts(path):
        needed = set(PLACEHOLDER.findall(originals[-1]))
        for text in spanish:
            assert set(PLACEHOLDER.findall(text)) == needed, originals[0]
