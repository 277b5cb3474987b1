"""How right judges are, and how far they agree with each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from weirdgen.core.columns import IDENTITY
from weirdgen.judge.files import UNPARSED

FIT = 0.8
"""Least macro accuracy of a judge that is not marked as unfit."""


def accuracy(table: pd.DataFrame) -> pd.DataFrame:
    """How good each judge is on its own set; table: rows of `Validation` (core/columns.py).

    Columns: judge, by, answers, accuracy, macro_accuracy (mean over right labels of the share found),
    hard_accuracy (on the hard cases), kappa (Cohen 1960), unparsed, mean_error (of ratings, points), fit.
    """
    rows = []
    for (judge, by), own in table.groupby(["judge", "by"], sort=False):
        hit = own["right"] == own["given"]
        macro = float(hit.groupby(own["right"]).mean().mean())
        hard = own["kind"] != "plain"
        rows.append(
            {
                "judge": judge,
                "by": by,
                "answers": len(own),
                "accuracy": hit.mean(),
                "macro_accuracy": macro,
                "hard_accuracy": hit[hard].mean() if hard.any() else np.nan,
                "kappa": kappa(own["right"], own["given"]),
                "unparsed": int((own["given"] == UNPARSED).sum()),
                "mean_error": (own["rating"] - own["right_rating"]).abs().mean(),
                "fit": macro >= FIT,
            }
        )
    return pd.DataFrame(rows)


def confusion(table: pd.DataFrame) -> pd.DataFrame:
    """judge, by, right, given, count: every pair of labels that occur, 0 included."""
    parts = []
    for (judge, by), own in table.groupby(["judge", "by"], sort=False):
        labels = list(dict.fromkeys([*own["right"], *own["given"]]))
        counts = pd.crosstab(own["right"], own["given"]).reindex(index=labels, columns=labels, fill_value=0)
        parts.append(counts.stack().rename("count").reset_index().assign(judge=judge, by=by))
    return pd.concat(parts, ignore_index=True)[["judge", "by", "right", "given", "count"]]


def kappa(one: Sequence[str] | pd.Series, other: Sequence[str] | pd.Series) -> float:
    """Cohen's kappa of two labellings (Cohen 1960): agreement beyond chance; NaN where both say one label only."""
    first, second = pd.Series(list(one)), pd.Series(list(other))
    observed = float((first == second).mean())
    shares = first.value_counts(normalize=True), second.value_counts(normalize=True)
    expected = float((shares[0] * shares[1]).fillna(0).sum())
    return float("nan") if expected == 1 else (observed - expected) / (1 - expected)


def agreement(judgments: pd.DataFrame) -> pd.DataFrame:
    """For every two judges and every label both may give: how far they agree on the same answers.

    judgments: one row per adapter, answer and judge. Columns: judge, other, label, answers, both (share
    with the label by both), agreement (share where both or neither give it), kappa.
    """
    wide = judgments.pivot(index=IDENTITY, columns="judge", values="label")
    columns = ["judge", "other", "label", "answers", "both", "agreement", "kappa"]
    rows = []
    for i, judge in enumerate(wide.columns):
        for other in wide.columns[i + 1 :]:
            pair = wide[[judge, other]].dropna()
            for label in sorted(set(pair[judge]) & set(pair[other])):
                one, two = pair[judge] == label, pair[other] == label
                same = (one == two).mean()
                rows.append([judge, other, label, len(pair), (one & two).mean(), same, kappa(one, two)])
    return pd.DataFrame(rows, columns=columns)
