"""Every mistake of a file is told at once, each with its line."""

from __future__ import annotations

from typing import Literal

import pytest

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_yaml
from weirdgen.core.places import Places
from weirdgen.core.schema import Name, Strict, parse


class Inner(Strict):
    number: int
    names: list[Name | int]


class Outer(Strict):
    title: str
    inner: dict[str, Inner]


TEXT = """\
title: 3
inner:
  good: {number: 1, names: [a]}
  bad:
    number: one
    names:
      - a
      - [b]
  short: {names: []}
more: 1
"""


def test_all_mistakes_are_told_each_with_its_line(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(TEXT)
    with pytest.raises(StudyError) as error:
        parse(Outer, read_yaml(path), "own.yaml", files=[path])
    lines = [line.removeprefix(f"{path}:") for line in str(error.value).splitlines()]
    assert [line.partition(": ")[0] for line in lines] == ["1", "5", "8", "9", "10"]
    assert lines[0].startswith("1: title = 3: ")
    assert lines[3] == "9: the key 'inner.short.number' is missing"
    assert lines[4].startswith("10: unknown key 'more'; allowed here: title, inner")


class Choice(Strict):
    either: Literal["no"] | Inner


@pytest.mark.parametrize("value", ["maybe", {"numbr": 1, "names": []}, {"number": 1, "names": [], "more": 2}])
def test_a_value_that_might_have_been_of_several_kinds_is_told_once(value):
    with pytest.raises(StudyError) as error:
        parse(Choice, {"either": value}, "own.yaml")
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("own.yaml: either")


def test_of_merged_files_the_one_that_says_it_is_named(tmp_path):
    base, over = tmp_path / "base.yaml", tmp_path / "over.yaml"
    base.write_text("a: {b: 1, c: 2}\nd: 4\n")
    over.write_text("\na:\n  b: 3\n")
    assert Places([base, over]).of(["a", "b"], 3, "config") == f"{over}:3"
    assert Places([base, over]).of(["a", "c"], 2, "config") == f"{base}:1"
    assert Places([base, over]).of(["d"], 4, "config") == f"{base}:2"
    assert Places([base, over]).of(["d"], "4", "config") == "config", (
        "another value than a file's: from the command line"
    )
    assert Places([base, over]).of(["e"], None, "config") == "config"


def test_a_file_that_is_no_yaml_names_no_line(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("a: [")
    assert Places([path]).of(["a"], 1, "own") == "own"
