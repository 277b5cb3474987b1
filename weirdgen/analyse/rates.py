"""Shares of answers: counts, whose intervals know that answers to one question, or of one seed, resemble each other.

`tests/analyse/test_rates.py` measures what the intervals cover and how often p is small where nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from weirdgen.analyse.stats import LEVEL, Estimate, Group, Matrix, Over, distance, estimate


@dataclass(frozen=True)
class Share:
    """A group's mean share, over questions and seeds alike, and its counts.

    found: its two-way estimate. answers, count: how many there are, and have the label.
    """

    found: Estimate
    by_question: NDArray[np.float64]
    count: int
    answers: int

    @property
    def value(self) -> float:
        """The mean over questions of the mean over seeds, 0 to 1."""
        return self.found.value

    @property
    def effective(self) -> float:
        """How many independent answers would tell as much: the answers over the design effect, which is at least 1.

        Where all answers or none have the label nothing shows how alike they are: then all count.
        """
        rate, variance = self.value, self.found.variance
        if variance <= 0 or not 0 < rate < 1:
            return float(self.answers)
        return min(float(self.answers), rate * (1 - rate) / variance)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Wilson 1927 with the effective number of answers and Student's t (Korn and Graubard 1998, of surveys)."""
        return wilson(self.value, self.effective, float(stats.t.ppf((1 + level) / 2, self.degrees)))

    @property
    def degrees(self) -> float:
        """Satterthwaite's, of two parts: what counts vary by anyhow is known, only what is beyond it was estimated."""
        variance, counting = self.found.variance, self.value * (1 - self.value) / self.answers
        if variance <= counting or not counting:
            return np.inf
        return self.found.degrees * (variance / (variance - counting)) ** 2


def wilson(rate: float, answers: float, quantile: float) -> tuple[float, float]:
    """Wilson's interval of a rate among so many answers, within 0 to 1 and never of width 0."""
    square = quantile**2 / answers
    centre = (rate + square / 2) / (1 + square)
    reach = np.sqrt(rate * (1 - rate) * square + square**2 / 4) / (1 + square)
    return max(float(centre - reach), 0.0), min(float(centre + reach), 1.0)


def share(rates: Matrix, counts: Matrix, answers: Matrix, fixed: bool = False) -> Share:
    """A group's share from its rates, counts and numbers of answers by seed and question."""
    found = estimate([Group(rates, fixed=fixed)])
    return Share(found, rates.mean(axis=0), int(counts.sum()), int(answers.sum()))


@dataclass(frozen=True)
class Difference:
    """Treated - control of two shares that were asked the same questions."""

    treated: Share
    control: Share

    @property
    def value(self) -> float:
        """From -1 to 1."""
        return self.treated.value - self.control.value

    @property
    def over(self) -> Over:
        """What the interval is over."""
        return self.treated.found.over

    @property
    def correlation(self) -> float:
        """Of the two shares' errors: questions are shared, so a question that suits one suits the other too."""
        one, two = self.treated.by_question, self.control.by_question
        if len(one) < 3 or not one.std() or not two.std():
            return 0.0
        covariance = float(np.cov(one, two, ddof=1)[0, 1]) / len(one)
        errors = self.treated.found.error * self.control.found.error
        return float(np.clip(covariance / errors, 0.0, 0.9)) if errors > 0 else 0.0

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """MOVER: from the two shares' own intervals (Zou and Donner 2008; with a correlation, Zou 2008)."""
        one, two, r = self.treated.value, self.control.value, self.correlation
        (low, high), (other_low, other_high) = self.treated.interval(level), self.control.interval(level)

        def _reach(mine: float, other: float) -> float:
            return float(np.sqrt(max(mine**2 + other**2 - 2 * r * mine * other, 0.0)))

        return (
            max(self.value - _reach(one - low, other_high - two), -1.0),
            min(self.value + _reach(high - one, two - other_low), 1.0),
        )

    @property
    def p(self) -> float:
        """Two-sided: one less the level at which the interval begins to hold 0. NaN without two seeds and questions."""
        if self.over != "seeds and questions":
            return float("nan")
        if abs(self.value) < 1e-9:  # the same counts, summed in another order
            return 1.0
        nearest: Callable[[float], float] = lambda level: (  # noqa: E731
            self.interval(level)[0] if self.value > 0 else -self.interval(level)[1]
        )
        least, most = 1e-9, 1 - 1e-12
        if nearest(most) > 0:
            return 1 - most
        return float(1 - optimize.brentq(nearest, least, most, xtol=1e-12))

    @property
    def detectable(self) -> float:
        """The difference that such data would tell from 0 in 80 of 100 studies, by the width of this interval."""
        low, high = self.interval()
        degrees = min(self.treated.degrees, self.control.degrees, 1e6)
        return float((high - low) / 2 * distance(degrees) / stats.t.ppf((1 + LEVEL) / 2, degrees))


@dataclass(frozen=True)
class Errors:
    """How a judge did on its validation set, for one label.

    hits of `positives` answers with the label got it; false_alarms of `negatives` without it did.
    """

    hits: int
    positives: int
    false_alarms: int
    negatives: int


def corrected(found: Share, errors: Errors, resamples: int, seed: int) -> tuple[float, float, float]:
    """A share mended for its judge's errors, with a 95% interval: (rate, low, high), each within 0 to 1.

    Rogan and Gladen 1978: (rate + specificity - 1) / (sensitivity + specificity - 1). The interval draws the rate, the
    sensitivity and the specificity from Beta distributions together (Jeffreys' prior, as in Brown, Cai and DasGupta
    2001; the rate with its effective number of answers). NaN where sensitivity + specificity <= 1.1: such a judge says
    next to nothing of the label. Errors of a validation set are those on its answers: where it holds hard ones on
    purpose, specificity is lower there than on answers as they come, and the mended rate too low (docs/judges.md).
    """
    if not errors.positives or not errors.negatives:
        return float("nan"), float("nan"), float("nan")
    sensitivity, false_rate = errors.hits / errors.positives, errors.false_alarms / errors.negatives
    if sensitivity - false_rate <= 0.1:
        return float("nan"), float("nan"), float("nan")
    generator = np.random.default_rng(seed)

    def _drawn(successes: float, trials: float) -> NDArray[np.float64]:
        return generator.beta(successes + 0.5, trials - successes + 0.5, resamples)

    rates = _drawn(found.value * found.effective, found.effective)
    hits = _drawn(errors.hits, errors.positives)
    alarms = _drawn(errors.false_alarms, errors.negatives)
    mended = np.clip((rates - alarms) / np.maximum(hits - alarms, 0.05), 0, 1)
    best = float(np.clip((found.value - false_rate) / (sensitivity - false_rate), 0, 1))
    low, high = np.quantile(mended, [0.025, 0.975])
    return best, min(float(low), best), max(float(high), best)
