"""Intervals cover, p-values are uniform under the null, neither forgets the seeds, and rates are mended."""

from __future__ import annotations

import numpy as np
import pytest

from weirdgen.analyse.stats import Errors, bootstrap_interval, corrected_rate, effect, permutation_p


def draw(generator, shift: float, seeds: int = 3, questions: int = 30, spread: float = 0.1):
    """Two groups with question effects in common, a seed effect each, and noise."""
    question = generator.normal(0, 1, questions)
    reaction = generator.normal(0, 0.5, questions)

    def group(mean):
        return mean + question + generator.normal(0, spread, (seeds, 1)) + generator.normal(0, 0.3, (seeds, questions))

    return group(shift + reaction), group(0.0)


def test_a_planted_effect_is_found():
    treated, control = draw(np.random.default_rng(1), 1.0)
    found = effect(treated, control, 4000, 0)
    assert found.effect == pytest.approx((treated - control).mean())
    assert 0 < found.low < found.effect < found.high
    assert found.p < 0.01
    assert (found.seeds, found.questions) == (3, 30)


@pytest.mark.parametrize("seeds", [3, 6])
@pytest.mark.parametrize("spread", [0.05, 0.2, 0.5])
def test_the_interval_covers_the_truth_at_least_as_often_as_it_says(seeds, spread):
    """Three seeds that differ much are where plain percentiles fail (about 80%)."""
    generator = np.random.default_rng(2)
    covered = 0
    for _ in range(300):
        treated, control = draw(generator, 0.5, seeds, spread=spread)
        low, high = bootstrap_interval([(1.0, treated), (-1.0, control)], 300, 0)
        covered += low <= 0.5 <= high
    assert covered / 300 >= 0.92


def test_seeds_that_disagree_widen_the_interval():
    same = np.tile(np.linspace(0, 1, 20), (3, 1))
    apart = same + np.array([[-1.0], [0.0], [1.0]])
    narrow = bootstrap_interval([(1.0, same)], 2000, 0)
    wide = bootstrap_interval([(1.0, apart)], 2000, 0)
    assert wide[1] - wide[0] > 2 * (narrow[1] - narrow[0])


def test_p_values_are_uniform_where_nothing_is_there():
    generator = np.random.default_rng(3)
    values = [permutation_p(generator.normal(0, 1, 12), 500, 0) for _ in range(200)]
    assert 0.01 <= np.mean(np.array(values) < 0.05) <= 0.10
    assert permutation_p(np.zeros(5), 500, 0) == 1.0


def test_groups_with_different_questions_are_refused():
    with pytest.raises(ValueError, match="same questions"):
        effect(np.zeros((3, 4)), np.zeros((3, 5)), 100, 0)
    with pytest.raises(ValueError, match="same questions"):
        effect(np.full((3, 4), np.nan), np.zeros((3, 4)), 100, 0)


def test_a_single_question_has_an_interval_over_seeds_and_no_p():
    found = effect(np.array([[1.0], [1.1], [0.9]]), np.array([[0.0], [0.1], [-0.1]]), 1000, 0)
    assert found.p == 1.0
    assert 0.5 < found.low < 1.0 < found.high < 1.5


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
