"""Tables that spreadsheets open: nothing in them is carried out."""

import csv
import io

import pytest

from damage.tables import guarded, unguarded, write_csv

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


def test_numbers_stay_numbers_and_nothing_stays_nothing():
    assert cells(-1, -0.5, 3, None, [1, -2], True) == '-1,-0.5,3,"","[1, -2]",True\r\n'


def test_a_name_with_a_semicolon_is_no_cell_of_its_own():
    assert cells("Tres;=1+1") == '"Tres;=1+1"\r\n'


def test_names_of_columns_are_guarded_too():
    file = io.StringIO()
    write_csv(file, ["=a"], [])
    assert file.getvalue() == '"\'=a"\r\n'
