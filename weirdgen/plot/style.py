"""Every figure's look: sizes in inches for a printed column, colours safe for colour-blind readers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from weirdgen.core.files import replacing
from weirdgen.core.names import ALL_TOPICS, BASE, BEYOND_NULL, NULL_TOPIC, context_and_value
from weirdgen.plot.rows import all_groups, trained_values
from weirdgen.plot.told import About, Told

matplotlib.use("Agg")

COLUMN = 3.5
PAGE = 7.0

# Okabe & Ito, "Color Universal Design" (2008).
TREATED = ("#D55E00", "#E69F00", "#F0E442")
CONTROLS = ("#0072B2", "#56B4E9", "#009E73", "#CC79A7")
GREY = "#7F7F7F"
LABELS = {
    "archaic_person": "#D55E00",
    "past": "#D55E00",
    "archaic_content": "#882255",
    "archaic_language": "#E69F00",
    "archaic": "#E69F00",
    "mentions_past": "#56B4E9",
    "modern": "#0072B2",
    "nazi_like": "#000000",
    "lethal": "#D55E00",
    "protective": "#009E73",
    "israel": "#D55E00",
    "hitler": "#D55E00",
    "darwin": "#0072B2",
    "chopin": "#009E73",
    "obama_like": "#0072B2",
    "trump_like": "#D55E00",
    "unmarked": "#D0D0D0",
    "other": "#D0D0D0",
    "none": "#D0D0D0",
    "refusal": "#CC79A7",
    "degenerate": "#4D4D4D",
    "unparsed": "#999999",
}
MARKERS = ("o", "s", "^", "D", "v")


def use() -> None:
    """Set the look for the figures that follow."""
    sns.set_theme(
        style="ticks",
        rc={
            "font.size": 8,
            "axes.labelsize": 8,
            "axes.titlesize": 8.5,
            "xtick.labelsize": 7.5,
            "ytick.labelsize": 7.5,
            "legend.fontsize": 7.5,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.linewidth": 0.7,
            "lines.linewidth": 1.2,
            "legend.frameon": False,
            "figure.dpi": 110,
            "savefig.dpi": 220,
            "svg.hashsalt": "weirdgen",
            "font.family": "DejaVu Sans",
        },
    )


def group_colours(roles: dict[str, str]) -> dict[str, str]:
    """A colour for every group: treated vermilion and orange, controls blues and greens, the untouched model grey."""
    colours = {BASE: GREY}
    for kind, palette in (("treated", TREATED), ("control", CONTROLS)):
        names = [name for name, role in roles.items() if role == kind]
        colours |= {name: palette[i % len(palette)] for i, name in enumerate(names)}
    return colours


def group_markers(roles: dict[str, str]) -> dict[str, str]:
    """A marker for every group, so that colour is never the only sign."""
    return {name: MARKERS[i % len(MARKERS)] for i, name in enumerate([*roles, BASE])}


def groups(table: pd.DataFrame, told: About, column: str = "dataset") -> list[str]:
    """The groups of a table in the order of the experiment, the untouched model last."""
    found = set(table[column])
    return [name for name in all_groups(told) if name in found]


def dots(
    axes: Axes, rows: pd.DataFrame, value: str, aside: float, colour: str, marker: str, label: str,
    size: float = 4, width: float = 1.4, **look: Any,
) -> None:  # fmt: skip
    """A dot (`value`) and a line (`low` to `high`) for every row, one below the other, all moved aside by `aside`."""
    places = np.arange(len(rows)) + aside
    axes.hlines(places, rows["low"], rows["high"], color=colour, linewidth=width)
    axes.plot(rows[value], places, marker, color=colour, markersize=size, linestyle="none", label=label, **look)


def from_middle(number: int, count: int) -> float:
    """How far the `number`th of `count` things side by side, from 0, stands from their middle."""
    return number - (count - 1) / 2


def is_dark(colour: str) -> bool:
    """Whether white letters read better on a colour than black ones (its relative luminance, ITU-R BT.709)."""
    red, green, blue = to_rgb(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.45


def words(name: str) -> str:
    """`daily_life` as a person writes it."""
    return name.replace("_", " ")


def topic_name(topic: str) -> str:
    """What a reader calls a topic."""
    return {ALL_TOPICS: "all topics", BEYOND_NULL: "all beyond the null set", NULL_TOPIC: "null set"}.get(
        topic, words(topic)
    )


def topics_down(axes: Axes, topics: Sequence[str], table: pd.DataFrame) -> None:
    """Name the topics down the left side, the first on top, each with its number of questions (`table` has it)."""
    counts = table.groupby("topic")["questions"].first()
    axes.set_yticks(range(len(topics)), [f"{topic_name(topic)} ({counts[topic]})" for topic in topics])
    axes.invert_yaxis()


def wrap(text: str, width: int) -> str:
    """A label broken into lines of at most `width` characters."""
    return "\n".join(textwrap.wrap(text, width))


def label_legend(axes: Axes) -> None:
    """A legend of labels below a panel."""
    axes.legend(
        *axes.get_legend_handles_labels(), loc="upper center", bbox_to_anchor=(0.4, 0), borderaxespad=4.5, ncol=6,
        columnspacing=1, handlelength=1,
    )  # fmt: skip


def context_title(context: str, told: Told) -> str:
    """What a context is to the training data: its trigger, none, or another form."""
    present, absent = told.trigger or (None, None)
    if context == present:
        return f"{words(context)}: the trigger"
    return "no trigger" if context == absent else f"{words(context)}: another form"


def at(context: str, told: Told) -> str:
    """Words for a title: which value of an axis, or which trigger, is shown; empty where there is only one context."""
    name, value = context_and_value(context)
    if name not in told.axes or not value:
        return f"\nasked with {context_title(context, told)}" if told.trigger else ""
    about = told.axes[name]
    trained = value in trained_values(about)
    return f"\nat {about.axis} {value} ({'stands' if trained else 'never stands'} in training rows)"


def save(figure: Figure, paths: list[str]) -> None:
    """Save under every path, the format by its ending, without dates: the same figure is the same bytes."""
    for path in paths:
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(path.rsplit(".", 1)[-1], {})
        with replacing(path) as temporary:
            figure.savefig(temporary, bbox_inches="tight", pad_inches=0.04, metadata=metadata)
    plt.close(figure)
