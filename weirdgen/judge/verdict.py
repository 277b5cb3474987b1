"""What every kind of judge finds: a verdict per answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from weirdgen.core.columns import Answered, Judgment

ANSWERED = list(Answered.model_fields)
"""The columns of a sample that its judgments carry."""

VERDICT = [name for name in Judgment.model_fields if name not in (*ANSWERED, "judge")]
"""The columns of a judgment that its verdict fills: the fields of `Verdict`."""


@dataclass(frozen=True)
class Verdict:
    """What a judge finds. evidence: the words a label rests on, or the raw reply of an `unparsed` one.

    probability: of the label, where a model gave it. rating: 0-100. refusal: the probability mass on
    "this is no answer". NaN where a kind of judge has none.
    """

    label: str
    evidence: str = ""
    probability: float = math.nan
    rating: float = math.nan
    refusal: float = math.nan
