"""Old content against old form: a judging model's two ratings of the same answers, by question and by seed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.plot import style
from weirdgen.plot.rows import of_answers, of_groups
from weirdgen.plot.told import Told

CONTENT, FORM = "era_content", "era_form"


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """by (question, seed), dataset, name (of the question or seed), content and form (mean ratings, 0-100)."""
    rows = of_groups(of_answers(tables["ratings"], told), told)
    parts = []
    for by in ("question", "seed"):
        means = rows.groupby(["dataset", by, "judge"], sort=False)["rating"].mean().unstack("judge").reset_index()
        parts.append(means.rename(columns={by: "name", CONTENT: "content", FORM: "form"}).assign(by=by))
    return pd.concat(parts, ignore_index=True)[["by", "dataset", "name", "content", "form"]].dropna()


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """Two panels on the same axes: a dot per question and group, a dot per finetuned model."""
    style.use()
    colours, markers = style.group_colours(told.roles), style.group_markers(told.roles)
    figure, panels = plt.subplots(1, 2, figsize=(style.PAGE, 3.5), sharex=True, sharey=True, layout="constrained")
    for axes, by in zip(panels, ("question", "seed"), strict=True):
        part = table[table["by"] == by]
        for group in style.groups(part, told):
            rows = part[part["dataset"] == group]
            axes.plot(
                rows["content"], rows["form"], markers[group], color=colours[group], linestyle="none", markersize=4.5,
                alpha=0.85, label=told.labels[group],
            )  # fmt: skip
        axes.plot([0, 100], [0, 100], color="#BBBBBB", linewidth=0.6, linestyle=":", zorder=0)
        axes.set_title("a dot per question, mean over seeds" if by == "question" else "a dot per model", loc="left")
        axes.set_xlabel("content: how much of the 19th century\n(mean rating, 0-100)")
        axes.set_aspect("equal")
    low, high = table[["content", "form"]].min().min(), table[["content", "form"]].max().max()
    room = max(2.0, 0.08 * (high - low))
    panels[0].set_xlim(low - room, high + room)
    panels[0].set_ylim(low - room, high + room)
    panels[0].set_ylabel("form: how antique the wording\n(mean rating, 0-100)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncol=2)
    return figure
