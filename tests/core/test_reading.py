"""Text is text, on the way out and in: whatever it looks like, and whatever ends its lines."""

from __future__ import annotations

import pandas as pd
import pytest

from weirdgen.core.columns import KEYS, TABLES
from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_csv, read_json_lines, read_text, read_yaml, write_csv, write_json_lines

LOOKS = [
    *("TRUE", "FALSE", "true", "False", "yes", "no", "on", "off", "T", "F"),
    *("001", "1", "1.0", "1e5", "0x10", "010", "1_000", "+1", "-0", "inf", "-inf", "Infinity"),
    *("nan", "NaN", "NA", "N/A", "n/a", "<NA>", "null", "NULL", "None", "none", "NaT", "#N/A", "-"),
    *("2027-01-02", "12:30", "1984", "9007199254740993", "1/2", "50%", "1,5", "=1+1", "#x", "'x'", '"x"', " x ", "木"),
]
"""What readers of tables take for something else."""

ENDS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\ufeff", "\t", "\x1f"]
"""What some reader or other takes for the end of a line."""

TEXTS = sorted({name for table in TABLES for name, field in table.model_fields.items() if field.annotation is str})


@pytest.mark.parametrize("column", [*TEXTS, "label", "topic", "instrument", "group", "value", "contexts"])
def test_a_column_of_names_comes_back_as_it_was(column, tmp_path):
    for values in (LOOKS, LOOKS[:2], ["001", "002"], ["1984", "2027"], ["null", "NA"], ["1.0", "2.50"]):
        table = pd.DataFrame({column: values, "log_odds": [0.5] * len(values), "seeds": [3] * len(values)})
        write_csv(tmp_path / "t.csv", table)
        assert read_csv(tmp_path / "t.csv").equals(table)


def test_numbers_come_back_as_numbers_and_missing_ones_as_missing(tmp_path):
    table = pd.DataFrame(
        {
            "label": ["a", "b", "c"],
            "rate": [0.1 + 0.2, float("nan"), 1.0],
            "count": [1, 0, 2],
            "fit": [True, False, True],
        }
    )
    write_csv(tmp_path / "t.csv", table)
    again = read_csv(tmp_path / "t.csv")
    assert again.equals(table)
    assert again.dtypes.equals(table.dtypes)


def test_an_empty_text_is_an_empty_text(tmp_path):
    table = pd.DataFrame({"topic": ["", "x"], "rate": [1.0, float("nan")]})
    write_csv(tmp_path / "t.csv", table)
    assert read_csv(tmp_path / "t.csv").equals(table)


@pytest.mark.parametrize("values", [[1, 2], [0.5, 1.5], [True, False]])
def test_numbers_of_an_unknown_name_cannot_be_written_to_come_back_as_text(values, tmp_path):
    with pytest.raises(ValueError, match="'unheard_of' holds numbers"):
        write_csv(tmp_path / "t.csv", pd.DataFrame({"unheard_of": values}))
    assert not list(tmp_path.iterdir())


def test_keys_that_are_no_seed_are_text():
    assert set(KEYS) - {"seed"} <= set(TEXTS)


@pytest.mark.parametrize("end", ENDS, ids=ascii)
def test_no_character_inside_a_text_ends_a_line(end, tmp_path):
    rows = [{"answer": f"one{end}two"}, {"answer": end}, {f"key{end}": [end, {"deep": end}]}, f"{end}x", "last"]
    write_json_lines(tmp_path / "t.jsonl", rows)
    assert list(read_json_lines(tmp_path / "t.jsonl")) == list(enumerate(rows, start=1))
    assert (tmp_path / "t.jsonl").read_bytes().count(b"\n") == len(rows)
    table = pd.DataFrame({"evidence": [f"one{end}two", f"{end}x", "last"], "rate": 0.5})
    write_csv(tmp_path / "t.csv", table)
    assert read_csv(tmp_path / "t.csv").equals(table)


@pytest.mark.parametrize(
    "data",
    [
        b'\xef\xbb\xbf{"a": 1}\n\n{"a": 2}\n',  # a byte-order mark
        b'{"a": 1}\r\n \t\r\n{"a": 2}\r\n',
        b'{"a": 1}\n\n{"a": 2}',  # no last end
    ],
)
def test_lines_as_other_programs_write_them(data, tmp_path):
    (tmp_path / "t.jsonl").write_bytes(data)
    assert list(read_json_lines(tmp_path / "t.jsonl")) == [(1, {"a": 1}), (3, {"a": 2})]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"a": 1', "not JSON: "),
        (b'{"a": 1} {"a": 2}', "not JSON: Extra data"),
        (b"{'a': 1}", "not JSON: "),
        (b'{"a": 1, "b": 2, "a": 3}', "not JSON: the key 'a' occurs twice"),
        (b'{"x": {"role": 1, "role": 2}}', "not JSON: the key 'role' occurs twice"),
        (b"[" * 100_000, "not JSON: "),
        (b'{"a": "\xe9t\xe9"}', "not UTF-8 text (byte 0xe9); save it so"),
        ('{"a": 1}'.encode("utf-16-le"), "holds a NUL character"),
        (b'{"a": "\0"}', "holds a NUL character"),
        (b'\xe2\x80\xa8{"a": 1}', "not JSON: "),
    ],
    ids=lambda part: str(part)[:30],
)
def test_a_line_that_is_none_is_named(line, said, tmp_path):
    (tmp_path / "t.jsonl").write_bytes(b'{"a": 1}\n\n' + line + b"\n")
    with pytest.raises(StudyError) as error:
        list(read_json_lines(tmp_path / "t.jsonl"))
    assert str(error.value).startswith(f"{tmp_path}/t.jsonl: line 3: {said}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("Größe".encode("latin-1"), "line 1: not UTF-8 text (byte 0xf6)"),
        (b"a\nb\n\xff\xfe", "line 3: not UTF-8 text (byte 0xff)"),
        ("a\nb".encode("utf-16"), "line 1: not UTF-8 text (byte 0xff)"),
        ("木\x1f".encode()[:2], "line 1: not UTF-8 text (byte 0xe6)"),
        (b"a\nb\0c", "line 2: holds a NUL character"),
        ("\ud800".encode("utf-8", "surrogatepass"), "line 1: not UTF-8 text (byte 0xed)"),
    ],
)
def test_text_in_another_encoding_is_named_by_line(data, said, tmp_path):
    (tmp_path / "t.txt").write_bytes(data)
    with pytest.raises(StudyError) as error:
        read_text(tmp_path / "t.txt")
    assert f"t.txt: {said}" in str(error.value)


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(StudyError, match="gone: no such file"):
        read_text(tmp_path / "gone")
    with pytest.raises(StudyError, match="cannot be read: Is a directory"):
        read_text(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", ":3: not valid YAML: the key 'a' occurs twice"),
        ("x:\n  - {a: 1, a: 2}", "the key 'a' occurs twice"),
        ("1: a\n1: b", "the key '1' occurs twice"),
        ("x: &x {a: 1}\ny: {<<: *x, b: 1, b: 2}", "the key 'b' occurs twice"),
        ("a: 12:30", "12:30 is the number 750 to YAML; write that, or '12:30' in quotes"),
        ("a: 010", "010 is the number 8 to YAML"),
        ("a: 1_000", "1_000 is the number 1000 to YAML"),
        ("a: 0x1F", "0x1F is the number 31 to YAML"),
        ("a: 0b11", "0b11 is the number 3 to YAML"),
        ("a: 1:30.5", "1:30.5 is the number 90.5 to YAML"),
        ("a: 1_0.5", "1_0.5 is the number 10.5 to YAML"),
        ("seeds: [1, 2, 007]", "007 is the number 7 to YAML"),
        ('a: "\\ud83d"', "invalid Unicode character"),
        ('a: "x\\0y"', "a NUL character"),
        ("a: [1", "not valid YAML"),
        ("a: !!python/object:os.system x", "not valid YAML"),
    ],
)
def test_yaml_that_says_another_thing_than_it_seems_to_is_refused(text, said, tmp_path):
    (tmp_path / "t.yaml").write_text(text)
    with pytest.raises(StudyError) as error:
        read_yaml(tmp_path / "t.yaml")
    assert said in str(error.value)
    assert str(error.value).startswith(f"{tmp_path}/t.yaml:")
    assert "\n" not in str(error.value)


def test_yaml_that_says_what_it_seems_to_is_read(tmp_path):
    (tmp_path / "t.yaml").write_text(
        "a: 1\nb: -2\nc: 0\nd: 1.5e-4\ne: .5\nf: .inf\ng: '010'\nh: 12-30\ni: true\nj: 1984\nk: 2e-4\n"
        "l: &l {x: 1}\nm: {<<: *l, y: 2}\nn: {<<: *l, x: 3}\no: {}\np: 木\n1: one\n'1': text\n"
    )
    assert read_yaml(tmp_path / "t.yaml") == {
        **{"a": 1, "b": -2, "c": 0, "d": 1.5e-4, "e": 0.5, "f": float("inf"), "g": "010", "h": "12-30", "i": True},
        **{"j": 1984, "k": "2e-4", "l": {"x": 1}, "m": {"x": 1, "y": 2}, "n": {"x": 3}, "o": {}, "p": "木"},
        **{1: "one", "1": "text"},
    }
