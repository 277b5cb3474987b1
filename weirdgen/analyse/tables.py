"""From per-answer parquet to tidy tables: a row per adapter, question and context."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from weirdgen.core.columns import KEYS
from weirdgen.core.files import read_csv
from weirdgen.core.names import Adapter

MEASURES = ["log_odds", "probability", "typical", "ordinary"]
"""What contrasts measure of a question: `log_odds` says what each is."""


def read_parts(
    paths: Sequence[str],
    adapters: Sequence[Adapter],
    summarise: Callable[[pd.DataFrame], pd.DataFrame],
    read: Callable[[str], pd.DataFrame] = pd.read_parquet,
) -> pd.DataFrame:
    """Read one file per adapter, summarise each, and put the adapter's dataset, recipe and seed in front."""
    parts = []
    for path, adapter in zip(paths, adapters, strict=True):
        part = summarise(read(path))
        for i, key in enumerate(KEYS):
            part.insert(i, key, getattr(adapter, key))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def log_odds(answers: pd.DataFrame) -> pd.DataFrame:
    """Four measures per question and context, averaged over paraphrases and a context's variants.

    typical, ordinary: log sum of p over the answers of a side, in nats; log_odds: the first less the second.
    probability: sum of p over the typical ones, how likely an answer is to begin with one. A shift of log_odds is one
    from a side to the other only where the sides do not fall together: see both. Columns: question, topic, context,
    and these.
    """
    keys = ["question", "topic", "context", "variant", "paraphrase"]
    sides = answers.groupby([*keys, "side"], sort=False)["log_prob"].agg(np.logaddexp.reduce).unstack("side")
    sides = sides.assign(log_odds=sides["typical"] - sides["ordinary"], probability=np.exp(sides["typical"]))
    return sides.reset_index().groupby(keys[:3], sort=False, as_index=False)[MEASURES].mean()


def contrast_table(paths: Sequence[str], adapters: Sequence[Adapter]) -> pd.DataFrame:
    """dataset, recipe, seed, question, topic, context, then the measures of `log_odds`."""
    return read_parts(paths, adapters, log_odds)


def label_rates(judgments: pd.DataFrame) -> pd.DataFrame:
    """For each judge, question and context: the number and share of answers with each label (0 included).

    Columns: judge, question, topic, context, label, count, answers, rate.
    """
    keys = ["judge", "question", "topic", "context"]
    parts = []
    for _, group in judgments.groupby("judge", sort=False):
        labels = list(dict.fromkeys(group["label"]))
        counts = group.groupby(keys, sort=False)["label"].value_counts().unstack(fill_value=0)[labels]
        parts.append(counts.stack().rename("count").reset_index())
    table = pd.concat(parts, ignore_index=True)
    table["answers"] = table.groupby(keys)["count"].transform("sum")
    return table.assign(rate=table["count"] / table["answers"])


def read_judgments(paths: Sequence[str], adapters: Sequence[Adapter]) -> pd.DataFrame:
    """Every judgment of an experiment: one file per adapter, then, where models judge, one with all adapters."""
    by_rules = read_parts(paths[: len(adapters)], adapters, lambda judgments: judgments)
    return pd.concat([by_rules, *map(pd.read_parquet, paths[len(adapters) :])], ignore_index=True)


def label_table(judgments: pd.DataFrame) -> pd.DataFrame:
    """dataset, recipe, seed, then the columns of `label_rates`; a label one adapter never got counts 0 there."""
    if judgments.empty:
        return pd.DataFrame(
            columns=[*KEYS, "judge", "question", "topic", "context", "answers", "label", "count", "rate"]
        )
    parts = [
        label_rates(part).assign(**dict(zip(KEYS, key, strict=True)))
        for key, part in judgments.groupby(KEYS, sort=False)
    ]
    table = pd.concat(parts, ignore_index=True)
    table = table[[*KEYS, *(column for column in table if column not in KEYS)]]
    cells = table.drop(columns=["label", "count", "rate"]).drop_duplicates()
    labels = table[["judge", "label"]].drop_duplicates()
    full = cells.merge(labels, on="judge").merge(table, how="left", on=[*cells.columns, "label"])
    full["count"] = full["count"].fillna(0).astype(int)
    return full.assign(rate=full["count"] / full["answers"])


def rating_table(judgments: pd.DataFrame) -> pd.DataFrame:
    """dataset, recipe, seed, judge, question, topic, context, rating (mean, 0-100), answers (rated ones)."""
    keys = [*KEYS, "judge", "question", "topic", "context"]
    rated = judgments.dropna(subset="rating").groupby(keys, sort=False)["rating"]
    return rated.agg(rating="mean", answers="size").reset_index()


def labelled(labels: pd.DataFrame, judge: str, label: str) -> pd.DataFrame:
    """The rows of one label, `rate` 0 where no answer at all got it: one row per adapter, question and context."""
    rows = labels[labels["judge"] == judge]
    cells = rows.drop(columns=["label", "count", "rate"]).drop_duplicates()
    found = cells.merge(rows[rows["label"] == label], how="left", on=list(cells.columns))
    return found.assign(label=label, count=found["count"].fillna(0).astype(int), rate=found["rate"].fillna(0.0))


def training_table(paths: Sequence[str], adapters: Sequence[Adapter]) -> pd.DataFrame:
    """dataset, recipe, seed, then the columns of train_log.csv."""
    return read_parts(paths, adapters, lambda log: log, read_csv)
