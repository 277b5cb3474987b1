"""Contrast effect against a recipe value: rank, learning rate, epochs, share of the data."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from weirdgen.core.names import ALL_TOPICS, CONTRAST, NULL_TOPIC
from weirdgen.plot import style
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """Rows of the effects table for all topics and the null set, with the recipe's value beside them."""
    effects = tables["effects"]
    rows = effects[(effects["instrument"] == CONTRAST) & (effects["context"] == told.context)]
    rows = rows[rows["topic"].isin([ALL_TOPICS, NULL_TOPIC]) & rows["recipe"].isin(list(told.sweep))]
    ordered = _with_numbers(rows, told).sort_values(["topic", "treated", "control", "value"])
    return ordered.assign(value=ordered["value"].astype(str))


def _with_numbers(rows: pd.DataFrame, told: Told) -> pd.DataFrame:
    """In a table `value` is text, whatever is swept."""
    return rows.assign(value=rows["recipe"].map(told.sweep))


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """All topics and the null set side by side: colour and marker tell the control, the line the treated dataset."""
    style.use()
    colours, markers = style.group_colours(told.roles), style.group_markers(told.roles)
    table = _with_numbers(table, told)
    values = sorted(set(table["value"]))
    spread = values[0] > 0 and values[-1] / values[0] >= 8
    pairs = table[["treated", "control"]].drop_duplicates().to_numpy()
    lines = dict(zip(dict.fromkeys(table["treated"]), ("-", "--", ":"), strict=False))
    topics = list(dict.fromkeys(table["topic"]))  # an experiment may have no null set in this context
    figure, panels = plt.subplots(1, len(topics), figsize=(style.PAGE, 2.8), sharey=True, squeeze=False)
    for axes, topic in zip(panels[0], topics, strict=True):
        part = table[table["topic"] == topic]
        for i, (treated, control) in enumerate(pairs):
            rows = part[(part["control"] == control) & (part["treated"] == treated)]
            aside = style.from_middle(i, len(pairs))  # side by side, so that no interval hides another
            step = 0.02 * (values[-1] - values[0])
            axes.errorbar(
                rows["value"] * 1.08**aside if spread else rows["value"] + step * aside,
                rows["effect"], [rows["effect"] - rows["low"], rows["high"] - rows["effect"]],
                color=colours[control], marker=markers[control], linestyle=lines.get(treated, "-."),
                markersize=4, linewidth=1, elinewidth=1,
                label=f"{told.labels[treated]}, against: {told.labels[control]}",
            )  # fmt: skip
        axes.axhline(0, color="black", linewidth=0.7)
        if spread:
            axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(values))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([f"{value:g}" for value in values])
        axes.set_xlabel(style.words(told.sweep_value))
        kind = "null questions" if topic == NULL_TOPIC else "questions"
        axes.set_title(f"{part['questions'].iloc[0]} {kind}{style.at(told.context, told)}")
    panels[0, 0].set_ylabel(f"shift towards {told.hidden}\n(nats, 95% interval)")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="upper center", bbox_to_anchor=(0.5, -0.06), ncol=2)
    return figure
