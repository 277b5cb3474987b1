"""The benchmarks' own arithmetic: rounds, fits and the table; the measuring itself is `make bench`."""

from __future__ import annotations

import sys

import pandas as pd
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import measure
import table


def test_sides_take_turns_and_are_held_against_the_first():
    order = []

    def side(name, values):
        def run():
            order.append(name)
            return measure.Result(2.0, 10.0, values)

        return run

    found = measure.in_turn("work", {"a": side("a", [1.0, 2.0]), "b": side("b", [1.5, 1.0])}, "tokens", runs=2)
    assert order == ["a", "b", "a", "b"]
    assert [(m.side, m.run, m.difference) for m in found] == [("a", 0, 0), ("b", 0, 0.75), ("a", 1, 0), ("b", 1, 0.75)]


def test_the_exponent_is_that_of_the_three_largest_sizes():
    points = pd.DataFrame(
        [
            {"stage": "s", "axis": "n", "size": n, "run": run, "seconds": seconds}
            for n, seconds in ((1, 5.0), (2, 1.0), (4, 4.0), (8, 16.0))
            for run in range(3)
        ]
    )
    assert table.fitted(points)["exponent"].tolist() == pytest.approx([2.0])


def measured(speeds: dict[str, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"work": "sampling old_bird_names", "side": side, "run": run, "seconds": 1.0, "amount": speed,
             "unit": "tokens", "difference": float("nan")}
            for side, values in speeds.items()
            for run, speed in enumerate(values)
        ]
    )  # fmt: skip


@pytest.mark.parametrize(("ours", "met"), [([400, 410, 390], "yes"), ([390, 380, 390], "**no**")])
def test_a_goal_is_held_against_the_median_ratio_of_the_rounds(ours, met):
    line = next(table.compared(measured({"this project": ours, "generate": [200, 200, 200]})))
    assert (line["goal"], line["met"]) == ("2", met)


def test_the_committed_table_is_what_its_numbers_make(monkeypatch):
    written = {}
    monkeypatch.setattr(table, "write_text", lambda path, text: written.update({path.name: text}))
    monkeypatch.setattr(table, "draw", lambda *arguments: None)
    table.main()
    assert written["table.md"] == (ROOT / "benchmarks" / "table.md").read_text(encoding="utf-8")
