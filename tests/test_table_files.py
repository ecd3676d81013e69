"""Tables that people hand in: what each spreadsheet writes is read the same, and what is none is refused."""

import os

import pytest

from damage.errors import Refused
from damage.messages import Message as _
from damage.table_files import decimal, read_table

REMEDY = _("Check the path.")


@pytest.fixture
def table(tmp_path):
    def read(content, **options):
        (tmp_path / "t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(tmp_path / "t.csv", needed=("town", "x"), remedy=REMEDY, **options)

    return read


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("town,x\nÑuñoa,7\n", id="commas"),
        pytest.param("town;x\r\nÑuñoa;7\r\n", id="semicolons, CRLF"),
        pytest.param("town\tx\nÑuñoa\t7", id="tabs, no last line break"),
        pytest.param("sep=|\ntown|x\nÑuñoa|7\n", id="what sep= says"),
        pytest.param("sep=\t\ntown\tx\nÑuñoa\t7\n", id="sep= and a tab"),
        pytest.param('"sep=;"\ntown;x\nÑuñoa;7\n', id="sep= in quotes"),
        pytest.param("\ufefftown,x\nÑuñoa,7\n", id="UTF-8 with a mark"),
        pytest.param("town,x\nÑuñoa,7\n".encode("utf-16"), id="UTF-16, as Excel's Unicode text"),
        pytest.param("\ufefftown\tx\nÑuñoa\t7\n".encode("utf-16-be"), id="UTF-16, big end first"),
        pytest.param(" Town , X ,,\n Ñuñoa , 7 ,,\n,,,\n", id="capitals, blanks, empty columns and lines"),
        pytest.param('"town","x"\n"Ñuñoa","7"\n', id="quotes"),
    ],
)
def test_every_way_of_writing_a_table_gives_the_same_cells(table, content):
    read = table(content)
    assert [line.cells for line in read.lines] == [{"town": "Ñuñoa", "x": "7"}]
    assert (read.lines[0].problem, read.guessed_code) == (None, "")


def test_the_old_code_of_windows_is_guessed_and_said(table):
    read = table("town,x\nÑuñoa,7\n".encode("cp1252"))
    assert (read.lines[0].cells["town"], read.guessed_code) == ("Ñuñoa", "Windows-1252")


@pytest.mark.parametrize(("line", "number"), [("a,1,2", 3), ('"a\nb",1,2', 4)])
def test_a_line_with_more_cells_than_columns_is_named(table, line, number):
    read = table(f"town,x\na,1\n{line}\n")
    assert read.lines[1].number == number  # the last that it takes, as editors number them
    assert str(read.lines[1].problem) == "it has 3 cells, the first line 2; quote cells that hold commas"


def test_lines_are_numbered_as_an_editor_does_after_sep(table):
    assert [line.number for line in table("sep=,\ntown,x\na,1\n\nb,2\n").lines] == [3, 5]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("town\na\n", "lacks the columns x"),
        ("", "lacks the columns town, x"),
        ("town,x,Town\n", "two columns town"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "no CSV"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "no CSV"),
        (b"PK\x03\x04" + bytes(40), "no CSV"),
        (b"\xff\xfet", "no CSV"),
        (b"town,x\n\x81\x8d,1", "no CSV"),  # which Windows-1252 does not have
        ("town,x\n" + "a" * 200_000, "no CSV"),
        ("town,x\n" + "a,1\n" * 100, "larger than"),
    ],
)
def test_what_is_no_such_table_is_refused(table, content, words):
    with pytest.raises(Refused, match=words):
        table(content, most_bytes=300 if words == "larger than" else 1_000_000)


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match="is no file"):
        read_table(tmp_path / "pipe", needed=(), remedy=REMEDY)


@pytest.mark.parametrize(("text", "number"), [("0,25", 0.25), ("-1.5", -1.5), ("3", 3.0)])
def test_numbers_have_a_point_or_a_comma(text, number):
    assert decimal(text) == number


@pytest.mark.parametrize("text", ["1,000,000", "1.000,5", "", "half"])
def test_what_could_mean_two_numbers_is_none(text):
    with pytest.raises(ValueError, match="could not convert"):
        decimal(text)
