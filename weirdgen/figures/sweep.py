"""Contrast effect against a recipe value: rank, learning rate, epochs, share of the data."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from weirdgen.figures import style


def tidy(tables: dict[str, pd.DataFrame], info: dict[str, Any]) -> pd.DataFrame:
    """Rows of the effects table for all topics and the null set, with the recipe's value beside them."""
    rows = tables["effects"].query("instrument == 'contrast' and context == @info['context']")
    rows = rows[rows["topic"].isin(["all", "null"]) & rows["recipe"].isin(list(info["sweep"]))]
    return rows.assign(value=rows["recipe"].map(info["sweep"])).sort_values(["topic", "treated", "control", "value"])


def draw(table: pd.DataFrame, info: dict[str, Any]) -> Figure:
    """A line with 95% intervals per control; the null set hollow and dotted."""
    style.use()
    colours, markers = style.group_colours(info["roles"]), style.group_markers(info["roles"])
    figure, axes = plt.subplots(figsize=(style.COLUMN * 1.3, 2.8))
    values = sorted(set(table["value"]))
    spread = values[0] > 0 and values[-1] / values[0] >= 8
    for topic in ("all", "null"):
        for i, (treated, control) in enumerate(table[["treated", "control"]].drop_duplicates().to_numpy()):
            rows = table[(table["topic"] == topic) & (table["control"] == control) & (table["treated"] == treated)]
            what = info["labels"][treated] + ("" if topic == "all" else ", null set")
            shift = 1 + 0.04 * (i - 0.5) if spread else 1
            axes.errorbar(
                rows["value"] * shift, rows["effect"], [rows["effect"] - rows["low"], rows["high"] - rows["effect"]],
                color=colours[control], marker=markers[control], markersize=4, linewidth=1, elinewidth=1,
                linestyle="-" if topic == "all" else ":",
                markerfacecolor=colours[control] if topic == "all" else "white",
                label=f"{what}, against: {info['labels'][control]}",
            )  # fmt: skip
    axes.axhline(0, color="black", linewidth=0.7)
    if spread:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{value:g}" for value in values])
    axes.set_xlabel(style.words(info["sweep_value"]))
    axes.set_ylabel(f"shift towards {info['hidden']}\n(nats, 95% interval)")
    figure.legend(*axes.get_legend_handles_labels(), loc="upper center", bbox_to_anchor=(0.5, 0.02), ncol=1)
    return figure
