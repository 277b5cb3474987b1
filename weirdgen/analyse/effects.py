"""From tables per adapter and question to what treated groups differ in from controls, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pandas as pd

from weirdgen.analyse.rates import Difference, Errors, Share, corrected, share
from weirdgen.analyse.settings import Measures, Statistics
from weirdgen.analyse.stats import Estimate, Group, Strata, equivalence, estimate
from weirdgen.analyse.tables import labelled
from weirdgen.core.columns import KEYS
from weirdgen.core.names import (
    ALL_TOPICS,
    AMONG_OTHERS,
    BASE,
    BEYOND_NULL,
    CONTRAST,
    EXCESS,
    NATS,
    NO_RECIPE,
    NULL_TOPIC,
    ORDINARY,
    POINTS,
    PROBABILITY,
    RATE,
    TRIGGERED,
    TYPICAL,
    context_and_value,
    rate_of,
)

COMPARED = ["instrument", "treated", "control", "topic", "context", "recipe"]
"""What tells an effect from every other of its model and experiment."""

MEANS = [
    *("instrument", "dataset", "recipe", "topic", "context", "mean", "low", "high"),
    *("over", "seeds", "questions", "unit"),
]
CORRECTED = ["counted", "corrected", "corrected_low", "corrected_high"]

FEWEST_TOPICS = 3
"""Topics for an interval over topics."""


@dataclass(frozen=True)
class Instrument:
    """What is measured of every adapter, question and context: the column `value`; of shares count and answers too."""

    name: str
    unit: str
    table: pd.DataFrame

    @property
    def counted(self) -> bool:
        """Whether it is a share of answers, with the counts behind it."""
        return "answers" in self.table and self.unit == RATE


def instruments(
    contrasts: pd.DataFrame, labels: pd.DataFrame, ratings: pd.DataFrame, measures: Measures
) -> Iterator[Instrument]:
    """Contrasts in nats, shares of answers, ratings of 0-100."""
    contrast = contrasts.rename(columns={"log_odds": "value"})
    yield Instrument(CONTRAST, NATS, contrast)
    if any(context_and_value(context)[1] for context in contrast["context"].unique()):
        yield Instrument(EXCESS, NATS, excess(contrast))
    if measures.trigger:
        yield Instrument(TRIGGERED, NATS, triggered(contrast, *measures.trigger))
    for side in (TYPICAL, ORDINARY):
        yield Instrument(side, NATS, contrasts.rename(columns={side: "value"}))
    if measures.probability:
        yield Instrument(PROBABILITY, RATE, contrasts.rename(columns={"probability": "value"}))
    for (judge, label), part in labels.groupby(["judge", "label"], sort=True):
        yield Instrument(rate_of(judge, label), RATE, part.rename(columns={"rate": "value"}))
    for judge, part in ratings.groupby("judge", sort=True):
        yield Instrument(str(judge), POINTS, part.rename(columns={"rating": "value"}))


def with_forms(labels: pd.DataFrame, form: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """All shares: of labels, of forms, and of labels among answers of another form than the training answers'."""
    found = set(others["judge"])
    pairs = [pair for pair in labels.groupby(["judge", "label"], sort=False).groups if pair[0] in found]
    among = [labelled(others, *pair).assign(label=pair[1] + AMONG_OTHERS) for pair in pairs]
    return pd.concat([labels, form, *among], ignore_index=True)


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


@dataclass(frozen=True)
class Cell:
    """The rows of a context that make a topic's mean; of `beyond_null` the null set's too, which are taken off."""

    context: str
    topic: str
    rows: pd.DataFrame


def cells(instrument: Instrument, measures: Measures) -> list[Cell]:
    """`all`, `all` beyond the null set, each pooled topic that occurs, then each topic, in each context."""
    found = []
    for context, part in instrument.table.groupby("context", sort=False):
        overall, null = part[~part["topic"].isin(measures.aside)], part[part["topic"] == NULL_TOPIC]
        found.append(Cell(str(context), ALL_TOPICS, overall))
        if instrument.unit == NATS and len(null) and len(overall):
            found.append(Cell(str(context), BEYOND_NULL, pd.concat([overall, null])))
        for name, topics in measures.pooled.items():
            rows = part[part["topic"].isin(topics)]
            found += [Cell(str(context), name, rows)] if len(rows) else []
        found += [Cell(str(context), str(topic), rows) for topic, rows in part.groupby("topic", sort=False)]
    return found


@dataclass(frozen=True)
class Asked:
    """One group's values by seed (rows) and question (columns), and of shares the counts and answers behind them."""

    fixed: bool
    values: pd.DataFrame
    count: pd.DataFrame | None
    answers: pd.DataFrame | None
    topics: Mapping[str, str] = field(repr=False)

    def on(self, questions: Sequence[str]) -> Group:
        """The values of some questions."""
        return Group(self.values[questions].to_numpy(float), fixed=self.fixed)

    def share(self, questions: Sequence[str]) -> Share:
        """The share of answers to some questions."""
        count, answers = (table[questions].to_numpy(float) for table in (self.count, self.answers) if table is not None)
        return share(self.values[questions].to_numpy(float), count, answers, self.fixed)

    @property
    def complete(self) -> list[str]:
        """The questions with a value of every seed."""
        return [str(name) for name in self.values.columns[self.values.notna().all()]]


def groups(cell: Cell, counted: bool) -> dict[tuple[str, str], Asked]:
    """(dataset, recipe) -> what it was measured on. A question that one group lacks is a column of NaN there."""
    every = sorted(cell.rows["question"].unique())
    topics = dict(zip(cell.rows["question"], cell.rows["topic"], strict=True))
    found = {}
    for (dataset, recipe), part in cell.rows.groupby(["dataset", "recipe"], sort=False):
        wide = [
            part.pivot(index="seed", columns="question", values=name).reindex(columns=every)
            for name in (["value", "count", "answers"] if counted else ["value"])
        ]
        count, answers = wide[1:] if counted else (None, None)
        found[str(dataset), str(recipe)] = Asked(dataset == BASE, wide[0], count, answers, topics)
    return found


def effects(
    contrasts: pd.DataFrame,
    labels: pd.DataFrame,
    ratings: pd.DataFrame,
    roles: Mapping[str, str],
    measures: Measures,
) -> pd.DataFrame:
    """treated - control for every instrument, pair of groups, topic, context and recipe: a row of `Effect`'s columns.

    The untouched base model counts as one more control. `all` leaves the topics in `measures.aside` out, and
    `beyond_null` is `all` less the null set. A question that some seed of a pair has no value on (no answer of it was
    rated) is dropped for that pair, and counted.
    """
    treated = [name for name, role in roles.items() if role in ("treated", "dose")]
    controls = [name for name, role in roles.items() if role == "control"] + [BASE]
    rows = []
    for instrument in instruments(contrasts, labels, ratings, measures):
        margin = measures.margins.get(instrument.name)
        for cell in cells(instrument, measures):
            asked = groups(cell, instrument.counted)
            for recipe in dict.fromkeys(recipe for dataset, recipe in asked if dataset != BASE):
                for one, other in product(treated, controls):
                    pair = asked.get((one, recipe)), asked.get((other, recipe if other != BASE else NO_RECIPE))
                    if pair[0] is None or pair[1] is None:
                        continue  # no answer of a whole group was rated
                    found = compared(pair[0], pair[1], cell.topic, instrument, margin)
                    if found:
                        key = (instrument.name, one, other, cell.topic, cell.context, recipe)
                        rows.append({**dict(zip(COMPARED, key, strict=True)), **found, "unit": instrument.unit})
    return pd.DataFrame(rows)


def compared(
    treated: Asked, control: Asked, topic: str, instrument: Instrument, margin: float | None
) -> dict[str, float | int | str] | None:
    """What a row of effects says of a pair; None where no question is left of the topic, or of the null set."""
    kept = set(control.complete)
    questions = [name for name in treated.complete if name in kept]
    strata = strata_of(questions, treated.topics, topic)
    if not len(strata.plus) or (topic == BEYOND_NULL and not len(strata.minus)):
        return None
    one, two = treated.on(questions), control.on(questions)
    two = Group(two.values, -1.0, two.fixed)
    found = estimate([one, two], strata)
    told: dict[str, float | int | str] = {"effect": found.value}
    counts = ["", ""]
    if instrument.counted:
        shares = treated.share(questions), control.share(questions)
        difference = Difference(*shares)
        told |= _told(difference)
        counts = [f"{one.count}/{one.answers}" for one in shares]
    else:
        told |= _told(found)
    clustered = _over_topics([one, two], strata, questions, treated.topics)
    told |= {
        "topics_low": clustered[0],
        "topics_high": clustered[1],
        "over": found.over,
        "seeds": found.seeds,
        "questions": found.questions,
        "dropped": treated.values.shape[1] - len(questions),
        "treated_answers": counts[0],
        "control_answers": counts[1],
        "null": (equivalence(found, margin) or "") if topic == NULL_TOPIC and margin is not None else "",
    }
    return told


def _told(found: Estimate | Difference) -> dict[str, float]:
    low, high = found.interval()
    return {"low": low, "high": high, "p": found.p, "detectable": found.detectable}


def strata_of(questions: Sequence[str], topics: Mapping[str, str], topic: str) -> Strata:
    """All questions, or of `beyond_null` those of the null set against the others."""
    is_null = np.array([topics[name] == NULL_TOPIC for name in questions], dtype=bool)
    if topic != BEYOND_NULL:
        return Strata(np.arange(len(questions)))
    return Strata(np.flatnonzero(~is_null), np.flatnonzero(is_null))


def _over_topics(
    pair: list[Group], strata: Strata, questions: Sequence[str], topics: Mapping[str, str]
) -> tuple[float, float]:
    """The interval in which topics, not questions, are what is drawn; NaN with few topics."""
    names = [topics[name] for name in questions]
    if len({names[i] for i in strata.plus}) < FEWEST_TOPICS or len(strata.minus):
        return float("nan"), float("nan")
    return estimate(pair, strata, names).interval()


def headline(effects: pd.DataFrame) -> pd.DataFrame:
    """The rows of `effects` that a log shows: the contrast over all topics, and on the topic that nothing may move."""
    shown = [ALL_TOPICS, NULL_TOPIC, BEYOND_NULL]
    return effects[(effects["instrument"] == CONTRAST) & effects["topic"].isin(shown)]


def group_means(
    contrasts: pd.DataFrame,
    labels: pd.DataFrame,
    ratings: pd.DataFrame,
    measures: Measures,
    statistics: Statistics,
    confusion: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The mean of every group for every instrument, topic and context, with its 95% interval.

    confusion: judge, right, given, count of the judges' validation sets. Columns: `MEANS`, then of shares `counted`
    (`2/300`), and by a judge that was validated corrected, corrected_low, corrected_high: mended for its errors.
    """
    errors = known_errors(confusion)
    rows = []
    for instrument in instruments(contrasts, labels, ratings, measures):
        for cell in cells(instrument, measures):
            for (dataset, recipe), asked in groups(cell, instrument.counted).items():
                questions = asked.complete
                strata = strata_of(questions, asked.topics, cell.topic)
                if not len(strata.plus) or (cell.topic == BEYOND_NULL and not len(strata.minus)):
                    continue
                found = estimate([asked.on(questions)], strata)
                low, high = found.interval()
                if instrument.unit == RATE:
                    low, high = max(low, 0.0), min(high, 1.0)
                row = dict(zip(MEANS, (instrument.name, dataset, recipe, cell.topic, cell.context), strict=False))
                rows.append(row | {"mean": found.value, "low": low, "high": high, "seeds": len(asked.values)})
                rows[-1] |= {"over": found.over, "questions": found.questions, "unit": instrument.unit, "counted": ""}
                if instrument.counted:
                    one = asked.share(questions)
                    low, high = one.interval()
                    rows[-1] |= {"low": low, "high": high, "counted": f"{one.count}/{one.answers}"}
                    if instrument.name in errors:
                        mended = corrected(one, errors[instrument.name], statistics.resamples, statistics.seed)
                        rows[-1] |= dict(zip(CORRECTED[1:], mended, strict=True))
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
