"""Can a judge be believed? Answers with the right label, and what the judge says of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from weirdgen.core.errors import StudyError
from weirdgen.core.schema import Name, Strict, parse_file
from weirdgen.judge.files import RATED, REFUSAL, JudgeFile, RatingFile, labels_of
from weirdgen.judge.rules import RulesJudge
from weirdgen.judge.verdict import Verdict

BANDS = ("0-33", "34-66", "67-100")
"""What ratings are counted as, beside `refusal`."""


class Known(Strict):
    """An answer and what a careful human would say of it: a label, or a rating."""

    question: str
    answer: str
    label: Name | None = None
    rating: int | None = Field(default=None, ge=0, le=100)
    kind: str = Field(description="plain, or hard: and why")

    @model_validator(mode="after")
    def _one_of_them(self) -> Known:
        if (self.label is None) == (self.rating is None):
            raise ValueError("give the right label or the right rating, one of the two")
        return self


class ValidationFile(Strict):
    """`data/judge_validation/<judge>.yaml`."""

    judge: Name
    answers: list[Known] = Field(min_length=1)


def load_validation(path: str | Path, judge: JudgeFile) -> list[Known]:
    """Read a judge's validation set; every label is one of the judge's. Raises StudyError."""
    path = Path(path)
    file = parse_file(ValidationFile, path)
    if file.judge != judge.id:
        raise StudyError(f"{path}: judge = {file.judge}: the judge is the file's name, {judge.id}")
    allowed = [REFUSAL] if isinstance(judge, RatingFile) else labels_of(judge)
    for number, known in enumerate(file.answers, 1):
        if isinstance(judge, RatingFile) != (known.rating is not None) and known.label != REFUSAL:
            raise StudyError(f"{path}: answer {number}: a {judge.type} judge needs a {_wants(judge)}")
        if known.label is not None and known.label not in allowed:
            raise StudyError(f"{path}: answer {number}: label '{known.label}'; {judge.id} has: {', '.join(allowed)}")
    return file.answers


def _wants(judge: JudgeFile) -> str:
    return "rating" if isinstance(judge, RatingFile) else "label"


def validated(judge: str, by: str, known: Sequence[Known], verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """One row per answer, as `Validation` in core/columns.py has it.

    right and given are labels; for ratings they are the third of 0-100, or `refusal`.
    """
    return pd.DataFrame(
        [
            {
                "judge": judge,
                "by": by,
                "question": one.question,
                "answer": one.answer,
                "kind": one.kind,
                "right": one.label if one.rating is None else band(one.rating),
                "given": band(found.rating) if found.label == RATED else found.label,
                "right_rating": np.nan if one.rating is None else float(one.rating),
                "rating": found.rating,
                "evidence": found.evidence,
            }
            for one, found in zip(known, verdicts, strict=True)
        ]
    )


def band(rating: float) -> str:
    """The third of 0-100 a rating lies in."""
    return BANDS[0] if rating < 33.5 else BANDS[1] if rating < 66.5 else BANDS[2]


def validate_rules(judge: RulesJudge, known: Sequence[Known]) -> pd.DataFrame:
    """`validated` for a rules judge."""
    return validated(judge.id, "rules", known, [judge.judge(one.answer) for one in known])
