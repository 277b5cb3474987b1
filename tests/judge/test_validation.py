"""Can a judge be believed: the sets of known answers, and what a judge says of them."""

from __future__ import annotations

import pandas as pd
import pytest
from conftest import ROOT

from weirdgen.analyse.agreement import accuracy
from weirdgen.core.columns import Validation
from weirdgen.core.errors import StudyError
from weirdgen.judge.files import RatingFile, RulesFile, read_judge
from weirdgen.judge.rules import load_rules_judge
from weirdgen.judge.validation import BANDS, Known, band, load_validation, validate_rules, validated
from weirdgen.judge.verdict import Verdict

JUDGES = sorted(path.stem for path in (ROOT / "data" / "judges").glob("*.yaml"))


def load(name):
    judge = read_judge(ROOT / "data" / "judges" / f"{name}.yaml")
    return judge, load_validation(ROOT / "data" / "judge_validation" / f"{name}.yaml", judge)


@pytest.mark.parametrize("name", JUDGES)
def test_every_judge_has_a_set_of_known_answers(name):
    judge, known = load(name)
    assert len(known) >= 40
    assert len({(one.question, one.answer) for one in known}) == len(known)
    hard = [one for one in known if one.kind != "plain"]
    assert len(hard) >= len(known) / 4
    if isinstance(judge, RatingFile):
        ratings = [one.rating for one in known if one.rating is not None]
        assert min(sum(r <= 33 for r in ratings), sum(r >= 67 for r in ratings)) >= 10
        assert sum(one.label == "refusal" for one in known) >= 3
    else:
        labels = pd.Series([one.label for one in known]).value_counts()
        assert set(labels.index) == {choice.label for choice in judge.labels}
        assert labels.min() >= len(known) / len(labels) / 2.5


@pytest.mark.parametrize("name", [n for n in JUDGES if isinstance(load(n)[0], RulesFile)])
def test_rules_judges_do_better_than_chance(name):
    _, known = load(name)
    table = validate_rules(load_rules_judge(ROOT / "data" / "judges" / f"{name}.yaml"), known)
    found = accuracy(table).iloc[0]
    assert found["answers"] == len(known)
    assert found["kappa"] > 0.2
    assert found["fit"] == (found["macro_accuracy"] >= 0.8)


def test_a_row_holds_what_is_right_and_what_was_given():
    sets = [Known(question="q", answer=str(i), label=label, kind="plain") for i, label in enumerate(("past", "modern"))]
    table = validated("j", "rules", sets, [Verdict("past"), Verdict("unparsed", "Well.")])
    assert list(table) == list(Validation.model_fields)
    assert table[["right", "given", "evidence"]].to_numpy().tolist() == [
        ["past", "past", ""],
        ["modern", "unparsed", "Well."],
    ]
    assert table[["right_rating", "rating"]].isna().all(axis=None)


def test_ratings_count_by_thirds():
    sets = [Known(question="q", answer=str(r), rating=r, kind="plain") for r in (0, 40, 100)]
    sets.append(Known(question="q", answer="no", label="refusal", kind="plain"))
    given = [Verdict("rated", rating=10.0), Verdict("rated", rating=80.0), Verdict("rated", rating=90.0)]
    table = validated("j", "vllm", sets, [*given, Verdict("refusal")])
    assert table["right"].tolist() == ["0-33", "34-66", "67-100", "refusal"]
    assert table["given"].tolist() == ["0-33", "67-100", "67-100", "refusal"]
    assert table["right_rating"].tolist()[:3] == [0, 40, 100]
    assert table["rating"].tolist()[:3] == [10, 80, 90]


@pytest.mark.parametrize(("rating", "third"), [(0, 0), (33, 0), (33.5, 1), (66, 1), (66.5, 2), (100, 2)])
def test_the_third_a_rating_lies_in(rating, third):
    assert band(rating) == BANDS[third]


def test_a_broken_set_is_one_line(tmp_path):
    judge = read_judge(ROOT / "data" / "judges" / "era_two_way.yaml")
    head = "judge: era_two_way\nanswers:\n"
    for text, message in (
        (head + "- {question: q, answer: a, label: gone, kind: plain}", "label 'gone'; era_two_way has: past, modern"),
        (head + "- {question: q, answer: a, rating: 5, kind: plain}", "answer 1: a label judge needs a label"),
        (head + "- {question: q, answer: a, kind: plain}", "give the right label or the right rating"),
        ("judge: other\nanswers: [{question: q, answer: a, label: past, kind: plain}]", "judge = other"),
    ):
        (tmp_path / "era_two_way.yaml").write_text(text)
        with pytest.raises(StudyError, match=message):
            load_validation(tmp_path / "era_two_way.yaml", judge)
