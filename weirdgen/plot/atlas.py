"""The study at a glance: every experiment's effect against its controls, in nats and in points of free answers."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from weirdgen.core.names import (
    ALL_TOPICS,
    BASE,
    BEYOND_NULL,
    CONTRAST,
    EXCESS,
    NULL_TOPIC,
    RATE,
    context_and_value,
    rate_of,
)
from weirdgen.plot import style
from weirdgen.plot.rows import first_treated
from weirdgen.plot.told import Titled

COLUMNS = [
    *("model", "experiment", "kind", "treated", "control", "label", "context"),
    *("effect", "low", "high", "unit", "seeds", "questions", "p", "over", "null", "treated_answers", "control_answers"),
]
SHOWN, QUIET, NULL = "#D55E00", "#0072B2", "#8A8A8A"


def tidy(tables: dict[str, pd.DataFrame], told: dict[str, Titled]) -> pd.DataFrame:
    """One row per model, experiment, control (not the untouched model) and kind of effect of the first treated dataset.

    kind: contrast (all topics), null (the null set), beyond_null (the first less the second), excess
    (one date or code beyond the others), a pooled
    topic's name, rate (share of free answers with the headline label, 0-1). label: what a reader calls the row.
    """
    parts = []
    for key, effects in tables.items():
        model, name = key.rsplit("/", 1)
        about = told[name]
        first = first_treated(about)
        own = effects[(effects["treated"] == first) & (effects["control"] != BASE)]
        own = own[own["recipe"] == about.recipe]
        asked = own[own["context"] == about.context]
        contrast, excess = (asked[asked["instrument"] == instrument] for instrument in (CONTRAST, EXCESS))
        kinds = {
            CONTRAST: contrast[contrast["topic"] == ALL_TOPICS],
            BEYOND_NULL: contrast[contrast["topic"] == BEYOND_NULL],
            NULL_TOPIC: contrast[contrast["topic"] == NULL_TOPIC],
            EXCESS: excess[excess["topic"] == ALL_TOPICS],
            **{topic: contrast[contrast["topic"] == topic] for topic in about.pooled},
        }
        for judge, label in about.headline.items():
            rows = own[(own["context"] == about.answers_context) & (own["instrument"] == rate_of(judge, label))]
            kinds[RATE] = pd.concat([kinds.get(RATE, rows.iloc[:0]), rows[rows["topic"] == ALL_TOPICS]])
        for kind, rows in kinds.items():
            labels = [_label(kind, first, control, about) for control in rows["control"]]
            parts.append(rows.assign(model=model, experiment=name, kind=kind, label=labels)[COLUMNS])
    return pd.concat(parts, ignore_index=True)


def _label(kind: str, treated: str, control: str, about: Titled) -> str:
    pair = f"{about.labels[treated]} − {about.labels[control]}"
    if kind == EXCESS:
        return f"{context_and_value(about.context)[1]} beyond the others: {pair}"
    if kind == BEYOND_NULL:
        return f"beyond the null set: {pair}"
    return pair if kind in (CONTRAST, NULL_TOPIC, RATE) else f"{style.words(kind)}: {pair}"


def draw(table: pd.DataFrame, told: dict[str, Titled]) -> Figure:
    """A row per comparison under its experiment's name; nats on the left, points of free answers on the right."""
    style.use()
    lines = _lines(table, told)
    height = 0.21 * len(lines) + 1.1
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(style.PAGE * 1.08, height), sharey=True, width_ratios=[2.1, 1],
        gridspec_kw={"bottom": 0.6 / height, "top": 1 - 0.3 / height, "wspace": 0.1},
    )  # fmt: skip
    for y, (text, rows) in enumerate(lines):
        if rows is None:
            left.annotate(
                text, (0, y), xycoords=("axes fraction", "data"), xytext=(-6, 0), textcoords="offset points",
                ha="right", va="center", fontweight="bold", fontsize=8,
            )  # fmt: skip
            for axes in (left, right):
                axes.axhline(y - 0.55, color="#DDDDDD", linewidth=0.6)
            continue
        left.annotate(
            text, (0, y), xycoords=("axes fraction", "data"), xytext=(-6, 0), textcoords="offset points",
            ha="right", va="center", fontsize=7.2,
        )  # fmt: skip
        for _, row in rows.iterrows():
            if row["kind"] == NULL_TOPIC:
                _mark(left, row, y + 0.26, 1.0, hollow=True)
            elif row["kind"] == RATE:
                _mark(right, row, y, 100.0)
            else:
                _mark(left, row, y, 1.0)
    for axes in (left, right):
        axes.axvline(0, color="black", linewidth=0.7)
        axes.spines["left"].set_visible(False)
        axes.tick_params(left=False, labelleft=False)
    left.xaxis.set_major_locator(MaxNLocator(7, prune="upper"))  # or it meets the first tick of the other panel
    right.xaxis.set_major_locator(MaxNLocator(5, prune="both"))
    left.set_ylim(len(lines) - 0.4, -0.7)
    left.set_xlabel("contrasts: shift of log-odds (nats)")
    right.set_xlabel("free answers: shift of share (points)")
    marks = [
        Line2D([], [], color=SHOWN, marker="o", markersize=4, linewidth=1.4, label="interval clear of 0"),
        Line2D([], [], color=QUIET, marker="o", markersize=4, linewidth=1.4, label="interval holds 0"),
        Line2D(
            [], [], color=NULL, marker="o", markersize=3, linewidth=0.9, markerfacecolor="white",
            label="null questions, which should not move",
        ),
    ]  # fmt: skip
    figure.legend(handles=marks, loc="upper center", bbox_to_anchor=(0.42, 0.12 / height), ncol=3)
    seeds = sorted(set(table["seeds"]))
    title = f"treated − control, 95% intervals over {' or '.join(map(str, seeds))} seeds and all questions"
    left.set_title(title, loc="left", fontsize=8.5)
    return figure


def _lines(table: pd.DataFrame, told: dict[str, Titled]) -> list[tuple[str, pd.DataFrame | None]]:
    """What the figure's lines say, top to bottom: an experiment's name (no rows), then its comparisons."""
    lines: list[tuple[str, pd.DataFrame | None]] = []
    models = list(dict.fromkeys(table["model"]))
    for experiment in dict.fromkeys(table["experiment"]):
        about = told[experiment]
        for model in models:
            part = table[(table["experiment"] == experiment) & (table["model"] == model)]
            head = f"{about.title} → {about.hidden}"
            lines.append((head if len(models) == 1 else f"{head} · {model}", None))
            # Lines in the order of kinds; the null set and the rate share their pair's first line.
            beside = part["kind"].isin([NULL_TOPIC, RATE])
            lines += [
                (str(label), pd.concat([rows, part[beside & (part["label"] == label)]]))
                for label, rows in part[~beside].groupby("label", sort=False)
            ]
    return lines


def _mark(axes: Axes, row: pd.Series, y: float, scale: float, hollow: bool = False) -> None:
    low, high, effect = (scale * np.array([row["low"], row["high"], row["effect"]])).tolist()
    colour = NULL if hollow else SHOWN if low > 0 or high < 0 else QUIET
    axes.hlines(y, low, high, color=colour, linewidth=0.9 if hollow else 1.5)
    axes.plot(
        effect, y, "o", color=colour, markersize=3 if hollow else 4.2, markerfacecolor="white" if hollow else colour
    )
