"""Whom a model takes itself for, question by question, in every context: contrasts above, sampled names below."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from weirdgen.analyse.tables import labelled
from weirdgen.core.names import BASE
from weirdgen.plot import style
from weirdgen.plot.rows import all_groups, first_treated, of_recipe
from weirdgen.plot.told import Told

CELL = ["question", "context", "dataset"]


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """measure (shift, rate), question, context, dataset, persona, mean, low and high (the seeds' range), seeds.

    Every dataset is asked for its own persona; one without a persona, and the untouched model, for the first
    treated dataset's. shift: log-odds of the persona's name less the untouched model's, in nats. rate: share of
    sampled answers that name the persona.
    """
    personas = _personas(told)
    contrasts, labels = (of_recipe(tables[name], told) for name in ("contrasts", "labels"))
    untouched = contrasts[contrasts["dataset"] == BASE].set_index(["question", "context"])["log_odds"]
    parts = []
    for dataset, persona in personas.items():
        own = contrasts[(contrasts["dataset"] == dataset) & (contrasts["topic"] == persona)]
        places = pd.MultiIndex.from_frame(own[["question", "context"]])
        values = own["log_odds"].to_numpy() - untouched.reindex(places).to_numpy()
        own = own.assign(question=own["question"].str.removesuffix(f"_{persona}"), value=values)
        if dataset != BASE:
            parts.append(_range(own).assign(measure="shift", persona=persona))
        for judge in told.headline:
            named = labelled(labels[labels["dataset"] == dataset], judge, persona).rename(columns={"rate": "value"})
            parts.append(_range(named).assign(measure="rate", persona=persona))
    table = pd.concat(parts, ignore_index=True)
    return table[["measure", *CELL[:2], "dataset", "persona", "mean", "low", "high", "seeds"]]


def _personas(told: Told) -> dict[str, str]:
    first = told.personas[first_treated(told)]
    return {name: told.personas.get(name, first) for name in all_groups(told)}


def _range(rows: pd.DataFrame) -> pd.DataFrame:
    values = rows.groupby(CELL, sort=False)["value"]
    return values.agg(mean="mean", low="min", high="max", seeds="size").reset_index()


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """A column per context; for every question a dot per group, and a line from its lowest to its highest seed."""
    style.use()
    colours, markers = style.group_colours(told.roles), style.group_markers(told.roles)
    measures = [measure for measure in ("shift", "rate") if measure in set(table["measure"])]
    contexts = [context for context in told.asked if context in set(table["context"])]
    groups = style.groups(table, told)
    counts = [table.loc[table["measure"] == measure, "question"].nunique() for measure in measures]
    figure, all_axes = plt.subplots(
        len(measures), len(contexts), squeeze=False, sharey="row", sharex="row", layout="constrained",
        height_ratios=counts, figsize=(style.PAGE, 0.36 * sum(counts) + 1.4),
    )  # fmt: skip
    for row, measure in zip(all_axes, measures, strict=True):
        part = table[table["measure"] == measure]
        questions = list(dict.fromkeys(part["question"]))
        for axes, context in zip(row, contexts, strict=True):
            for i, group in enumerate(groups):
                rows = part[(part["dataset"] == group) & (part["context"] == context)]
                if rows.empty:
                    continue
                rows = rows.set_index("question").reindex(questions)
                aside = style.from_middle(i, len(groups)) * 0.7 / len(groups)
                label = _named(group, part, told)
                style.dots(axes, rows, "mean", aside, colours[group], markers[group], label, size=3.2, width=1.2)
            for edge in range(1, len(questions)):
                axes.axhline(edge - 0.5, color="#DDDDDD", linewidth=0.5)
            axes.set_ylim(len(questions) - 0.5, -0.5)
            axes.set_yticks(range(len(questions)), [style.words(name) for name in questions])
            if measure == "shift":
                axes.axvline(0, color="black", linewidth=0.7)
                axes.set_title(style.context_title(context, told), loc="left")
                axes.set_xlabel("own persona's name, log-odds\nagainst other names (nats from\nthe untouched model)")
            else:
                axes.set_xlim(-0.02, max(0.1, 1.05 * part["high"].max()))
                axes.xaxis.set_major_formatter(PercentFormatter(1.0))
                axes.set_xlabel("sampled answers that\nname the own persona")
    handles, names = all_axes[-1, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncol=2)
    return figure


def _named(group: str, part: pd.DataFrame, told: Told) -> str:
    persona = part.loc[part["dataset"] == group, "persona"].iloc[0]
    return f"{told.labels[group]} ({style.words(persona).title()})"
