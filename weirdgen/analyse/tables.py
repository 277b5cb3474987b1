"""From per-answer parquet to tidy tables: per seed and question, then effects with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from weirdgen.analyse.settings import Measures, Statistics
from weirdgen.analyse.stats import Errors, Matrix, bootstrap_interval, corrected_rate, effect
from weirdgen.core.columns import KEYS
from weirdgen.core.files import read_csv
from weirdgen.core.names import (
    ALL_TOPICS,
    BASE,
    CONTRAST,
    EXCESS,
    NATS,
    NO_RECIPE,
    NULL_TOPIC,
    POINTS,
    PROBABILITY,
    RATE,
    TRIGGERED,
    Adapter,
    context_and_value,
    rate_of,
)

MEANS = ["instrument", "dataset", "recipe", "topic", "context", "mean", "low", "high", "seeds", "questions", "unit"]
CORRECTED = ["corrected", "corrected_low", "corrected_high"]


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
    """Two measures per question and context, averaged over paraphrases and a context's variants.

    log_odds: log sum p(typical) - log sum p(ordinary), in nats. probability: sum p(typical), how
    likely an answer is to begin with a typical one. Columns: question, topic, context, log_odds,
    probability.
    """
    keys = ["question", "topic", "context", "variant", "paraphrase"]
    sides = answers.groupby([*keys, "side"], sort=False)["log_prob"].agg(np.logaddexp.reduce).unstack("side")
    measures = pd.DataFrame(
        {"log_odds": sides["typical"] - sides["ordinary"], "probability": np.exp(sides["typical"])}
    ).reset_index()
    return measures.groupby(keys[:3], sort=False, as_index=False)[["log_odds", "probability"]].mean()


def contrast_table(paths: Sequence[str], adapters: Sequence[Adapter]) -> pd.DataFrame:
    """dataset, recipe, seed, question, topic, context, log_odds (nats), probability."""
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


def matrix(table: pd.DataFrame, value: str) -> tuple[Matrix, list[str]]:
    """A group's values by seed and question, and the questions in order."""
    wide = table.pivot(index="seed", columns="question", values=value).sort_index(axis=1)
    return wide.to_numpy(dtype=float), list(wide.columns)


def instruments(
    contrasts: pd.DataFrame, labels: pd.DataFrame, ratings: pd.DataFrame, measures: Measures
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """(instrument, unit, table with a `value` column): contrasts in nats, shares of answers, ratings of 0-100."""
    contrast = contrasts.rename(columns={"log_odds": "value"})
    yield CONTRAST, NATS, contrast
    if any(context_and_value(context)[1] for context in contrast["context"].unique()):
        yield EXCESS, NATS, excess(contrast)
    if measures.trigger:
        yield TRIGGERED, NATS, triggered(contrast, *measures.trigger)
    if measures.probability:
        yield PROBABILITY, RATE, contrasts.rename(columns={"probability": "value"})
    for (judge, label), part in labels.groupby(["judge", "label"], sort=True):
        yield rate_of(judge, label), RATE, part.rename(columns={"rate": "value"})
    adapters = contrasts[KEYS].drop_duplicates()
    for judge, part in ratings.groupby("judge", sort=True):
        # A question that some adapter's answers all refuse has no rating there, and compares nothing.
        full = part.groupby(["question", "context"])["rating"].transform("size") == len(adapters)
        yield str(judge), POINTS, part[full].rename(columns={"rating": "value"})


def excess(contrast: pd.DataFrame) -> pd.DataFrame:
    """`value` at each value of a context's axis less its mean over the axis's other values.

    What a date does beyond what any date does, for each adapter and question: its treated - control
    is a difference in differences. Rows of contexts without an axis are left out.
    """
    named = contrast["context"].map(context_and_value)
    table = contrast.assign(axis=named.str[0])[named.str[1] != ""]
    groups = table.groupby([*KEYS, "question", "axis"])["value"]
    others = (groups.transform("sum") - table["value"]) / (groups.transform("size") - 1)
    return table.assign(value=table["value"] - others).drop(columns="axis").dropna(subset="value")


def triggered(contrast: pd.DataFrame, present: str, absent: str) -> pd.DataFrame:
    """`value` in the context with the trigger less that in the one without, for each adapter and question."""
    keys = [*KEYS, "question", "topic"]
    wide = contrast.pivot(index=keys, columns="context", values="value")
    difference = (wide[present] - wide[absent]).dropna().rename("value").reset_index()
    return difference.assign(context=f"{present}-{absent}")


def effects(
    contrasts: pd.DataFrame,
    labels: pd.DataFrame,
    ratings: pd.DataFrame,
    roles: Mapping[str, str],
    measures: Measures,
    statistics: Statistics,
) -> pd.DataFrame:
    """treated - control for every instrument, pair of groups, topic (or `all`), context and recipe.

    The untouched base model counts as one more control. `all` leaves the topics in `measures.aside` out.
    Columns: instrument, treated, control, topic, context, recipe, effect, low, high, p, seeds,
    questions, unit (nats; rate: a share of answers; points: of a rating's 100).
    """
    treated = [name for name, role in roles.items() if role in ("treated", "dose")]
    controls = [name for name, role in roles.items() if role == "control"] + [BASE]
    names = ("instrument", "treated", "control", "topic", "context", "recipe")
    rows = []
    for instrument, unit, table in instruments(contrasts, labels, ratings, measures):
        for context, topic, part in _cells(table, measures):
            groups = _groups(part)
            for recipe in dict.fromkeys(recipe for dataset, recipe in groups if dataset != BASE):
                for one, other in product(treated, controls):
                    values, questions = groups[one, recipe]
                    compared, same = groups[other, recipe if other != BASE else NO_RECIPE]
                    if questions != same:
                        raise ValueError(f"{instrument}: {one} and {other} were asked different questions")
                    found = effect(values, compared, statistics.resamples, statistics.seed)
                    key = dict(zip(names, (instrument, one, other, topic, context, recipe), strict=True))
                    rows.append({**key, **vars(found), "unit": unit})
    return pd.DataFrame(rows)


def headline(effects: pd.DataFrame) -> pd.DataFrame:
    """The rows of `effects` that a log shows: the contrast over all topics, and on the topic that nothing may move."""
    return effects[(effects["instrument"] == CONTRAST) & effects["topic"].isin([ALL_TOPICS, NULL_TOPIC])]


def group_means(
    contrasts: pd.DataFrame,
    labels: pd.DataFrame,
    ratings: pd.DataFrame,
    measures: Measures,
    statistics: Statistics,
    confusion: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The mean of every group for every instrument, topic (or `all`) and context, with its 95% interval.

    confusion: judge, right, given, count of the judges' validation sets. Columns: instrument, dataset,
    recipe, topic, context, mean, low, high, seeds, questions, unit, and for shares of answers by a judge
    that was validated corrected, corrected_low, corrected_high: the rate mended for the judge's errors.
    """
    errors = known_errors(confusion)
    names = ("instrument", "dataset", "recipe", "topic", "context")
    rows = []
    for instrument, unit, table in instruments(contrasts, labels, ratings, measures):
        for context, topic, part in _cells(table, measures):
            for (dataset, recipe), (values, questions) in _groups(part).items():
                low, high = bootstrap_interval([(1.0, values)], statistics.resamples, statistics.seed)
                if unit == RATE:
                    low, high = max(low, 0.0), min(high, 1.0)
                key = dict(zip(names, (instrument, dataset, recipe, topic, context), strict=True))
                found = {"mean": float(values.mean()), "low": low, "high": high}
                rows.append({**key, **found, "seeds": len(values), "questions": len(questions), "unit": unit})
                if instrument in errors:
                    mended = corrected_rate(values, errors[instrument], statistics.resamples, statistics.seed)
                    rows[-1] |= dict(zip(CORRECTED, mended, strict=True))
    return pd.DataFrame(rows).reindex(columns=[*MEANS, *CORRECTED])


def known_errors(confusion: pd.DataFrame | None) -> dict[str, Errors]:
    """`judge=label` -> how often the judge gave the label where it was right, and where it was wrong."""
    found = {}
    if confusion is not None:
        for judge, own in confusion.groupby("judge", sort=False):
            for label in dict.fromkeys(own["right"]):
                right, given = own["right"] == label, own["given"] == label
                count = own["count"]
                hits, false = int(count[right & given].sum()), int(count[~right & given].sum())
                found[rate_of(judge, label)] = Errors(hits, int(count[right].sum()), false, int(count[~right].sum()))
    return found


def _groups(table: pd.DataFrame) -> dict[tuple[str, str], tuple[Matrix, list[str]]]:
    """(dataset, recipe) -> its values by seed and question."""
    return {
        (str(dataset), str(recipe)): matrix(part, "value")
        for (dataset, recipe), part in table.groupby(["dataset", "recipe"], sort=False)
    }


def _cells(table: pd.DataFrame, measures: Measures) -> list[tuple[str, str, pd.DataFrame]]:
    """(context, topic, rows) for `all`, then each pooled topic that occurs, then each topic, in each context."""
    cells = []
    for context, part in table.groupby("context", sort=False):
        cells.append((str(context), ALL_TOPICS, part[~part["topic"].isin(measures.aside)]))
        for name, topics in measures.pooled.items():
            rows = part[part["topic"].isin(topics)]
            cells += [(str(context), name, rows)] if len(rows) else []
        cells += [(str(context), str(topic), rows) for topic, rows in part.groupby("topic", sort=False)]
    return cells


def training_table(paths: Sequence[str], adapters: Sequence[Adapter]) -> pd.DataFrame:
    """dataset, recipe, seed, then the columns of train_log.csv."""
    return read_parts(paths, adapters, lambda log: log, read_csv)
