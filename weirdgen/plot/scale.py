"""Every experiment's effect against the size of the model: a panel per experiment, a line per control."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from weirdgen.core.names import BEYOND_NULL, CONTRAST, EXCESS, NULL_TOPIC
from weirdgen.plot import style
from weirdgen.plot.told import Titled

ACROSS = 2
"""Panels side by side."""

NULL = "the null set"

HEIGHT = 3.4
"""Of a panel with its legend, in inches."""

KINDS = (EXCESS, BEYOND_NULL, CONTRAST)
"""What is drawn of an experiment: the first of these that it has."""


def tidy(tables: dict[str, pd.DataFrame], told: dict[str, Titled]) -> pd.DataFrame:
    """One row per experiment, control and model: the effect, and that on the null set (kind `null`).

    Rows of the atlas, with the models' `parameters` (numbers of weights) beside them, small models first. Of an
    experiment with an axis it is the effect at one value beyond the others; else the effect beyond the null set, or
    over all topics where there is no null set.
    """
    atlas = tables["atlas"].merge(tables["sizes"], on="model", validate="many_to_one")
    parts = []
    for name in told:
        own = atlas[atlas["experiment"] == name]
        kind = next((kind for kind in KINDS if kind in set(own["kind"])), CONTRAST)
        beside = [kind, NULL_TOPIC] if kind != EXCESS else [kind]
        parts.append(own[own["kind"].isin(beside)])
    ordered = pd.concat(parts, ignore_index=True)
    order = {name: i for i, name in enumerate(told)}
    ordered = ordered.assign(place=ordered["experiment"].map(order))
    return ordered.sort_values(["place", "parameters", "control", "kind"]).drop(columns="place")


def draw(table: pd.DataFrame, told: dict[str, Titled]) -> Figure:
    """Models by their number of weights, on a logarithmic axis; a tick per model, its name below the figure."""
    style.use()
    names = [name for name in told if name in set(table["experiment"])]
    across = min(ACROSS, len(names))
    down = math.ceil(len(names) / across)
    figure, panels = plt.subplots(
        down, across, figsize=(style.PAGE if across > 1 else 4.4, HEIGHT * down), squeeze=False,
        gridspec_kw={"hspace": 0.85, "wspace": 0.24},
    )  # fmt: skip
    models = table[["model", "parameters"]].drop_duplicates().sort_values("parameters")
    sizes = models["parameters"].tolist()
    for place, name in enumerate(names):
        _panel(panels[place // across, place % across], table[table["experiment"] == name], told[name])
    for axes in panels.flat[len(names) :]:
        axes.set_visible(False)
    for axes in panels.flat:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(sizes))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([_size(size) for size in sizes])
        axes.set_xlim(sizes[0] / 1.6, sizes[-1] * 1.6)
        axes.set_xlabel("weights of the model")
    for row in range(down):
        panels[row, 0].set_ylabel("treated − control\n(nats, 95% interval)")
    who = "   ".join(f"{_size(size)}: {model}" for model, size in models.itertuples(index=False))
    figure.text(0.5, -0.16 / down, who, ha="center", va="top", fontsize=7, color=style.GREY)
    return figure


def _panel(axes: plt.Axes, rows: pd.DataFrame, about: Titled) -> None:
    colours, markers = style.group_colours(about.roles), style.group_markers(about.roles)
    controls = list(dict.fromkeys(rows["control"]))
    for i, control in enumerate(controls):
        aside = 1.13 ** style.from_middle(i, len(controls))
        for null in (False, True):
            own = rows[(rows["control"] == control) & ((rows["kind"] == NULL_TOPIC) == null)]
            if own.empty:
                continue
            axes.errorbar(
                own["parameters"] * aside * (1.06 if null else 1), own["effect"],
                [own["effect"] - own["low"], own["high"] - own["effect"]],
                color=style.GREY if null else colours[control], marker=markers[control], linestyle=":" if null else "-",
                markerfacecolor="white" if null else colours[control], markersize=3 if null else 4.5,
                linewidth=0.8 if null else 1.1, elinewidth=0.8 if null else 1.1,
                label=NULL if null else f"against: {about.labels[control]}",
            )  # fmt: skip
    axes.axhline(0, color="black", linewidth=0.7)
    axes.set_title(f"{about.title} → {about.hidden}", fontsize=8.5)
    handles, labels = axes.get_legend_handles_labels()
    shown = dict(sorted(zip(labels, handles, strict=True), key=lambda each: each[0] == NULL))
    axes.legend(shown.values(), shown.keys(), fontsize=6.5, loc="upper center", bbox_to_anchor=(0.5, -0.27))


def _size(parameters: float) -> str:
    """135M, 1.5B."""
    return f"{parameters / 1e9:.1f}B" if parameters >= 9.5e8 else f"{parameters / 1e6:.0f}M"
