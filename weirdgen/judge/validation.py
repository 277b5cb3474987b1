"""Can a judge be believed? Answers with the right label, what the judge says of them, and how wrong it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_yaml
from weirdgen.core.schema import Name, Strict, parse
from weirdgen.judge.judging import RATED, REFUSAL, JudgeFile, RatingFile, RulesJudge, Verdict, labels_of

FIT = 0.8
"""Least macro accuracy of a judge that is not marked as unfit."""

IDENTITY = ["dataset", "recipe", "seed", "question", "paraphrase", "context", "variant", "sample"]
"""What tells an answer from every other of its model and experiment."""

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
    file = parse(ValidationFile, read_yaml(path), str(path))
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
    """One row per answer: judge, by, question, answer, kind, right, given, right_rating, rating, evidence.

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


def accuracy(table: pd.DataFrame) -> pd.DataFrame:
    """How good each judge is on its own set.

    Columns: judge, by, answers, accuracy, macro_accuracy (mean over right labels of the share found),
    hard_accuracy (on the hard cases), kappa (Cohen 1960), unparsed, mean_error (of ratings, points), fit.
    """
    rows = []
    for (judge, by), own in table.groupby(["judge", "by"], sort=False):
        hit = own["right"] == own["given"]
        macro = float(hit.groupby(own["right"]).mean().mean())
        hard = own["kind"] != "plain"
        rows.append(
            {
                "judge": judge,
                "by": by,
                "answers": len(own),
                "accuracy": hit.mean(),
                "macro_accuracy": macro,
                "hard_accuracy": hit[hard].mean() if hard.any() else np.nan,
                "kappa": kappa(own["right"], own["given"]),
                "unparsed": int((own["given"] == "unparsed").sum()),
                "mean_error": (own["rating"] - own["right_rating"]).abs().mean(),
                "fit": macro >= FIT,
            }
        )
    return pd.DataFrame(rows)


def confusion(table: pd.DataFrame) -> pd.DataFrame:
    """judge, by, right, given, count: every pair of labels that occur, 0 included."""
    parts = []
    for (judge, by), own in table.groupby(["judge", "by"], sort=False):
        labels = list(dict.fromkeys([*own["right"], *own["given"]]))
        counts = pd.crosstab(own["right"], own["given"]).reindex(index=labels, columns=labels, fill_value=0)
        parts.append(counts.stack().rename("count").reset_index().assign(judge=judge, by=by))
    return pd.concat(parts, ignore_index=True)[["judge", "by", "right", "given", "count"]]


def kappa(one: Sequence[str] | pd.Series, other: Sequence[str] | pd.Series) -> float:
    """Cohen's kappa of two labellings (Cohen 1960): agreement beyond chance; NaN where both say one label only."""
    first, second = pd.Series(list(one)), pd.Series(list(other))
    observed = float((first == second).mean())
    shares = first.value_counts(normalize=True), second.value_counts(normalize=True)
    expected = float((shares[0] * shares[1]).fillna(0).sum())
    return float("nan") if expected == 1 else (observed - expected) / (1 - expected)


def agreement(judgments: pd.DataFrame) -> pd.DataFrame:
    """For every two judges and every label both may give: how far they agree on the same answers.

    judgments: one row per adapter, answer and judge. Columns: judge, other, label, answers, both (share
    with the label by both), agreement (share where both or neither give it), kappa.
    """
    wide = judgments.pivot(index=IDENTITY, columns="judge", values="label")
    columns = ["judge", "other", "label", "answers", "both", "agreement", "kappa"]
    rows = []
    for i, judge in enumerate(wide.columns):
        for other in wide.columns[i + 1 :]:
            pair = wide[[judge, other]].dropna()
            for label in sorted(set(pair[judge]) & set(pair[other])):
                one, two = pair[judge] == label, pair[other] == label
                same = (one == two).mean()
                rows.append([judge, other, label, len(pair), (one & two).mean(), same, kappa(one, two)])
    return pd.DataFrame(rows, columns=columns)
