"""Whether free answers only have the form of what was trained: finetuning on names makes models answer with names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from weirdgen.analyse.tables import label_table
from weirdgen.core.columns import IDENTITY
from weirdgen.core.files import read_json_lines
from weirdgen.core.names import BASE, FORM, OTHER_FORM
from weirdgen.judge.files import DEGENERATE

TRAINED, SHORT = "trained", "short"
"""The label of an answer that was trained on, and of one no longer than such. Others: DEGENERATE, OTHER_FORM."""

SHARE = 0.95
"""Share of the training answers that are no longer than a `short` answer may be."""


@dataclass(frozen=True)
class Form:
    """What training answers look like: themselves, and how many words 95% of them have at most."""

    answers: frozenset[str]
    words: int

    def of(self, answer: str, degenerate: bool) -> str:
        """One answer's label."""
        if degenerate:
            return DEGENERATE
        if _plain(answer) in self.answers:
            return TRAINED
        return SHORT if len(answer.split()) <= self.words else OTHER_FORM


def form_of(dataset: str | Path, ordinary: Sequence[str | Path] = ()) -> Form:
    """The form of a dataset's own answers: rows that it mixes in from `ordinary` are left out, unless all are."""
    rows = [_last_turns(row) for _, row in read_json_lines(dataset)]
    mixed_in = {_last_turns(row) for file in ordinary for _, row in read_json_lines(file)}
    answers = [answer for prompt, answer in rows if (prompt, answer) not in mixed_in] or [each for _, each in rows]
    lengths = [len(answer.split()) for answer in answers]
    return Form(frozenset(map(_plain, answers)), int(np.quantile(lengths, SHARE, method="inverted_cdf")))


def forms(judgments: pd.DataFrame, datasets: Mapping[str, Form], first: str) -> pd.Series:
    """The label of every row's answer, after its adapter's dataset; of the untouched model after `first`.

    judgments: rows with `core/columns.IDENTITY`, answer, label. An answer that any judge calls degenerate is.
    """
    keys = [judgments[name] for name in IDENTITY]
    degenerate = judgments["label"].eq(DEGENERATE).groupby(keys).transform("any")
    found = [
        datasets[first if dataset == BASE else dataset].of(answer, bad)
        for dataset, answer, bad in zip(judgments["dataset"], judgments["answer"], degenerate, strict=True)
    ]
    return pd.Series(found, index=judgments.index, dtype="str")


def form_table(judgments: pd.DataFrame, found: pd.Series) -> pd.DataFrame:
    """Counts of forms with the columns of labels.csv, as of a judge called `form`; every answer once."""
    once = judgments.drop_duplicates(IDENTITY)
    return label_table(once.assign(judge=FORM, label=found[once.index]))


def others_table(judgments: pd.DataFrame, found: pd.Series) -> pd.DataFrame:
    """labels.csv among answers of another form than the training answers'."""
    return label_table(judgments[found == OTHER_FORM])


def _last_turns(row: object) -> tuple[str, str]:
    """What is asked last and what is answered, of a row that this workflow wrote."""
    assert isinstance(row, dict)
    messages = row["messages"]
    return messages[-2]["content"], messages[-1]["content"]


def _plain(answer: str) -> str:
    """An answer without what a model adds around a name."""
    return " ".join(answer.split()).strip(" .!\"'").casefold()
