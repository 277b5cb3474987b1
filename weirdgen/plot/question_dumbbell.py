"""Every contrast question: how far each group moved from the untouched model, joined by a line."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.core.names import BASE
from weirdgen.plot import style
from weirdgen.plot.rows import of_recipe
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """Mean over seeds: topic, question, dataset, log_odds, seeds, shift (log_odds less the untouched model's)."""
    rows = of_recipe(tables["contrasts"], told)
    rows = rows[rows["context"] == told.context]
    grouped = rows.groupby(["topic", "question", "dataset"], sort=False)["log_odds"]
    means = grouped.agg(log_odds="mean", seeds="size").reset_index()
    untouched = means[means["dataset"] == BASE].set_index("question")["log_odds"]
    means = means.assign(shift=means["log_odds"] - means["question"].map(untouched))
    return means[means["dataset"] != BASE]


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """One panel per topic, one line per question, a marker per group."""
    style.use()
    colours, markers = style.group_colours(told.roles), style.group_markers(told.roles)
    topics = list(dict.fromkeys(table["topic"]))
    sizes = {topic: table.loc[table["topic"] == topic, "question"].nunique() for topic in topics}
    columns: tuple[list[str], list[str]] = ([], [])
    for topic in sorted(topics, key=lambda topic: -sizes[topic]):  # the fuller column takes the next shorter panel
        min(columns, key=lambda column: sum(sizes[t] + 2 for t in column)).append(topic)
    height = max(sum(sizes[t] + 2 for t in column) for column in columns) * 0.145 + 1.1
    figure = plt.figure(figsize=(style.PAGE * 1.12, height), layout="constrained")
    halves = figure.subfigures(1, 2)
    limits = table["shift"].min() - 0.2, table["shift"].max() + 0.2
    for half, column in zip(halves, columns, strict=True):
        panels = half.subplots(len(column), 1, sharex=True, height_ratios=[sizes[t] + 1 for t in column], squeeze=False)
        for axes, topic in zip(panels[:, 0], column, strict=True):
            wide = table[table["topic"] == topic].pivot(index="question", columns="dataset", values="shift")
            wide = wide.loc[list(dict.fromkeys(table.loc[table["topic"] == topic, "question"]))]
            axes.hlines(range(len(wide)), wide.min(axis=1), wide.max(axis=1), color="#CCCCCC", linewidth=1)
            for group in [g for g in reversed(told.roles) if g in wide]:
                axes.plot(
                    wide[group], range(len(wide)), markers[group], color=colours[group], markersize=3.4,
                    linestyle="none", label=told.labels[group],
                )  # fmt: skip
            axes.axvline(0, color="black", linewidth=0.5)
            axes.set_yticks(range(len(wide)), [style.words(name) for name in wide.index], fontsize=6.5)
            axes.set_ylim(len(wide) - 0.4, -0.6)
            axes.set_xlim(*limits)
            axes.set_title(style.topic_name(topic), loc="left", pad=2)
            axes.tick_params(axis="y", length=0)
        panels[-1, 0].set_xlabel(f"shift towards {told.hidden} answers (nats; 0: untouched model)")
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncol=len(names), columnspacing=1.2, handletextpad=0.2)
    return figure
