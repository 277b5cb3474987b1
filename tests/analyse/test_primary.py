"""The primary comparisons of a study: which row, which verdict, adjusted for being several."""

from __future__ import annotations

import pandas as pd
import pytest

from weirdgen.analyse.primary import COLUMNS, primary_table, verdict
from weirdgen.analyse.settings import Primary

PRIMARY = Primary(treated="old", control="new", instrument="contrast", topic="beyond_null", context="none")
ENOUGH = {
    "p_holm": 0.01,
    "effect": 0.5,
    "over": "seeds and questions",
    "seeds": 3,
    "controls": 2,
    "nulls": 0,
}


def effects(p: float, controls=("new", "base"), null: str = "still") -> pd.DataFrame:
    rows = [
        {"instrument": instrument, "treated": "old", "control": control, "topic": topic, "context": context,
         "recipe": recipe, "effect": 0.5, "low": 0.1, "high": 0.9, "unit": "nats", "p": p, "detectable": 0.4,
         "over": "seeds and questions", "seeds": 3, "questions": 24, "null": null if topic == "null" else ""}
        for instrument in ("contrast", "typical")
        for control in controls
        for topic in ("all", "beyond_null", "null")
        for context in ("none", "date=1984")
        for recipe in ("default", "long")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_one_row_per_experiment_and_model():
    tables = {"m/birds": effects(0.01), "m/cities": effects(0.04), "big/model/cities": effects(0.03)}
    found = primary_table(tables, {"birds": PRIMARY, "cities": PRIMARY}, "default")
    assert list(found) == COLUMNS
    assert found[["model", "experiment"]].values.tolist() == [["m", "birds"], ["m", "cities"], ["big/model", "cities"]]
    assert found["p_holm"].tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert found["verdict"].tolist() == ["shown", "not shown", "not shown"]
    assert set(found["controls"]) == {1}
    assert set(found["nulls"]) == {24}
    assert set(found["null"]) == {"still"}


def test_a_row_without_p_counts_for_none():
    single = effects(float("nan")).assign(over="questions", seeds=1, null="")
    found = primary_table(
        {"m/birds": effects(0.04), "m/cities": single}, {"birds": PRIMARY, "cities": PRIMARY}, "default"
    )
    assert found["p_holm"].tolist() == pytest.approx([0.04, float("nan")], nan_ok=True)
    assert found["verdict"].tolist() == ["shown", "provisional"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "shown"),
        ({"effect": -0.5}, "opposite"),
        ({"p_holm": 0.05}, "not shown"),
        ({"p_holm": float("nan")}, "not shown"),
        ({"seeds": 2}, "provisional"),
        ({"seeds": 1, "over": "questions"}, "provisional"),
        ({"over": "seeds"}, "provisional"),
        ({"controls": 1}, "provisional"),
        ({"controls": 1, "nulls": 19}, "provisional"),
        ({"controls": 1, "nulls": 20}, "shown"),
        ({"controls": 0, "nulls": 20}, "shown"),
        ({"seeds": 2, "p_holm": 0.9}, "provisional"),
    ],
)
def test_a_verdict_needs_seeds_and_controls(changes, expected):
    assert verdict(ENOUGH | changes) == expected
