"""What the page's sample browser reads: every answer once with its verdicts, every string once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypedDict

import pandas as pd

from weirdgen.core.columns import IDENTITY
from weirdgen.judge.files import RATED
from weirdgen.judge.validation import band

MOST = 60_000
"""Answers that a page holds at most, so that a browser stays quick."""


class Packed(TypedDict):
    """A column: its values, each once in order of appearance, and the number of one per row."""

    values: list[Hashable]
    rows: list[int]


def packed(columns: Mapping[str, Iterable[Hashable]]) -> dict[str, Packed]:
    """Columnar and interned: every column packed."""
    found: dict[str, Packed] = {}
    for name, values in columns.items():
        numbers: dict[Hashable, int] = {}
        rows = [numbers.setdefault(value, len(numbers)) for value in values]
        found[name] = {"values": list(numbers), "rows": rows}
    return found


def answers(judgments: pd.DataFrame, model: str, experiment: str, labels: dict[str, str]) -> pd.DataFrame:
    """One row per answer: model, experiment, group (label of the dataset), IDENTITY, prompt, answer, verdicts.

    verdicts: a tuple of (judge, label, evidence); a rating's label is its third of 0-100, the rating its evidence.
    """
    rated = judgments["label"] == RATED
    points = judgments["rating"].where(rated, 0)
    told = pd.DataFrame(
        {
            "judge": judgments["judge"],
            "label": judgments["label"].mask(rated, points.map(band)),
            "evidence": judgments["evidence"].mask(rated, points.map(lambda rating: f"{rating:.0f} of 100")),
        }
    )
    verdicts = pd.Series(list(told.itertuples(index=False, name=None)), index=judgments.index, dtype=object)
    groups = judgments.assign(verdicts=verdicts).groupby(IDENTITY, sort=False)
    table = groups.agg(prompt=("prompt", "first"), answer=("answer", "first"), verdicts=("verdicts", tuple))
    table = table.reset_index()
    table.insert(0, "model", model)
    table.insert(1, "experiment", experiment)
    table.insert(2, "group", table["dataset"].map(labels))
    return table


def fitting(table: pd.DataFrame, most: int = MOST) -> tuple[pd.DataFrame, int]:
    """The answers that a page can hold, and how many to every prompt those are (0: all of them).

    The first samples of every prompt stay, as many as fit: the same number for every group and question.
    """
    if len(table) <= most:
        return table, 0
    sizes = table.groupby("sample").size().sort_index().cumsum()
    samples = max(1, int((sizes <= most).sum()))
    return table[table["sample"] < samples], samples
