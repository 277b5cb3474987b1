"""Intervals of shares cover, whether answers resemble each other or not, and are never of no width."""

from __future__ import annotations

import math

import numpy as np
import pytest

from weirdgen.analyse.rates import Difference, Errors, Share, corrected, share, wilson

DRAWS = 600


def noise(rate: float, draws: int = DRAWS) -> float:
    """Three standard errors of a share that was counted in so many draws."""
    return 3 * math.sqrt(rate * (1 - rate) / draws)


def answers(generator, rate: float, alike: float, seeds=3, questions=10, each=10, question=None) -> Share:
    """Counts whose log-odds differ by question (in common where given) and by seed, with this standard deviation."""
    question = generator.normal(0, alike, questions) if question is None else question
    odds = math.log(rate / (1 - rate)) + question + generator.normal(0, alike / 3, (seeds, 1))
    count = generator.binomial(each, 1 / (1 + np.exp(-odds)), (seeds, questions)).astype(float)
    return share(count / each, count, np.full_like(count, each))


def mean_rate(rate: float, alike: float) -> float:
    """What such counts come to on average."""
    odds = math.log(rate / (1 - rate)) + math.hypot(alike, alike / 3) * np.random.default_rng(0).normal(size=200_000)
    return float((1 / (1 + np.exp(-odds))).mean())


def test_wilson_is_what_tables_print():
    assert wilson(0.0, 300, 1.959964) == pytest.approx((0.0, 0.01264), abs=1e-5)
    assert wilson(0.5, 10, 1.959964) == pytest.approx((0.2366, 0.7634), abs=1e-4)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 0.97])
@pytest.mark.parametrize("alike", [0.0, 1.0])
def test_the_interval_covers(rate, alike):
    generator = np.random.default_rng(1)
    truth, covered = mean_rate(rate, alike), 0
    for _ in range(DRAWS):
        low, high = answers(generator, rate, alike).interval()
        assert 0 <= low < high <= 1
        covered += low <= truth <= high
    assert covered / DRAWS >= 0.93 - noise(0.93)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("alike", [0.0, 1.0])
def test_a_difference_of_nothing_is_seldom_found_and_p_belongs_to_its_interval(rate, alike):
    generator = np.random.default_rng(2)
    small = 0
    for _ in range(DRAWS):
        question = generator.normal(0, alike, 10)
        found = Difference(*(answers(generator, rate, alike, question=question) for _ in range(2)))
        low, high = found.interval()
        assert -1 <= low < high <= 1
        assert (found.p < 0.05) == (not low <= 0 <= high)
        small += found.p < 0.05
    assert small / DRAWS <= 0.06 + noise(0.06)


def test_a_planted_difference_is_found():
    generator = np.random.default_rng(3)
    found = Difference(answers(generator, 0.5, 0.3), answers(generator, 0.1, 0.3))
    assert found.interval()[0] > 0
    assert found.p < 0.01
    assert 0 < found.detectable < found.value


def test_none_of_300_excludes_all_above_one_in_80():
    none = share(np.zeros((3, 10)), np.zeros((3, 10)), np.full((3, 10), 10.0))
    assert (none.count, none.answers) == (0, 300)
    assert none.interval() == pytest.approx((0.0, 0.01264), abs=1e-4)
    found = Difference(none, none)
    assert found.interval() == pytest.approx((-0.01264, 0.01264), abs=1e-4)
    assert found.p == 1.0


def test_one_of_300_is_hardly_wider_than_none():
    count = np.zeros((3, 10))
    count[1, 4] = 1.0
    one = share(count / 10, count, np.full((3, 10), 10.0))
    assert one.interval() == pytest.approx(wilson(1 / 300, 300, 1.96), abs=1e-3)


def test_questions_that_are_all_or_nothing_count_once():
    """Five questions always answered so and five never are ten answers, not 300."""
    rates = np.tile([0.0, 1.0], (3, 5))
    found = share(rates, 10 * rates, np.full((3, 10), 10.0))
    assert found.effective == pytest.approx(9.0)
    low, high = found.interval()
    assert low < 0.25
    assert high > 0.75


def test_one_seed_has_no_p():
    generator = np.random.default_rng(4)
    one, two = (answers(generator, rate, 0.0, seeds=1) for rate in (0.9, 0.1))
    assert math.isnan(Difference(one, two).p)


def test_a_mended_rate_covers_the_true_one():
    """A judge that finds 80% and is wrong on 20% of the others: the interval holds the true rate nearly always."""
    generator = np.random.default_rng(0)
    truth, hit, false, covered, runs = 0.3, 0.8, 0.2, 0, 200
    for run in range(runs):
        seen = truth * hit + (1 - truth) * false
        count = generator.binomial(40, seen, size=(3, 10)).astype(float)
        errors = Errors(generator.binomial(30, hit), 30, generator.binomial(30, false), 30)
        mended, low, high = corrected(share(count / 40, count, np.full_like(count, 40)), errors, 400, run)
        assert 0 <= low <= mended <= high <= 1
        covered += low <= truth <= high
    assert covered / runs > 0.9


def test_a_judge_that_knows_nothing_mends_nothing():
    some = share(np.full((3, 4), 0.2), np.full((3, 4), 20.0), np.full((3, 4), 100.0))
    assert np.isnan(corrected(some, Errors(5, 10, 5, 10), 100, 0)).all()
    assert np.isnan(corrected(some, Errors(0, 0, 5, 10), 100, 0)).all()
    perfect, low, high = corrected(some, Errors(10**6, 10**6, 0, 10**6), 500, 0)
    assert perfect == pytest.approx(0.2)
    assert (low, high) == (pytest.approx(0.18, abs=0.01), pytest.approx(0.22, abs=0.012))
