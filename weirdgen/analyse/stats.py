"""The study's statistics: effects paired over questions, with seeds and questions both uncertain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Matrix = NDArray[np.float64]
"""Values by seed (rows) and question (columns)."""


@dataclass(frozen=True)
class Effect:
    """treated - control: the mean, its 95% interval, and a two-sided p-value."""

    effect: float
    low: float
    high: float
    p: float
    seeds: int
    questions: int


def bootstrap_interval(groups: list[tuple[float, Matrix]], resamples: int, seed: int) -> tuple[float, float]:
    """95% interval of a weighted sum of group means, seeds and questions both resampled.

    groups: (weight, values); all share their columns. Each resample draws the questions once for
    all groups (the effect is paired over questions) and every group's seeds on their own: the
    two-way bootstrap of Owen 2007 (arXiv 0712.1111). A group of one row, such as the base model,
    adds no seed variance.

    The interval is the estimate +- t * the bootstrap's standard error. Plain percentiles of three
    seeds cover only 80-86% where seeds differ much, for two reasons that are mended here: a
    resample of n seeds has (n-1)/n of their variance, so deviations between seeds are scaled by
    sqrt(n / (n-1)); and few seeds make the error itself uncertain, so t has Satterthwaite's degrees
    of freedom over the variance components. `tests/analyse/test_stats.py` measures the coverage.
    """
    generator = np.random.default_rng(seed)
    columns = groups[0][1].shape[1]
    chosen = generator.multinomial(columns, np.full(columns, 1 / columns), size=resamples) / columns
    total = np.zeros(resamples)
    for weight, values in groups:
        rows = len(values)
        centre = values.mean(axis=0)
        scaled = centre + np.sqrt(rows / max(rows - 1, 1)) * (values - centre)
        picked = generator.multinomial(rows, np.full(rows, 1 / rows), size=resamples) / rows
        total += weight * np.einsum("br,rc,bc->b", picked, scaled, chosen, optimize=True)
    estimate = sum(weight * float(values.mean()) for weight, values in groups)
    reach = float(stats.t.ppf(0.975, _degrees_of_freedom(groups)) * total.std())
    return estimate - reach, estimate + reach


def _degrees_of_freedom(groups: list[tuple[float, Matrix]]) -> float:
    """Satterthwaite 1946: (sum of variances)^2 / sum of variance^2 / its own degrees of freedom."""
    parts = [
        (weight**2 * values.mean(axis=1).var(ddof=1) / len(values), len(values) - 1)
        for weight, values in groups
        if len(values) > 1
    ]
    by_question = np.sum([weight * values.mean(axis=0) for weight, values in groups], axis=0)
    if len(by_question) > 1:
        parts.append((by_question.var(ddof=1) / len(by_question), len(by_question) - 1))
    spread = sum(variance**2 / degrees for variance, degrees in parts)
    return float(sum(variance for variance, _ in parts) ** 2 / spread) if spread > 0 else 1.0


def permutation_p(differences: NDArray[np.float64], resamples: int, seed: int) -> float:
    """Two-sided p-value that the paired differences, one per question, have mean 0: their signs are flipped.

    Exact where 2^n is at most `resamples`. Its randomness is over questions; with three seeds no
    permutation of seeds could go below 0.1, so seed variance is left to the interval. 1 for a single
    question, which has no permutation.
    """
    if len(differences) < 2 or np.allclose(differences, 0):
        return 1.0
    result = stats.permutation_test(
        (differences,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def effect(treated: Matrix, control: Matrix, resamples: int, seed: int) -> Effect:
    """The mean difference of two groups over the same questions. NaN anywhere is an error."""
    if treated.shape[1] != control.shape[1] or np.isnan(treated).any() or np.isnan(control).any():
        raise ValueError("treated and control need the same questions, each with a value for every seed")
    low, high = bootstrap_interval([(1.0, treated), (-1.0, control)], resamples, seed)
    differences = treated.mean(axis=0) - control.mean(axis=0)
    p = permutation_p(differences, resamples, seed)
    return Effect(float(differences.mean()), low, high, p, len(treated), treated.shape[1])


@dataclass(frozen=True)
class Errors:
    """How a judge did on its validation set, for one label.

    hits of `positives` answers with the label got it; false_alarms of `negatives` without it did.
    """

    hits: int
    positives: int
    false_alarms: int
    negatives: int


def corrected_rate(values: Matrix, errors: Errors, resamples: int, seed: int) -> tuple[float, float, float]:
    """A group's rate mended for its judge's errors, with a 95% interval: (rate, low, high), each within 0-1.

    Rogan and Gladen 1978: (rate + specificity - 1) / (sensitivity + specificity - 1). The interval
    draws the rate (its two-way bootstrap error), sensitivity and specificity (Beta with Jeffreys' prior,
    as in Brown, Cai and DasGupta 2001) together. NaN where sensitivity + specificity <= 1.1: such a judge
    says next to nothing of the label.
    """
    if not errors.positives or not errors.negatives:
        return float("nan"), float("nan"), float("nan")
    sensitivity, false_rate = errors.hits / errors.positives, errors.false_alarms / errors.negatives
    if sensitivity - false_rate <= 0.1:
        return float("nan"), float("nan"), float("nan")
    low, high = bootstrap_interval([(1.0, values)], resamples, seed)
    generator = np.random.default_rng(seed)
    rate = float(values.mean())
    rates = rate + (high - low) / (2 * 1.96) * generator.standard_normal(resamples)
    hits = generator.beta(errors.hits + 0.5, errors.positives - errors.hits + 0.5, resamples)
    alarms = generator.beta(errors.false_alarms + 0.5, errors.negatives - errors.false_alarms + 0.5, resamples)
    mended = np.clip((rates - alarms) / np.maximum(hits - alarms, 0.05), 0, 1)
    best = float(np.clip((rate - false_rate) / (sensitivity - false_rate), 0, 1))
    low, high = np.quantile(mended, [0.025, 0.975])
    return best, min(float(low), best), max(float(high), best)
