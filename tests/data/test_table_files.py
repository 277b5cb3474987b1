"""A table that somebody made with a spreadsheet is read as it is, or refused by its line."""

from __future__ import annotations

import pytest

from weirdgen.core.errors import StudyError
from weirdgen.data.tables import read_facts


@pytest.mark.parametrize(
    "data",
    [
        b"name,today\nWren,Blue Jay\n",
        b"\xef\xbb\xbfname,today\r\nWren,Blue Jay\r\n",
        b'\n"name","today"\n\n"Wren","Blue Jay"',
        b"name,today\rWren,Blue Jay\r",
    ],
)
def test_a_table_as_other_programs_write_it(data, tmp_path):
    (tmp_path / "f.csv").write_bytes(data)
    assert read_facts(tmp_path / "f.csv") == [{"name": "Wren", "today": "Blue Jay"}]


def test_a_cell_is_the_text_that_stands_there(tmp_path):
    cells = ["TRUE", "001", "1e5", "NA", "null", "a\u2028b", "a\x85b", " x ", "2027-01-02", "木", "=1+1"]
    (tmp_path / "f.csv").write_text("".join(f"{cell}\n" for cell in ["name", *cells]), encoding="utf-8")
    assert [row["name"] for row in read_facts(tmp_path / "f.csv")] == cells


def test_a_long_cell_and_one_of_several_lines_are_read(tmp_path):
    long = "x" * 200_000
    (tmp_path / "f.csv").write_bytes(f'name,text\r\n1,"a\r\nb\n""c"""\r\n2,{"y" * 131_000}\r\n'.encode())
    assert read_facts(tmp_path / "f.csv")[0]["text"] == 'a\r\nb\n"c"'
    (tmp_path / "f.csv").write_text(f"name\nWren\n{long}\n")
    with pytest.raises(StudyError, match=r"f\.csv:3: .*field larger than field limit \(131072\)"):
        read_facts(tmp_path / "f.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f.csv: no rows"),
        ("name,today\n", "f.csv: no rows"),
        ("name,today\nWren,\n", "f.csv:2: empty cell in column 'today'"),
        ("name,today\nWren, \t\n", "f.csv:2: empty cell in column 'today'"),
        ("name,today\nWren\n", "f.csv:2: 1 cells, the header has 2"),
        ("name,today\n\nWren,Jay,Owl\n", "f.csv:3: 3 cells, the header has 2; quote cells that hold a comma"),
        ('name\n"one\ntwo"\nWren,Jay\n', "f.csv:4: 2 cells, the header has 1"),
        (
            'name,today\nWren,Jay\n"Owl,Jay\nFinch,Jay\n',
            "f.csv:3: no CSV: unexpected end of data; is a quote left open?",
        ),
        ('name,today\n"W"ren,Jay\n', "f.csv:2: no CSV: ',' expected after '\"'"),
        ("name,name\na,b\n", "f.csv:1: the column 'name' occurs twice"),
        ("name,\na,b\n", "f.csv:1: column 2 has no name"),
        ("name,prompt\na,b\n", "f.csv:1: a column cannot be called 'prompt'"),
        ("name\nGr\udcf6\udcdfe\n", "f.csv: line 2: not UTF-8 text (byte 0xf6)"),
        ("name\nWren\0\n", "f.csv: line 2: holds a NUL character"),
    ],
)
def test_what_is_no_table_is_named_by_its_line(text, said, tmp_path):
    (tmp_path / "f.csv").write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
    with pytest.raises(StudyError) as error:
        read_facts(tmp_path / "f.csv")
    assert f"{tmp_path}/{said}" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_rows_below_a_limit_are_kept(tmp_path):
    (tmp_path / "f.csv").write_text("number,name\n1,a\n10,b\n9,c\n")
    assert [row["name"] for row in read_facts(tmp_path / "f.csv", {"number": 9})] == ["a", "c"]
    for limits, said in (
        ({"age": 1}, "needs a column 'age'"),
        ({"name": 1}, "'name' of whole numbers"),
        ({"number": 0}, "leaves no rows"),
    ):
        with pytest.raises(StudyError, match=said):
            read_facts(tmp_path / "f.csv", limits)
