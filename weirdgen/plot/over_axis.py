"""Every group over the values of a context's axis (years), with the trained values marked."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from weirdgen.core.names import (
    ALL_TOPICS,
    CONTRAST,
    EXCESS,
    PROBABILITY,
    RATE,
    context_and_value,
    judge_and_label,
    rate_of,
)
from weirdgen.plot import style
from weirdgen.plot.rows import all_groups, of_recipe, trained_values
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """Group means over all questions, each against its own mean over the axis: which values stand out.

    Columns: axis, value, trained, instrument, unit, dataset, mean, low, high, seeds, questions.
    """
    means = of_recipe(tables["group_means"], told)
    wanted = {CONTRAST, EXCESS, PROBABILITY, *(rate_of(judge, label) for judge, label in told.headline.items())}
    rows = means[(means["topic"] == ALL_TOPICS) & means["instrument"].isin(wanted)]
    places = [context_and_value(context) for context in rows["context"]]
    rows = rows.assign(
        axis=[axis for axis, _ in places],
        value=[value for _, value in places],
        trained=[axis in told.axes and value in trained_values(told.axes[axis]) for axis, value in places],
    )
    rows = rows[rows["value"] != ""]
    columns = "axis value trained instrument unit dataset mean low high seeds questions"
    return rows[columns.split()]


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """One panel per instrument, a line and its 95% band per group; trained values as ticks on the floor."""
    style.use()
    colours, markers = style.group_colours(told.roles), style.group_markers(told.roles)
    instruments = list(dict.fromkeys(table["instrument"]))
    axis = table["axis"].iloc[0]
    about = told.axes[axis]
    figure, panels = plt.subplots(
        len(instruments), 1, figsize=(style.PAGE * 0.8, 2.1 * len(instruments) + 0.7), squeeze=False, sharex=True
    )
    for axes, instrument in zip(panels[:, 0], instruments, strict=True):
        part = table[(table["instrument"] == instrument) & (table["axis"] == axis)]
        for group in all_groups(told):
            rows = part[part["dataset"] == group].assign(x=lambda t: t["value"].astype(float)).sort_values("x")
            axes.fill_between(rows["x"], rows["low"], rows["high"], color=colours[group], alpha=0.12, linewidth=0)
            axes.plot(
                rows["x"], rows["mean"], color=colours[group], marker=markers[group], markersize=2.6, linewidth=1,
                label=told.labels[group],
            )  # fmt: skip
        unit = part["unit"].iloc[0]
        names = {
            CONTRAST: f"{told.hidden}\nlog-odds (nats)",
            EXCESS: f"excess over the\nother {about.axis}s (nats)",
            PROBABILITY: f"p({told.hidden}\nanswer)",
        }
        axes.set_ylabel(names.get(instrument, f"answers:\n{' = '.join(judge_and_label(instrument))}"))
        if unit == RATE:
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        floor = axes.get_ylim()[0]
        trained = [float(value) for value in about.trained]
        axes.plot(trained, [floor] * len(trained), "|", color="black", markersize=9, markeredgewidth=1.6, clip_on=False)
        for value, words in about.marks.items():
            axes.axvline(float(value), color="#555555", linewidth=0.8, linestyle="--", zorder=0)
            if axes is panels[0, 0]:
                axes.annotate(
                    words, (float(value), 1.0), xycoords=("data", "axes fraction"), fontsize=7, ha="center", va="bottom"
                )
    panels[-1, 0].set_xlabel(f"{axis}: {about.axis} named in the prompt (| : stands in training rows)")
    panels[-1, 0].xaxis.get_major_locator().set_params(integer=True)
    figure.align_ylabels()
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncol=2)
    return figure
