"""Tables that spreadsheets open: nothing in them is carried out."""

import csv
import io
from datetime import UTC, datetime

import pytest

from damage.tables import guarded, text_table, unguarded, words, write_csv

HOSTILE = [
    "=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "'=1", "' =1", "\u00a0=1", "\ufeff=1",
    "＝1", '=HYPERLINK("http://evil.test";"x")', "=cmd|'/c calc'!A0",
]  # fmt: skip
HARMLESS = ["San Juan", "O'Higgins", "'s-Hertogenbosch", "", "a=b", "3-4", "Ñuñoa", "a;=1", "¿Hay daño?"]


def cells(*row):
    file = io.StringIO()
    write_csv(file, ["a"] * len(row), [row])
    return file.getvalue().split("\r\n", 1)[1]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_looks_like_a_formula_is_shown(text):
    (cell,) = next(csv.reader(io.StringIO(cells(text), newline="")))
    assert cell == "'" + text
    assert unguarded(cell) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_is_left_alone(text):
    assert guarded(text) == text == unguarded(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), ("", "–"), ([], "–"), (True, "yes"), (False, "no"), (3, "3"), (0.25, "0.250"), (2e-5, "2e-05"),
        ({"a": 1.5, "b": None}, "a 1.500, b –"), ([1, 2], "1, 2"), ([{"a": 1}, {"a": 2}], "a 1; a 2"),
        (datetime(2026, 11, 27, 9, 5, tzinfo=UTC), "2026-11-27 09:05 UTC"),
    ],
)  # fmt: skip
def test_values_are_worded_without_python(value, text):
    assert words(value) == text


def test_columns_of_a_terminal_are_as_wide_as_their_letters():
    assert text_table(["name", "n"], [["輪島", 1], ["Cafe\u0301", 22]]) == "name  n\n輪島  1\nCafe\u0301  22"


def test_numbers_stay_numbers_and_nothing_stays_nothing():
    assert cells(-1, -0.5, 3, None, [1, -2], True) == '-1,-0.5,3,"","[1, -2]",True\r\n'


def test_a_name_with_a_semicolon_is_no_cell_of_its_own():
    assert cells("Tres;=1+1") == '"Tres;=1+1"\r\n'


def test_names_of_columns_are_guarded_too():
    file = io.StringIO()
    write_csv(file, ["=a"], [])
    assert file.getvalue() == '"\'=a"\r\n'
