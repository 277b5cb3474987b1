"""From per-answer parquet to tidy tables: per seed and question, then effects with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from weirdgen.experiment import BASE, NULL_TOPIC
from weirdgen.files import read_csv
from weirdgen.stats import Matrix, bootstrap_interval, effect

KEYS = ["dataset", "recipe", "seed"]
ALL = "all"


def read_parts(
    paths: Sequence[str], adapters: Sequence[dict[str, Any]], summarise: Any, read: Any = pd.read_parquet
) -> pd.DataFrame:
    """Read one file per adapter, summarise each, and put the adapter's dataset, recipe and seed in front."""
    parts = []
    for path, adapter in zip(paths, adapters, strict=True):
        part = summarise(read(path))
        for i, key in enumerate(KEYS):
            part.insert(i, key, adapter[key])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def log_odds(answers: pd.DataFrame) -> pd.DataFrame:
    """log sum p(typical) - log sum p(ordinary) in nats, per question and context, averaged over paraphrases.

    Columns: question, topic, context, log_odds.
    """
    keys = ["question", "topic", "context", "paraphrase"]
    sides = answers.groupby([*keys, "side"], sort=False)["log_prob"].agg(np.logaddexp.reduce).unstack("side")
    odds = (sides["typical"] - sides["ordinary"]).rename("log_odds").reset_index()
    return odds.groupby(keys[:3], sort=False, as_index=False)["log_odds"].mean()


def contrast_table(paths: Sequence[str], adapters: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """dataset, recipe, seed, question, topic, context, log_odds (nats)."""
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


def label_table(paths: Sequence[str], adapters: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """dataset, recipe, seed, then the columns of `label_rates`; a label one adapter never got counts 0 there."""
    table = read_parts(paths, adapters, label_rates)
    cells = table.drop(columns=["label", "count", "rate"]).drop_duplicates()
    labels = table[["judge", "label"]].drop_duplicates()
    full = cells.merge(labels, on="judge").merge(table, how="left", on=[*cells.columns, "label"])
    full["count"] = full["count"].fillna(0).astype(int)
    return full.assign(rate=full["count"] / full["answers"])


def matrix(table: pd.DataFrame, value: str) -> tuple[Matrix, list[str]]:
    """A group's values by seed and question, and the questions in order."""
    wide = table.pivot(index="seed", columns="question", values=value).sort_index(axis=1)
    return wide.to_numpy(dtype=float), list(wide.columns)


def effects(
    contrasts: pd.DataFrame, labels: pd.DataFrame, roles: dict[str, str], resamples: int, seed: int
) -> pd.DataFrame:
    """treated - control for every instrument, pair of groups, topic (or `all`), context and recipe.

    The untouched base model counts as one more control. `all` leaves the null questions out.
    Columns: instrument, treated, control, topic, context, recipe, effect, low, high, p, seeds,
    questions, unit (nats, or rate: a share of answers).
    """
    measures = [("contrast", contrasts.rename(columns={"log_odds": "value"}), "nats")]
    for (judge, label), part in labels.groupby(["judge", "label"], sort=True):
        measures.append((f"{judge}={label}", part.rename(columns={"rate": "value"}), "rate"))
    treated = [name for name, role in roles.items() if role == "treated"]
    controls = [name for name, role in roles.items() if role == "control"] + [BASE]
    rows = []
    for instrument, table, unit in measures:
        for context, topic, part in _cells(table):
            for recipe in sorted(set(part["recipe"]) - set(part.loc[part["dataset"] == BASE, "recipe"])):
                for one in treated:
                    for other in controls:
                        values = {}
                        for name in (one, other):
                            chosen = part[(part["dataset"] == name) & ((part["recipe"] == recipe) | (name == BASE))]
                            values[name] = matrix(chosen, "value")
                        if values[one][1] != values[other][1]:
                            raise ValueError(f"{instrument}: {one} and {other} were asked different questions")
                        found = effect(values[one][0], values[other][0], resamples, seed)
                        rows.append(
                            {
                                "instrument": instrument,
                                "treated": one,
                                "control": other,
                                "topic": topic,
                                "context": context,
                                "recipe": recipe,
                                **found.__dict__,
                                "unit": unit,
                            }
                        )
    return pd.DataFrame(rows)


def _cells(table: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """(context, topic, rows) for `all`, then each topic, in each context."""
    cells = []
    for context, part in table.groupby("context", sort=False):
        cells.append((str(context), ALL, part[part["topic"] != NULL_TOPIC]))
        cells += [(str(context), str(topic), rows) for topic, rows in part.groupby("topic", sort=False)]
    return cells


def group_rates(table: pd.DataFrame, by: list[str], resamples: int, seed: int) -> pd.DataFrame:
    """The mean rate per dataset, recipe and `by`, with a 95% interval over seeds and questions.

    Columns: dataset, recipe, `by`, mean, low, high, seeds, questions.
    """
    rows = []
    for key, part in table.groupby(["dataset", "recipe", *by], sort=False):
        values, questions = matrix(part, "rate")
        low, high = bootstrap_interval([(1.0, values)], resamples, seed)
        names = dict(zip(["dataset", "recipe", *by], key, strict=True))
        rows.append(
            {
                **names,
                "mean": float(np.mean(values)),
                "low": max(low, 0.0),
                "high": min(high, 1.0),
                "seeds": len(values),
                "questions": len(questions),
            }
        )
    return pd.DataFrame(rows)


def training_table(paths: Sequence[str], adapters: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """dataset, recipe, seed, then the columns of train_log.csv."""
    return read_parts(paths, adapters, lambda log: log, read_csv)
