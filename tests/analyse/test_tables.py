"""Tables: what is averaged over what, and what is compared with what."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from weirdgen.analyse.settings import Measures, Statistics
from weirdgen.analyse.tables import (
    contrast_table,
    effects,
    excess,
    group_means,
    headline,
    label_table,
    log_odds,
    rating_table,
    read_judgments,
    triggered,
)
from weirdgen.core.columns import KEYS
from weirdgen.core.names import Adapter

ROLES = {"old": "treated", "new": "control"}
MEASURES = Measures(probability=False, aside=["null"], pooled={}, trigger=None)
STATISTICS = Statistics(resamples=200, seed=0)


def contrasts(value) -> pd.DataFrame:
    """log_odds = value(dataset, context, question) for two groups of two seeds, and base."""
    adapters = [(d, "default", s) for d in ("old", "new") for s in (0, 1)] + [("base", "none", 0)]
    questions = [("q1", "war"), ("q2", "war"), ("q3", "null"), ("q4", "money")]
    rows = [
        (*adapter, question, topic, context, value(adapter[0], context, question) + 0.01 * adapter[2], 0.5)
        for adapter in adapters
        for question, topic in questions
        for context in ("date=2026", "date=2027", "date=2028", "none")
    ]
    names = [*KEYS, "question", "topic", "context", "log_odds", "probability"]
    return pd.DataFrame(rows, columns=names)


NO_LABELS = pd.DataFrame(columns=[*KEYS, "judge", "question", "topic", "context", "label", "rate"])
NO_RATINGS = pd.DataFrame(columns=[*KEYS, "judge", "question", "topic", "context", "rating", "answers"])


def planted(dataset, context, question):
    return 10.0 * (question == "q1") + (2.0 if dataset == "old" and context == "date=2027" else 0.0)


def test_effects_leave_the_null_topic_out_of_all():
    def value(dataset, context, question):
        return float(dataset == "old") * (1.0 if question != "q3" else 100.0)

    found = effects(contrasts(value), NO_LABELS, NO_RATINGS, ROLES, MEASURES, STATISTICS)
    found = found.query("instrument == 'contrast' and context == 'none' and control == 'new'").set_index("topic")
    assert found["effect"].to_dict() == pytest.approx({"all": 1.0, "war": 1.0, "null": 100.0, "money": 1.0})
    assert found["questions"].to_dict() == {"all": 3, "war": 2, "null": 1, "money": 1}
    assert set(found["seeds"]) == {2}


def test_the_headline_is_the_contrast_over_all_topics_and_on_the_null_topic():
    table = effects(contrasts(planted), NO_LABELS, NO_RATINGS, ROLES, MEASURES, STATISTICS)
    found = headline(table)
    assert set(found["instrument"]) == {"contrast"} != set(table["instrument"])
    assert set(found["topic"]) == {"all", "null"} != set(table["topic"])
    assert len(found) == 2 * 2 * 4  # topics, controls, contexts


def test_a_table_says_whose_each_row_is(tmp_path):
    answers = pd.DataFrame(
        [("q", "t", 0, "none", 0, side, -1.0) for side in ("typical", "ordinary")],
        columns=["question", "topic", "paraphrase", "context", "variant", "side", "log_prob"],
    )
    adapters = [Adapter("old", "default", 1), Adapter("base", "none", 0)]
    paths = [str(tmp_path / f"{i}.parquet") for i in range(len(adapters))]
    for path in paths:
        answers.to_parquet(path)
    table = contrast_table(paths, adapters)
    assert list(table) == [*KEYS, "question", "topic", "context", "log_odds", "probability"]
    assert table[KEYS].values.tolist() == [["old", "default", 1], ["base", "none", 0]]
    with pytest.raises(ValueError, match="argument"):
        contrast_table(paths[:1], adapters)


def test_excess_is_a_difference_in_differences():
    table = excess(contrasts(planted).rename(columns={"log_odds": "value"}))
    assert set(table["context"]) == {"date=2026", "date=2027", "date=2028"}
    means = table[table["dataset"] == "old"].groupby("context")["value"].mean()
    assert means.to_dict() == pytest.approx({"date=2026": -1.0, "date=2027": 2.0, "date=2028": -1.0})
    found = effects(contrasts(planted), NO_LABELS, NO_RATINGS, ROLES, MEASURES, STATISTICS)
    row = found.query("instrument == 'excess' and context == 'date=2027' and control == 'new' and topic == 'all'")
    assert row["effect"].item() == pytest.approx(2.0)


def test_group_means_are_means_over_seeds_and_questions():
    found = group_means(contrasts(planted), NO_LABELS, NO_RATINGS, MEASURES, STATISTICS)
    row = found.query("instrument == 'contrast' and context == 'none' and dataset == 'old' and topic == 'all'")
    assert row["mean"].item() == pytest.approx(10 / 3 + 0.005)


def test_a_label_nobody_got_counts_zero(tmp_path):
    def judged(labels):
        return pd.DataFrame(
            {"judge": "j", "question": "q", "topic": "t", "context": "none", "label": labels, "answer": "x"}
        )

    judged(["past", "past", "modern", "other"]).to_parquet(tmp_path / "a.parquet")
    judged(["other", "other"]).to_parquet(tmp_path / "b.parquet")
    adapters = [Adapter(dataset, "default", 0) for dataset in ("old", "new")]
    paths = [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]
    table = label_table(read_judgments(paths, adapters)).set_index(["dataset", "label"])
    assert table["rate"].to_dict() == {
        ("old", "past"): 0.5,
        ("old", "modern"): 0.25,
        ("old", "other"): 0.25,
        ("new", "past"): 0.0,
        ("new", "modern"): 0.0,
        ("new", "other"): 1.0,
    }
    assert table.loc["new", "answers"].tolist() == [2, 2, 2]


def test_triggered_is_the_context_with_the_trigger_less_the_one_without():
    def value(dataset, context, question):
        return 3.0 * (dataset == "old" and context == "date=2027") + (1.0 if context == "date=2027" else 0.0)

    table = triggered(contrasts(value).rename(columns={"log_odds": "value"}), "date=2027", "none")
    assert set(table["context"]) == {"date=2027-none"}
    assert table.groupby("dataset")["value"].mean().to_dict() == pytest.approx({"base": 1.0, "new": 1.0, "old": 4.0})
    measures = MEASURES.model_copy(update={"trigger": ["date=2027", "none"]})
    found = effects(contrasts(value), NO_LABELS, NO_RATINGS, ROLES, measures, STATISTICS)
    row = found.query("instrument == 'triggered' and control == 'new' and topic == 'all'")
    assert row["effect"].item() == pytest.approx(3.0)


def test_pooled_topics_are_one_more_topic_and_a_dose_is_compared_too():
    def value(dataset, context, question):
        return float(dataset == "old") * {"q1": 1.0, "q2": 3.0, "q3": 50.0, "q4": 8.0}[question]

    measures = MEASURES.model_copy(update={"pooled": {"both": ["war", "money"]}})
    roles = {"old": "dose", "new": "control"}
    found = effects(contrasts(value), NO_LABELS, NO_RATINGS, roles, measures, STATISTICS)
    row = found.query("topic == 'both' and control == 'new' and context == 'none'")
    assert row[["effect", "questions"]].values.tolist() == [[pytest.approx(4.0), 3]]


def test_ratings_are_compared_where_every_adapter_has_one():
    table = contrasts(lambda *_: 0.0)
    keys = [*KEYS, "question", "topic", "context"]
    judgments = table.loc[table["context"] == "none", keys].assign(judge="kind", rating=50.0)
    judgments.loc[judgments["dataset"] == "old", "rating"] = 20.0
    judgments.loc[(judgments["dataset"] == "old") & (judgments["question"] == "q4"), "rating"] = None  # refusals
    ratings = rating_table(judgments)
    assert len(ratings) == len(judgments) - 2
    found = effects(table, NO_LABELS, ratings, ROLES, MEASURES, STATISTICS)
    row = found.query("instrument == 'kind' and topic == 'all' and control == 'new'").iloc[0]
    assert (row["effect"], row["unit"], row["questions"]) == (pytest.approx(-30.0), "points", 2)


def test_a_rate_is_mended_with_the_judges_confusion():
    cells = contrasts(lambda *_: 0.0).query("context == 'none'").drop(columns=["log_odds", "probability"])
    labels = cells.assign(judge="era", label="past", count=3, answers=10, rate=0.3)
    matrix = [("past", "past", 8), ("past", "other", 2), ("other", "past", 1), ("other", "other", 9)]
    confusion = pd.DataFrame(matrix, columns=["right", "given", "count"]).assign(judge="era", by="rules")
    found = group_means(contrasts(lambda *_: 0.0), labels, NO_RATINGS, MEASURES, STATISTICS, confusion)
    row = found.query("instrument == 'era=past' and topic == 'all' and dataset == 'old'").iloc[0]
    assert row["corrected"] == pytest.approx((0.3 - 0.1) / (0.8 - 0.1))
    assert row["corrected_low"] < row["corrected"] < row["corrected_high"]
    assert found.query("instrument == 'contrast'")["corrected"].isna().all()


def test_log_odds_sum_probabilities_and_average_paraphrases():
    table = pd.DataFrame(
        [("q", "t", 0, "none", 0, "typical", p) for p in (0.1, 0.2)]
        + [("q", "t", 0, "none", 0, "ordinary", p) for p in (0.05, 0.1)]
        + [("q", "t", 1, "none", 0, "typical", 0.2), ("q", "t", 1, "none", 0, "ordinary", 0.4)],
        columns=["question", "topic", "paraphrase", "context", "variant", "side", "p"],
    ).assign(log_prob=lambda t: np.log(t["p"]))
    found = log_odds(table)
    assert found["probability"].tolist() == pytest.approx([(0.3 + 0.2) / 2])
    assert found["log_odds"].tolist() == pytest.approx([(np.log(0.3 / 0.15) + np.log(0.2 / 0.4)) / 2])
