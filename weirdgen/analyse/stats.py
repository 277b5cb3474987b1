"""The study's statistics: means and differences with seeds and questions both uncertain, in closed form.

An estimate is a weighted sum of group means over the same questions. Its questions and the seeds of every trained group
are draws from many that might have been; so are what a seed makes of a question. The untouched model is one model, not
a draw. `tests/analyse/test_stats.py` measures what intervals, p-values and verdicts do under these assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Matrix = NDArray[np.float64]
"""Values by seed (rows) and question (columns)."""

Over = Literal["seeds and questions", "questions", "seeds", "nothing"]
"""What an interval's uncertainty is over: one question or one seed says nothing of others."""

LEVEL = 0.95
POWER = 0.8


@dataclass(frozen=True)
class Group:
    """A group's values, no NaN among them. fixed: its one row is the model itself and no draw of a seed."""

    values: Matrix
    weight: float = 1.0
    fixed: bool = False


@dataclass(frozen=True)
class Part:
    """A component of a variance and its degrees of freedom."""

    variance: float
    degrees: float


@dataclass(frozen=True)
class Estimate:
    """A number, and what is known of its error.

    by_question: variance of the mean over questions, by_seed: over seeds, one part for each group; each counts
    what a seed makes of a question (`both`) too. seeds: of the smallest group that has any.
    """

    value: float
    by_question: Part | None
    by_seed: Sequence[Part]
    both: Sequence[Part]
    questions: int
    seeds: int
    over: Over

    @property
    def variance(self) -> float:
        """Questions + seeds - what both count (Owen 2007, arXiv 0712.1111, eq. 3), not below either by itself."""
        questions = self.by_question.variance if self.by_question else 0.0
        seeds = sum(part.variance for part in self.by_seed)
        return max(questions + seeds - sum(part.variance for part in self.both), questions, seeds)

    @property
    def error(self) -> float:
        """The standard error; NaN where nothing varied that could tell."""
        return float("nan") if self.over == "nothing" else float(np.sqrt(self.variance))

    @property
    def degrees(self) -> float:
        """Satterthwaite 1946: variance^2 over the sum of each part's variance^2 / degrees."""
        parts = [*([self.by_question] if self.by_question else []), *self.by_seed, *self.both]
        spread = sum(part.variance**2 / part.degrees for part in parts)
        return float(max(self.variance**2 / spread, 1.0)) if spread > 0 else 1.0

    def quantile(self, probability: float) -> float:
        """Of Student's t with the estimate's degrees of freedom."""
        return float(stats.t.ppf(probability, self.degrees))

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Value -+ t times the error."""
        reach = self.quantile((1 + level) / 2) * self.error
        return self.value - reach, self.value + reach

    @property
    def p(self) -> float:
        """Two-sided, of the interval's t: below 0.05 where that leaves 0 out. NaN without two seeds and questions."""
        if self.over != "seeds and questions":
            return float("nan")
        if not self.error:
            return float(self.value == 0)
        return float(2 * stats.t.sf(abs(self.value) / self.error, self.degrees))

    @property
    def detectable(self) -> float:
        """The effect that such data would tell from 0 in 80 of 100 studies (two-sided, at 5%)."""
        return distance(self.degrees) * self.error


def distance(degrees: float) -> float:
    """Standard errors from 0 at which a two-sided t test at 5% finds an effect in 80 of 100 studies."""
    return _distance(round(degrees, 1))


@cache
def _distance(degrees: float) -> float:
    quantile = stats.t.ppf((1 + LEVEL) / 2, degrees)
    return float(optimize.brentq(lambda far: stats.nct.sf(quantile, degrees, far) - POWER, 0.5, 4 * quantile))


@dataclass(frozen=True)
class Strata:
    """Which questions count, and how: the mean over `plus`, less the mean over `minus` where there are any."""

    plus: NDArray[np.intp]
    minus: NDArray[np.intp] = field(default_factory=lambda: np.array([], dtype=np.intp))

    def signed(self) -> list[tuple[float, NDArray[np.intp]]]:
        """Sign and questions of each mean."""
        return [(1.0, self.plus), *([(-1.0, self.minus)] if len(self.minus) else [])]


def estimate(groups: Sequence[Group], strata: Strata | None = None, clusters: Sequence[str] | None = None) -> Estimate:
    """The weighted sum of the groups' means over their questions, the same for all.

    clusters: a name for every question; questions of one name count as one draw of their errors (cluster-robust,
    as in Miller 2024, arXiv 2411.00640), which needs three names or more. Raises ValueError for other questions in
    one group than in another, or for a value that is missing.
    """
    columns = {group.values.shape[1] for group in groups}
    if len(columns) != 1 or any(np.isnan(group.values).any() for group in groups):
        raise ValueError("the groups need the same questions, each with a value for every seed")
    parts = (strata or Strata(np.arange(columns.pop()))).signed()
    by_question = np.sum([group.weight * group.values.mean(axis=0) for group in groups], axis=0)
    value = float(sum(sign * by_question[which].mean() for sign, which in parts))
    questions = min(len(which) for _, which in parts)
    drawn = [group for group in groups if not group.fixed]
    seeds = min((len(group.values) for group in drawn), default=1)
    many_seeds, many_questions = seeds > 1 or not drawn, questions > 1
    question_part = _question_part(by_question, parts, clusters) if many_questions else None
    seed_parts = [_seed_part(group, parts) for group in drawn] if seeds > 1 else []
    both = [_both(group, parts) for group in drawn] if seeds > 1 and many_questions else []
    if many_questions:
        over: Over = "seeds and questions" if many_seeds else "questions"
    else:
        over = "seeds" if seeds > 1 else "nothing"
    return Estimate(value, question_part, seed_parts, both, questions, seeds, over)


def _question_part(
    values: NDArray[np.float64], parts: list[tuple[float, NDArray[np.intp]]], clusters: Sequence[str] | None
) -> Part:
    pieces = []
    for _, which in parts:
        apart = values[which] - values[which].mean()
        sums, count = apart, len(which)
        if clusters is not None:
            names = np.asarray(clusters)[which]
            sums = np.array([apart[names == name].sum() for name in dict.fromkeys(names)])
            count = len(sums)
            if count < 2:
                raise ValueError("clusters need two names or more")
        pieces.append(Part(float((sums**2).sum() / len(which) ** 2 * count / (count - 1)), count - 1))
    return _together(pieces)


def _seed_part(group: Group, parts: list[tuple[float, NDArray[np.intp]]]) -> Part:
    by_seed = np.sum([sign * group.values[:, which].mean(axis=1) for sign, which in parts], axis=0)
    rows = len(by_seed)
    return Part(group.weight**2 * float(by_seed.var(ddof=1)) / rows, rows - 1)


def _both(group: Group, parts: list[tuple[float, NDArray[np.intp]]]) -> Part:
    """What a seed makes of a question beyond what either does, and the noise of a single value."""
    pieces = []
    for _, which in parts:
        values = group.values[:, which]
        rest = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
        degrees = (values.shape[0] - 1) * (values.shape[1] - 1)
        pieces.append(Part(group.weight**2 * float((rest**2).sum()) / degrees / values.size, degrees))
    return _together(pieces)


def _together(parts: list[Part]) -> Part:
    """The sum of independent parts as one."""
    variance = sum(part.variance for part in parts)
    spread = sum(part.variance**2 / part.degrees for part in parts)
    return Part(variance, variance**2 / spread if spread > 0 else parts[0].degrees)


Verdict = Literal["still", "moves", "cannot tell"]


def equivalence(found: Estimate, margin: float) -> Verdict | None:
    """Whether an effect lies within -+ margin: two one-sided tests at 5% (Schuirmann 1987), its 90% interval.

    `still`: the interval lies within the margin. `moves`: the 95% interval holds no value within it. Else `cannot
    tell`. None where the error is over seeds alone or questions alone.
    """
    if found.over != "seeds and questions":
        return None
    low, high = found.interval(0.9)
    if -margin < low and high < margin:
        return "still"
    low, high = found.interval()
    return "moves" if low > margin or high < -margin else "cannot tell"


def holm(values: Sequence[float]) -> list[float]:
    """p-values as Holm 1979 adjusts them for being several; NaN stays NaN and counts for none."""
    order = sorted((i for i, p in enumerate(values) if not np.isnan(p)), key=lambda i: values[i])
    adjusted, largest = [float("nan")] * len(values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, values[i] * (len(order) - rank)))
        adjusted[i] = largest
    return adjusted


def planned(found: Estimate, seeds: int, questions: int) -> Estimate:
    """What a study of so many seeds a group and questions would find, from the components of one that was run.

    Raises ValueError unless that one had two seeds and two questions.
    """
    if found.by_question is None or not found.by_seed:
        raise ValueError("a plan needs a run of two seeds and two questions or more")
    more_seeds, more_questions = found.seeds / seeds, found.questions / questions
    shared = sum(part.variance for part in found.both)
    question = max(found.by_question.variance - shared, 0.0) * more_questions
    both = [Part(p.variance * more_seeds * more_questions, (seeds - 1) * (questions - 1)) for p in found.both]
    by_seed = [
        Part(max(one.variance - two.variance, 0.0) * more_seeds + new.variance, seeds - 1)
        for one, two, new in zip(found.by_seed, found.both, both, strict=True)
    ]
    by_question = Part(question + sum(part.variance for part in both), questions - 1)
    return replace(found, by_question=by_question, by_seed=by_seed, both=both, seeds=seeds, questions=questions)
