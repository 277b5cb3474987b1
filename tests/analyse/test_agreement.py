"""How right judges are, and how far they agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from weirdgen.analyse.agreement import FIT, accuracy, agreement, confusion, kappa


def answers(right, given, **columns) -> pd.DataFrame:
    """Validated answers of one judge."""
    ratings = {"right_rating": np.nan, "rating": np.nan}
    return pd.DataFrame(
        {"judge": "j", "by": "rules", "kind": "plain", "right": right, "given": given} | ratings
    ).assign(**columns)


def test_accuracy_confusion_and_unparsed():
    right = ["past", "past", "past", "past", "modern", "modern"]
    given = ["past", "past", "modern", "unparsed", "modern", "past"]
    table = answers(right, given, kind=["plain", "spelling", "spelling", "plain", "plain", "plain"])
    found = accuracy(table).iloc[0]
    assert (found["accuracy"], found["macro_accuracy"], found["unparsed"]) == (pytest.approx(0.5), 0.5, 1)
    assert found["hard_accuracy"] == 0.5
    assert not found["fit"]
    counts = confusion(table).set_index(["right", "given"])["count"]
    assert counts["past", "past"] == 2
    assert counts["past", "unparsed"] == 1
    assert counts["unparsed", "past"] == 0
    assert counts.sum() == 6


def test_a_judge_is_fit_from_the_least_macro_accuracy_on():
    right, wrong = ["a"] * 5 + ["b"] * 5, ["a"] * 4 + ["b"] * 5 + ["a"]
    for given, fit in ((wrong, True), (["b", *wrong[1:]], False)):
        found = accuracy(answers(right, given)).iloc[0]
        assert (found["macro_accuracy"] >= FIT) == found["fit"] == fit
    assert np.isnan(accuracy(answers(right, wrong)).iloc[0]["hard_accuracy"])


def test_ratings_count_by_thirds_and_by_their_error():
    right, given = ["0-33", "34-66", "67-100", "refusal"], ["0-33", "67-100", "67-100", "refusal"]
    table = answers(right, given, right_rating=[0.0, 40.0, 100.0, np.nan], rating=[10.0, 80.0, 90.0, np.nan])
    found = accuracy(table).iloc[0]
    assert found["accuracy"] == 0.75
    assert found["mean_error"] == pytest.approx(20)


def test_kappa_is_cohens():
    assert kappa(list("aabb"), list("aabb")) == 1
    assert kappa(list("aabb"), list("abab")) == 0
    assert kappa(["a"] * 25 + ["b"] * 25, ["a"] * 20 + ["b"] * 5 + ["a"] * 10 + ["b"] * 15) == pytest.approx(0.4)
    assert np.isnan(kappa(list("aa"), list("aa")))


def test_agreement_is_per_label_both_may_give():
    shared = {"dataset": "old", "recipe": "r", "seed": 0, "paraphrase": 0, "context": "none", "variant": 0, "sample": 0}
    labels = {"one": ["past", "past", "modern", "odd"], "two": ["past", "modern", "modern", "modern"]}
    rows = [
        {**shared, "question": f"q{i}", "judge": judge, "label": label}
        for judge, own in labels.items()
        for i, label in enumerate(own)
    ]
    found = agreement(pd.DataFrame(rows)).set_index("label")
    assert list(found.index) == ["modern", "past"]
    assert found.loc["past", ["answers", "both", "agreement"]].tolist() == [4, 0.25, 0.75]
    assert found.loc["past", "kappa"] == pytest.approx(0.5)
