"""When two names are one, and what a name may be."""

import unicodedata

import pytest

from damage.errors import Refused
from damage.ingestion.names import checked_name, cut_to_bytes, free_address, normalised_name, without_accents

NFD = unicodedata.normalize("NFD", "Kahramanmaraş")
ONE = [
    ("Kahramanmaraş", NFD),
    ("Kahramanmaraş", "KAHRAMANMARAŞ"),
    ("Adıyaman", "ADIYAMAN"),
    ("Adıyaman", "Adiyaman"),
    ("İslahiye", "islahiye"),
    ("İslahiye", "ISLAHIYE"),
    ("Straße 5", "STRASSE 5"),
    ("Πύργος", "ΠΎΡΓΟΣ"),
    ("Спитак", "СПИТАК"),
    ("Đông", "đÔNG"),
    ("ABC 12", "\uff21\uff22\uff23\u3000\uff11\uff12"),  # full-width
    ("ﾜｼﾞﾏ", "ワジマ"),  # half-width
    ("  Barrio \t Norte\n", "Barrio\u00a0Norte"),
    ("درنة 2023", "\u200fدرنة 2023\u200e"),
    ("درنة", "\u202bدرنة\u202c"),
    ("Juchi\u00adtán", "Juchitán\ufeff"),
    ("🌋 2023", "🌋\ufe0f 2023"),
    ("می\u200cروم", "میروم"),
]
APART = [
    ("درنة 2023", "مراكش 2023"),
    ("輪島市 1", "珠洲市 1"),
    ("Barrio 東", "Barrio 西"),
    ("Đông", "Ông"),
    ("C++", "C#"),
    ("Πύργος", "Βόλος"),
    ("Спитак", "Спасск"),
    ("काठमाडौं", "काठमाडी"),
    ("कि", "की"),
    ("か", "が"),
    ("🌋 2023", "🌊 2023"),
    ("Zona 1", "Zona 1b"),
    ("San Juan", "San-Juan"),
    ("Peñón", "Penon"),
    ("Αθήνα", "Αθηνά"),
    ("東京", "京東"),
]


@pytest.mark.parametrize(("one", "other"), ONE)
def test_spellings_of_one_name(one, other):
    assert normalised_name(one) == normalised_name(other) != ""


@pytest.mark.parametrize(("one", "other"), APART)
def test_names_that_are_two(one, other):
    assert normalised_name(one) != normalised_name(other)


@pytest.mark.parametrize("name", [each for pair in ONE + APART for each in pair])
def test_what_is_kept_is_the_same_name_and_is_kept_as_it_is(name):
    kept = checked_name(name)
    assert normalised_name(kept) == normalised_name(name)
    assert checked_name(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert normalised_name(normalised_name(name)) == normalised_name(name)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Barrio \t Norte\n", "Barrio Norte"),
        (NFD, "Kahramanmaraş"),
        ("\u202eabc\u202c", "abc"),
        ("\ufeffDerna", "Derna"),
        ("می\u200cروم", "می\u200cروم"),  # shown with its joiner
        ("👩\u200d🚀 1", "👩\u200d🚀 1"),
        ("C++", "C++"),
        ("\uff21", "\uff21"),  # shown as it was written
    ],
)
def test_a_name_is_kept_without_what_only_disturbs(given, kept):
    assert checked_name(given) == kept


@pytest.mark.parametrize(
    "name", ["", " ", "!?", "—", "\u200f", "\u200b\u200d", "\u3164", "\u2800", "🌋", "\u0301"]
)
def test_what_has_no_letter_or_digit_is_no_name(name):
    with pytest.raises(Refused, match="is no name for an event or a town"):
        checked_name(name)


@pytest.mark.parametrize(
    ("name", "code"), [("Der\0na", r"U\+0000"), ("a\x1b[31m", r"U\+001B"), ("Dami\udce1n", r"U\+DCE1")]
)
def test_signs_that_are_no_text_are_refused(name, code):
    with pytest.raises(Refused, match=code):
        checked_name(name)


@pytest.mark.parametrize("letter", ["x", "輪", "🌋", "é"])
def test_a_name_has_120_letters_at_most(letter):
    assert len(checked_name("a" + letter * 119)) == 120
    with pytest.raises(Refused, match="has 121 letters, more than 120"):
        checked_name("a" + letter * 120)


def test_letters_are_counted_as_they_are_kept_and_as_they_are_compared():
    assert len(checked_name("e\u0301" * 120)) == 120
    with pytest.raises(Refused, match="more than 120"):
        checked_name("\ufdfa" * 15)  # each stands for eighteen letters


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Türkiye 2023", "turkiye-2023"),
        ("Adıyaman", "adiyaman"),
        ("C++", "c"),
        ("درنة 2023", "درنة-2023"),
        ("Barrio 東", "barrio-東"),
        ("Đông", "đông"),
        ("輪島市 1", "輪島市-1"),
    ],
)
def test_an_address_is_ascii_where_that_loses_no_letter(name, address):
    assert free_address(name, ()) == address


def test_an_address_is_numbered_when_it_is_taken_and_short_enough_for_a_folder():
    assert free_address("C#", {"c", "c-2"}) == "c-3"
    assert free_address("輪" * 120, ()) == "輪" * 33  # 99 bytes
    assert free_address("x" * 120, {"x" * 100}) == "x" * 100 + "-2"


def test_names_that_differ_in_accents_or_dashes_alone():
    assert without_accents("Peñón") == without_accents("PENON")
    assert without_accents("San-Juan") == without_accents("San Juan")
    assert without_accents("Αθήνα") == without_accents("ΑΘΗΝΑ")
    assert without_accents("Đông") != without_accents("Ông")
    assert without_accents("C++") != without_accents("C#")
    assert without_accents("कि") != without_accents("की")
    assert without_accents("か") != without_accents("が")


@pytest.mark.parametrize(("most", "cut"), [(0, ""), (2, ""), (3, "輪"), (5, "輪"), (6, "輪島"), (99, "輪島")])
def test_a_text_is_cut_between_its_letters(most, cut):
    assert cut_to_bytes("輪島", most) == cut


def test_bytes_that_are_no_text_are_left_out():
    assert cut_to_bytes("Dami\udce1n", 100) == "Damin"
