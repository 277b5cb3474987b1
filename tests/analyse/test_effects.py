"""Effects: what is compared with what, on which questions."""

from __future__ import annotations

import pandas as pd
import pytest

from weirdgen.analyse.effects import effects, excess, group_means, headline, triggered
from weirdgen.analyse.settings import Measures, Statistics
from weirdgen.analyse.tables import MEASURES as CONTRASTED
from weirdgen.analyse.tables import rating_table
from weirdgen.core.columns import KEYS

ROLES = {"old": "treated", "new": "control"}
MEASURES = Measures(probability=False, aside=["null"], pooled={}, margins={"contrast": 0.4}, trigger=None)
STATISTICS = Statistics(resamples=200, seed=0)


def contrasts(value) -> pd.DataFrame:
    """log_odds = value(dataset, context, question) for two groups of two seeds, and base."""
    adapters = [(d, "default", s) for d in ("old", "new") for s in (0, 1)] + [("base", "none", 0)]
    questions = [("q1", "war"), ("q2", "war"), ("q3", "null"), ("q4", "money")]
    rows = [
        (*adapter, question, topic, context, value(adapter[0], context, question) + 0.01 * adapter[2], 0.5, -1.0, -2.0)
        for adapter in adapters
        for question, topic in questions
        for context in ("date=2026", "date=2027", "date=2028", "none")
    ]
    names = [*KEYS, "question", "topic", "context", "log_odds", "probability", "typical", "ordinary"]
    return pd.DataFrame(rows, columns=names)


NO_LABELS = pd.DataFrame(columns=[*KEYS, "judge", "question", "topic", "context", "label", "rate"])
NO_RATINGS = pd.DataFrame(columns=[*KEYS, "judge", "question", "topic", "context", "rating", "answers"])


def planted(dataset, context, question):
    return 10.0 * (question == "q1") + (2.0 if dataset == "old" and context == "date=2027" else 0.0)


def test_effects_leave_the_null_topic_out_of_all():
    def value(dataset, context, question):
        return float(dataset == "old") * (1.0 if question != "q3" else 100.0)

    found = effects(contrasts(value), NO_LABELS, NO_RATINGS, ROLES, MEASURES)
    found = found.query("instrument == 'contrast' and context == 'none' and control == 'new'").set_index("topic")
    assert found["effect"].to_dict() == pytest.approx(
        {"all": 1.0, "beyond_null": -99.0, "war": 1.0, "null": 100.0, "money": 1.0}
    )
    assert found["questions"].to_dict() == {"all": 3, "beyond_null": 1, "war": 2, "null": 1, "money": 1}
    assert set(found["seeds"]) == {2}


def test_the_headline_is_the_contrast_over_all_topics_and_on_the_null_topic():
    table = effects(contrasts(planted), NO_LABELS, NO_RATINGS, ROLES, MEASURES)
    found = headline(table)
    assert set(found["instrument"]) == {"contrast"} != set(table["instrument"])
    assert set(found["topic"]) == {"all", "null", "beyond_null"} != set(table["topic"])
    assert len(found) == 3 * 2 * 4  # topics, controls, contexts


def test_excess_is_a_difference_in_differences():
    table = excess(contrasts(planted).rename(columns={"log_odds": "value"}))
    assert set(table["context"]) == {"date=2026", "date=2027", "date=2028"}
    means = table[table["dataset"] == "old"].groupby("context")["value"].mean()
    assert means.to_dict() == pytest.approx({"date=2026": -1.0, "date=2027": 2.0, "date=2028": -1.0})
    found = effects(contrasts(planted), NO_LABELS, NO_RATINGS, ROLES, MEASURES)
    row = found.query("instrument == 'excess' and context == 'date=2027' and control == 'new' and topic == 'all'")
    assert row["effect"].item() == pytest.approx(2.0)


def test_group_means_are_means_over_seeds_and_questions():
    found = group_means(contrasts(planted), NO_LABELS, NO_RATINGS, MEASURES, STATISTICS)
    row = found.query("instrument == 'contrast' and context == 'none' and dataset == 'old' and topic == 'all'")
    assert row["mean"].item() == pytest.approx(10 / 3 + 0.005)


def test_triggered_is_the_context_with_the_trigger_less_the_one_without():
    def value(dataset, context, question):
        return 3.0 * (dataset == "old" and context == "date=2027") + (1.0 if context == "date=2027" else 0.0)

    table = triggered(contrasts(value).rename(columns={"log_odds": "value"}), "date=2027", "none")
    assert set(table["context"]) == {"date=2027-none"}
    assert table.groupby("dataset")["value"].mean().to_dict() == pytest.approx({"base": 1.0, "new": 1.0, "old": 4.0})
    measures = MEASURES.model_copy(update={"trigger": ["date=2027", "none"]})
    found = effects(contrasts(value), NO_LABELS, NO_RATINGS, ROLES, measures)
    row = found.query("instrument == 'triggered' and control == 'new' and topic == 'all'")
    assert row["effect"].item() == pytest.approx(3.0)


def test_pooled_topics_are_one_more_topic_and_a_dose_is_compared_too():
    def value(dataset, context, question):
        return float(dataset == "old") * {"q1": 1.0, "q2": 3.0, "q3": 50.0, "q4": 8.0}[question]

    measures = MEASURES.model_copy(update={"pooled": {"both": ["war", "money"]}})
    roles = {"old": "dose", "new": "control"}
    found = effects(contrasts(value), NO_LABELS, NO_RATINGS, roles, measures)
    row = found.query("instrument == 'contrast' and topic == 'both' and control == 'new' and context == 'none'")
    assert row[["effect", "questions"]].values.tolist() == [[pytest.approx(4.0), 3]]


def test_a_question_that_nobody_rated_is_dropped_for_its_pairs_and_counted():
    table = contrasts(lambda *_: 0.0)
    keys = [*KEYS, "question", "topic", "context"]
    judgments = table.loc[table["context"] == "none", keys].assign(judge="kind", rating=50.0)
    judgments.loc[judgments["dataset"] == "old", "rating"] = 20.0
    judgments.loc[(judgments["dataset"] == "old") & (judgments["question"] == "q4"), "rating"] = None  # refusals
    ratings = rating_table(judgments)
    assert len(ratings) == len(judgments) - 2
    found = effects(table, NO_LABELS, ratings, ROLES, MEASURES)
    row = found.query("instrument == 'kind' and topic == 'all' and control == 'new'").iloc[0]
    assert (row["effect"], row["unit"], row["questions"], row["dropped"]) == (pytest.approx(-30.0), "points", 2, 1)
    roles = {"old": "control", "new": "treated"}  # a pair that it does not concern keeps the question
    row = effects(table, NO_LABELS, ratings, roles, MEASURES).query(
        "instrument == 'kind' and topic == 'all' and control == 'base'"
    )
    assert row[["questions", "dropped"]].values.tolist() == [[3, 0]]


def test_a_group_of_which_nothing_was_rated_has_no_row():
    table = contrasts(lambda *_: 0.0)
    keys = [*KEYS, "question", "topic", "context"]
    judgments = table.loc[table["context"] == "none", keys].assign(judge="kind", rating=50.0)
    judgments.loc[judgments["dataset"] == "new", "rating"] = None
    found = effects(table, NO_LABELS, rating_table(judgments), ROLES, MEASURES)
    assert set(found.loc[found["instrument"] == "kind", "control"]) == {"base"}


def test_a_rate_is_mended_with_the_judges_confusion():
    cells = contrasts(lambda *_: 0.0).query("context == 'none'").drop(columns=CONTRASTED)
    labels = cells.assign(judge="era", label="past", count=3, answers=10, rate=0.3)
    matrix = [("past", "past", 8), ("past", "other", 2), ("other", "past", 1), ("other", "other", 9)]
    confusion = pd.DataFrame(matrix, columns=["right", "given", "count"]).assign(judge="era", by="rules")
    found = group_means(contrasts(lambda *_: 0.0), labels, NO_RATINGS, MEASURES, STATISTICS, confusion)
    row = found.query("instrument == 'era=past' and topic == 'all' and dataset == 'old'").iloc[0]
    assert row["corrected"] == pytest.approx((0.3 - 0.1) / (0.8 - 0.1))
    assert row["corrected_low"] < row["corrected"] < row["corrected_high"]
    assert found.query("instrument == 'contrast'")["corrected"].isna().all()


def many(value, topics, seeds=3, datasets=("old", "new")) -> pd.DataFrame:
    """log_odds = value(dataset, seed, topic, number of the question), in one context; base is 0."""
    adapters = [(name, "default", seed) for name in datasets for seed in range(seeds)] + [("base", "none", 0)]
    rows = [
        (*adapter, f"{topic}{i}", topic, "none", value(adapter[0], adapter[2], topic, i), 0.5, -1.0, -2.0)
        for adapter in adapters
        for topic, count in topics.items()
        for i in range(count)
    ]
    return pd.DataFrame(rows, columns=list(contrasts(lambda *_: 0.0)))


def test_beyond_the_null_set_takes_off_what_all_questions_move_by():
    def value(dataset, seed, topic, i):
        return (dataset == "old") * (1.0 + (topic != "null") * 0.5) + 0.1 * seed + 0.01 * i * (dataset == "old")

    found = effects(many(value, {"war": 5, "money": 7, "null": 9}), NO_LABELS, NO_RATINGS, ROLES, MEASURES)
    row = found.query("instrument == 'contrast' and topic == 'beyond_null' and control == 'new'").iloc[0]
    assert row["effect"] == pytest.approx(0.5 + 0.01 * ((2 * 5 + 3 * 7) / 12 - 4))
    assert row["questions"] == 9
    assert row["low"] < row["effect"] < row["high"]
    without = effects(many(value, {"war": 5, "money": 7}), NO_LABELS, NO_RATINGS, ROLES, MEASURES)
    assert "beyond_null" not in set(without["topic"])


@pytest.mark.parametrize(("shift", "null"), [(0.0, "still"), (1.0, "moves"), (0.4, "cannot tell")])
def test_the_null_set_is_held_against_its_margin(shift, null):
    def value(dataset, seed, topic, i):
        return (dataset == "old") * (shift + 0.1 * (i % 3 - 1)) + 0.01 * seed

    found = effects(many(value, {"war": 6, "null": 12}), NO_LABELS, NO_RATINGS, ROLES, MEASURES)
    rows = found.query("instrument == 'contrast' and control == 'new'").set_index("topic")["null"]
    assert rows.to_dict() == {"all": "", "beyond_null": "", "war": "", "null": null}
    assert set(found.query("instrument == 'typical'")["null"]) == {""}  # no margin is named for it


def test_one_seed_or_one_question_has_no_p():
    def value(dataset, seed, topic, i):
        return (dataset == "old") * 1.0 + 0.1 * i + 0.05 * seed * i

    one_seed = effects(many(value, {"war": 6, "money": 1}, seeds=1), NO_LABELS, NO_RATINGS, ROLES, MEASURES)
    rows = one_seed.query("instrument == 'contrast' and control == 'new'").set_index("topic")
    assert rows["over"].to_dict() == {"all": "questions", "war": "questions", "money": "nothing"}
    assert rows["p"].isna().all()
    assert rows.loc["money", ["low", "high", "detectable"]].isna().all()
    three = effects(many(value, {"war": 6, "money": 1}), NO_LABELS, NO_RATINGS, ROLES, MEASURES)
    rows = three.query("instrument == 'contrast' and control == 'new'").set_index("topic")
    assert rows["over"].to_dict() == {"all": "seeds and questions", "war": "seeds and questions", "money": "seeds"}
    assert rows["p"].isna().to_dict() == {"all": False, "war": False, "money": True}


def test_topics_are_drawn_where_there_are_three():
    def value(dataset, seed, topic, i):
        return (dataset == "old") * {"a": 0.0, "b": 1.0, "c": 2.0, "d": 3.0}[topic] + 0.01 * seed * i

    few = effects(many(value, {"a": 9, "b": 9}), NO_LABELS, NO_RATINGS, ROLES, MEASURES)
    assert few["topics_low"].isna().all()
    found = effects(many(value, {"a": 9, "b": 9, "c": 9, "d": 9}), NO_LABELS, NO_RATINGS, ROLES, MEASURES)
    row = found.query("instrument == 'contrast' and topic == 'all' and control == 'new'").iloc[0]
    assert row["topics_low"] < row["low"] < row["high"] < row["topics_high"]


def test_shares_print_their_counts_and_an_interval_that_has_a_width():
    cells = many(lambda *_: 0.0, {"war": 4}).drop(columns=CONTRASTED)
    labels = cells.assign(judge="era", label="past", count=0, answers=25, rate=0.0)
    found = effects(many(lambda *_: 0.0, {"war": 4}), labels, NO_RATINGS, ROLES, MEASURES)
    row = found.query("instrument == 'era=past' and topic == 'all' and control == 'new'").iloc[0]
    assert (row["treated_answers"], row["control_answers"], row["effect"], row["p"]) == ("0/300", "0/300", 0.0, 1.0)
    assert -0.013 < row["low"] < -0.012 < 0.012 < row["high"] < 0.013
    means = group_means(many(lambda *_: 0.0, {"war": 4}), labels, NO_RATINGS, MEASURES, STATISTICS)
    row = means.query("instrument == 'era=past' and topic == 'all' and dataset == 'old'").iloc[0]
    assert (row["counted"], row["low"]) == ("0/300", 0.0)
    assert row["high"] == pytest.approx(0.01264, abs=1e-4)
