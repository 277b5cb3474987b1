"""Can a judge be believed: the sets, the numbers, and rates mended by them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from weirdgen.analyse.stats import Errors, corrected_rate
from weirdgen.core.errors import StudyError
from weirdgen.judge.judging import RatingFile, RulesFile, Verdict, load_rules_judge, read_judge
from weirdgen.judge.validation import (
    Known,
    accuracy,
    agreement,
    confusion,
    kappa,
    load_validation,
    validate_rules,
    validated,
)

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


def known(right):
    return [Known(question="q", answer=str(i), label=label, kind="plain") for i, label in enumerate(right)]


def test_accuracy_confusion_and_unparsed():
    right = ["past", "past", "past", "past", "modern", "modern"]
    given = ["past", "past", "modern", "unparsed", "modern", "past"]
    table = validated("j", "rules", known(right), [Verdict(label) for label in given])
    found = accuracy(table).iloc[0]
    assert (found["accuracy"], found["macro_accuracy"], found["unparsed"]) == (pytest.approx(0.5), 0.5, 1)
    assert not found["fit"]
    counts = confusion(table).set_index(["right", "given"])["count"]
    assert counts["past", "past"] == 2
    assert counts["past", "unparsed"] == 1
    assert counts["unparsed", "past"] == 0
    assert counts.sum() == 6


def test_ratings_count_by_thirds_and_by_their_error():
    sets = [Known(question="q", answer=str(r), rating=r, kind="plain") for r in (0, 40, 100)]
    sets.append(Known(question="q", answer="no", label="refusal", kind="plain"))
    given = [Verdict("rated", rating=10.0), Verdict("rated", rating=80.0), Verdict("rated", rating=90.0)]
    found = accuracy(validated("j", "vllm", sets, [*given, Verdict("refusal")])).iloc[0]
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


def test_a_mended_rate_covers_the_true_one():
    """A judge that finds 80% and is wrong on 20% of the others: the interval holds the true rate nearly always."""
    generator = np.random.default_rng(0)
    truth, hit, false, covered, runs = 0.3, 0.8, 0.2, 0, 200
    for run in range(runs):
        seen = truth * hit + (1 - truth) * false
        values = generator.binomial(40, seen, size=(3, 10)) / 40
        errors = Errors(generator.binomial(30, hit), 30, generator.binomial(30, false), 30)
        mended, low, high = corrected_rate(values, errors, 400, run)
        assert 0 <= low <= mended <= high <= 1
        covered += low <= truth <= high
    assert covered / runs > 0.9


def test_a_judge_that_knows_nothing_mends_nothing():
    assert np.isnan(corrected_rate(np.full((3, 4), 0.2), Errors(5, 10, 5, 10), 100, 0)).all()
    assert np.isnan(corrected_rate(np.full((3, 4), 0.2), Errors(0, 0, 5, 10), 100, 0)).all()
    perfect, low, high = corrected_rate(np.full((3, 4), 0.2), Errors(1000, 1000, 0, 1000), 500, 0)
    assert (perfect, low, high) == (pytest.approx(0.2), pytest.approx(0.2, abs=0.01), pytest.approx(0.2, abs=0.01))


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
