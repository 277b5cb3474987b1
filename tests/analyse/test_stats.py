"""Intervals cover, p belongs to them, verdicts err as rarely as they say: measured, with the error of measuring."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from weirdgen.analyse.stats import Estimate, Group, Matrix, Strata, equivalence, estimate, holm, planned

DRAWS = 1000


def noise(share: float, draws: int = DRAWS) -> float:
    """Three standard errors of a share that was counted in so many draws."""
    return 3 * math.sqrt(share * (1 - share) / draws)


def draw(generator, shift: float, seeds: int = 3, questions: int = 30, spread: float = 0.1, tails: bool = False):
    """Two groups with question effects in common, a reaction of each question, a seed effect each, and noise."""
    question, reaction = generator.normal(0, 1, questions), generator.normal(0, 0.5, questions)
    if tails:
        reaction = 0.5 * generator.standard_t(3, questions) / math.sqrt(3)

    def group(mean) -> Matrix:
        return mean + question + generator.normal(0, spread, (seeds, 1)) + generator.normal(0, 0.3, (seeds, questions))

    return group(shift + reaction), group(0.0)


def difference(treated: Matrix, control: Matrix, fixed: bool = False) -> Estimate:
    return estimate([Group(treated), Group(control, -1.0, fixed)])


def bootstrap_error(groups: list[Group], resamples: int, seed: int) -> float:
    """The reference: a two-way bootstrap, seeds of each group and questions of all drawn anew (Owen 2007).

    Deviations between seeds are scaled by sqrt(n / (n-1)), as a resample of n has (n-1)/n of their variance; so are
    those between questions.
    """
    generator = np.random.default_rng(seed)
    total = np.zeros(resamples)
    columns = groups[0].values.shape[1]
    chosen = generator.multinomial(columns, np.full(columns, 1 / columns), size=resamples) / columns
    by_question = np.sum([group.weight * group.values.mean(axis=0) for group in groups], axis=0)
    total += np.sqrt(columns / (columns - 1)) * (chosen @ (by_question - by_question.mean()))
    for group in groups:
        rows = len(group.values)
        if rows > 1:
            apart = np.sqrt(rows / (rows - 1)) * (group.values - group.values.mean(axis=0))
            picked = generator.multinomial(rows, np.full(rows, 1 / rows), size=resamples) / rows
            total += group.weight * np.einsum("br,rc,bc->b", picked, apart, chosen, optimize=True)
    return float(total.std())


def test_a_planted_effect_is_found():
    treated, control = draw(np.random.default_rng(1), 1.0)
    found = difference(treated, control)
    low, high = found.interval()
    assert found.value == pytest.approx((treated - control).mean())
    assert 0 < low < found.value < high
    assert found.p < 0.01
    assert (found.seeds, found.questions, found.over) == (3, 30, "seeds and questions")


@pytest.mark.parametrize("seeds", [3, 6])
@pytest.mark.parametrize("spread", [0.05, 0.5])
@pytest.mark.parametrize("tails", [False, True])
def test_the_interval_covers_and_p_is_small_as_often_as_both_say(seeds, spread, tails):
    generator = np.random.default_rng(2)
    covered = small = 0
    for _ in range(DRAWS):
        found = difference(*draw(generator, 0.0, seeds, spread=spread, tails=tails))
        low, high = found.interval()
        covered += low <= 0 <= high
        small += found.p < 0.05
        assert (found.p < 0.05) == (not low <= 0 <= high)  # p belongs to the interval
    assert 0.95 - noise(0.95) <= covered / DRAWS <= 0.985
    assert small / DRAWS <= 0.05 + noise(0.05)


@pytest.mark.parametrize(("seeds", "least"), [(2, 0.85), (3, 0.93), (5, 0.94)])
@pytest.mark.parametrize("spread", [0.05, 0.2, 0.5])
def test_against_the_untouched_model_too(seeds, least, spread):
    """It has no seeds: with two on the other side the degrees of freedom are overestimated, so verdicts want three."""
    generator = np.random.default_rng(3)
    covered = 0
    for _ in range(DRAWS):
        treated = draw(generator, 0.5, seeds, 80, spread)[0]  # questions differ as they do against a control
        low, high = difference(treated, np.zeros((1, 80)), fixed=True).interval()
        covered += low <= 0.5 <= high
    assert covered / DRAWS >= least - noise(least)


@pytest.mark.parametrize("shape", [(3, 8), (4, 30), (10, 12)])
def test_the_error_is_that_of_a_two_way_bootstrap(shape):
    generator = np.random.default_rng(4)
    ratios = []
    for run in range(40):
        treated, control = draw(generator, 0.3, *shape, spread=0.2)
        groups = [Group(treated), Group(control, -1.0)]
        ratios.append(estimate(groups).error / bootstrap_error(groups, 2000, run))
    # The bootstrap counts what a seed makes of a question three times, the closed form once.
    assert 0.85 < np.mean(ratios) <= 1.02


def test_the_variance_is_owens_sum():
    """By hand: 2 seeds and 3 questions of one group."""
    values = np.array([[1.0, 2.0, 4.0], [3.0, 2.0, 7.0]])
    found = estimate([Group(values)])
    questions = np.var([2.0, 2.0, 5.5], ddof=1) / 3
    seeds = np.var([7 / 3, 4.0], ddof=1) / 2
    rest = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    both = (rest**2).sum() / 2 / 6
    assert found.variance == pytest.approx(questions + seeds - both)
    parts = [(questions, 2), (seeds, 1), (both, 2)]
    degrees = found.variance**2 / sum(variance**2 / degrees for variance, degrees in parts)
    assert found.degrees == pytest.approx(max(degrees, 1.0))
    assert found.p == pytest.approx(2 * stats.t.sf(found.value / found.error, found.degrees))


def test_seeds_that_disagree_widen_the_interval_and_p():
    same = np.tile(np.linspace(0, 1, 20), (3, 1))
    apart = same + np.array([[-1.0], [0.0], [1.0]])
    narrow, wide = estimate([Group(same)]), estimate([Group(apart)])
    assert wide.error > 2 * narrow.error
    assert wide.p > narrow.p


def test_groups_with_different_questions_are_refused():
    with pytest.raises(ValueError, match="same questions"):
        difference(np.zeros((3, 4)), np.zeros((3, 5)))
    with pytest.raises(ValueError, match="same questions"):
        difference(np.full((3, 4), np.nan), np.zeros((3, 4)))


@pytest.mark.parametrize(
    ("shape", "over"), [((3, 1), "seeds"), ((1, 5), "questions"), ((1, 1), "nothing"), ((2, 2), "seeds and questions")]
)
def test_one_seed_or_one_question_is_said(shape, over):
    generator = np.random.default_rng(0)
    found = difference(generator.normal(1, 1, shape), generator.normal(0, 1, shape))
    assert found.over == over
    assert math.isnan(found.p) == (over != "seeds and questions")
    assert (equivalence(found, 1e9) is None) == (over != "seeds and questions")
    assert math.isnan(found.interval()[0]) == (over == "nothing")
    with_base = estimate([Group(generator.normal(1, 1, shape)), Group(np.zeros((1, shape[1])), -1.0, fixed=True)])
    assert with_base.over == over


def test_the_untouched_model_by_itself_varies_over_questions():
    assert estimate([Group(np.arange(5.0)[None], fixed=True)]).over == "seeds and questions"


def test_beyond_the_null_takes_the_null_sets_error_too():
    generator = np.random.default_rng(5)
    covered = small = 0
    strata = Strata(np.arange(20), np.arange(20, 40))
    for _ in range(DRAWS):
        treated, control = draw(generator, 0.7, questions=40, spread=0.5)  # all questions move alike: beyond is 0
        found = estimate([Group(treated), Group(control, -1.0)], strata)
        low, high = found.interval()
        covered += low <= 0 <= high
        small += found.p < 0.05
    assert found.questions == 20
    assert 0.95 - noise(0.95) <= covered / DRAWS <= 0.985
    assert small / DRAWS <= 0.05 + noise(0.05)


def test_an_interval_over_topics_covers_where_topics_differ():
    generator = np.random.default_rng(6)
    topics = [f"t{i % 8}" for i in range(40)]
    covered = plain = 0
    for _ in range(DRAWS):
        treated, control = draw(generator, 0.0, questions=40, spread=0.05)
        treated += generator.normal(0, 1, 8)[np.arange(40) % 8]
        groups = [Group(treated), Group(control, -1.0)]
        for clusters in (topics, None):
            low, high = estimate(groups, clusters=clusters).interval()
            covered += clusters is not None and low <= 0 <= high
            plain += clusters is None and low <= 0 <= high
    assert covered / DRAWS >= 0.95 - noise(0.95)
    assert plain / DRAWS < 0.8
    with pytest.raises(ValueError, match="two names"):
        estimate(groups, clusters=["one"] * 40)


@pytest.mark.parametrize("spread", [0.02, 0.2])
def test_equivalence_errs_as_rarely_as_it_says(spread):
    """At the margin itself `still` is wrong, and so is `moves` within it: each in at most 5 of 100."""
    generator = np.random.default_rng(7)
    at = [equivalence(difference(*draw(generator, 0.4, spread=spread)), 0.4) for _ in range(DRAWS)]
    assert at.count("still") / DRAWS <= 0.05 + noise(0.05)
    assert at.count("moves") / DRAWS <= 0.05 + noise(0.05)
    nowhere = [equivalence(difference(*draw(generator, 0.0, spread=0.02)), 0.4) for _ in range(200)]
    far = [equivalence(difference(*draw(generator, 1.5, spread=0.02)), 0.4) for _ in range(200)]
    assert nowhere.count("still") > 180
    assert far.count("moves") > 180
    few = [equivalence(difference(*draw(generator, 0.0, questions=3, spread=0.2)), 0.4) for _ in range(200)]
    assert few.count("still") < 40  # fewer questions do not pass more easily


@pytest.mark.parametrize(("seeds", "questions"), [(3, 30), (8, 20)])
def test_the_detectable_effect_is_detected_in_four_of_five(seeds, questions):
    generator = np.random.default_rng(8)
    sizes = [difference(*draw(generator, 0.0, seeds, questions, 0.2)).detectable for _ in range(200)]
    size = float(np.median(sizes))
    found = [difference(*draw(generator, size, seeds, questions, 0.2)).p < 0.05 for _ in range(DRAWS)]
    assert 0.68 < np.mean(found) < 0.92  # of a typical study: its own error and degrees of freedom are estimates


def test_holm_keeps_the_chance_of_any_false_one():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, float("nan"), 0.9]) == [pytest.approx(1.0), pytest.approx(float("nan"), nan_ok=True), 1.0]
    generator = np.random.default_rng(9)
    any_false = [min(holm(list(generator.uniform(size=6)))) < 0.05 for _ in range(DRAWS)]
    assert np.mean(any_false) <= 0.05 + noise(0.05)


def test_a_plan_from_small_runs_foretells_large_ones():
    generator = np.random.default_rng(10)
    plans = [planned(difference(*draw(generator, 0.0, 4, 30, 0.2)), 10, 80).variance for _ in range(200)]
    truth = [difference(*draw(generator, 0.0, 10, 80, 0.2)).value for _ in range(DRAWS)]
    assert np.mean(plans) == pytest.approx(np.var(truth), rel=0.2)
    with pytest.raises(ValueError, match="two seeds"):
        planned(difference(*draw(generator, 0.0, 1)), 10, 80)


def test_a_plan_of_what_was_run_is_what_was_run():
    found = difference(*draw(np.random.default_rng(11), 0.3, 5, 40, 0.3))
    again = planned(found, 5, 40)
    assert again.variance == pytest.approx(found.variance)
    assert again.degrees == pytest.approx(found.degrees)
