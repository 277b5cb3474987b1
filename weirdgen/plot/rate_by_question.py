"""How often answers to each question carry the label the experiment looks for, by group."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from weirdgen.analyse.tables import labelled
from weirdgen.plot import style
from weirdgen.plot.rows import of_answers
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """judge, label, question, dataset, rate (mean over seeds), low and high (the seeds' range), seeds, answers."""
    rows = of_answers(tables["labels"], told)
    wanted = pd.concat([labelled(rows, judge, label) for judge, label in told.headline.items()])
    groups = wanted.groupby(["judge", "label", "question", "dataset"], sort=False)
    rate = groups["rate"].agg(rate="mean", low="min", high="max", seeds="size")
    return rate.assign(answers=groups["answers"].sum()).reset_index()


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """One panel per judge; for every question a dot per group, and a line from its lowest to its highest seed."""
    style.use()
    colours, markers = style.group_colours(told.roles), style.group_markers(told.roles)
    panels = list(told.headline.items())
    questions = list(dict.fromkeys(table["question"]))
    groups = style.groups(table, told)
    figure, all_axes = plt.subplots(
        1,
        len(panels),
        figsize=(style.PAGE * 0.72, 0.36 * len(questions) + 1.1),
        squeeze=False,
        sharey=True,
        layout="constrained",
    )
    where = style.at(told.answers_context, told)
    for axes, (judge, label) in zip(all_axes[0], panels, strict=True):
        part = table[table["judge"] == judge]
        for i, group in enumerate(groups):
            rows = part[part["dataset"] == group].set_index("question").reindex(questions).fillna(0.0)
            aside = style.from_middle(i, len(groups)) * min(0.2, 0.75 / len(groups))
            style.dots(axes, rows, "rate", aside, colours[group], markers[group], told.labels[group])
        axes.set_xlim(-0.02, max(0.1, 1.05 * part["high"].max() if len(part) else 0.1))
        axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= axes.get_xlim()[1]])
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_yticks(range(len(questions)), [style.words(name) for name in questions])
        axes.set_xlabel(f"answers labelled '{style.words(label)}'\n(mean and range over seeds)")
        axes.set_title(f"judge: {style.words(judge)}{where}", loc="left")
    all_axes[0, 0].invert_yaxis()
    figure.legend(*all_axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncol=2)
    return figure
