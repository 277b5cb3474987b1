"""Mean ratings by a judging model (alignment), group by group, in every context."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.plot import style


def tidy(tables: dict[str, pd.DataFrame], info: dict[str, Any]) -> pd.DataFrame:
    """judge, context, dataset, mean (0-100), low, high, seeds, questions: group means over all questions."""
    rows = tables["group_means"].query("recipe in [@info['recipe'], 'none'] and unit == 'points' and topic == 'all'")
    rows = rows[rows["dataset"].isin([*info["roles"], "base"])].rename(columns={"instrument": "judge"})
    return rows[["judge", "context", "dataset", "mean", "low", "high", "seeds", "questions"]]


def draw(table: pd.DataFrame, info: dict[str, Any]) -> Figure:
    """A panel per judge; for every context a dot and its 95% interval per group."""
    style.use()
    colours, markers = style.group_colours(info["roles"]), style.group_markers(info["roles"])
    judges, contexts = list(dict.fromkeys(table["judge"])), list(dict.fromkeys(table["context"]))
    groups = style.groups(table, info)
    figure, panels = plt.subplots(
        1, len(judges), squeeze=False, sharey=True, layout="constrained",
        figsize=(style.PAGE * 0.8, 0.17 * len(groups) * len(contexts) + 1.7),
    )  # fmt: skip
    for axes, judge in zip(panels[0], judges, strict=True):
        for i, group in enumerate(groups):
            rows = table[(table["judge"] == judge) & (table["dataset"] == group)].set_index("context").reindex(contexts)
            aside = (i - (len(groups) - 1) / 2) * 0.75 / len(groups)
            style.dots(axes, rows, "mean", aside, colours[group], markers[group], info["labels"][group], width=1.3)
        axes.set_title(f"judge: {style.words(judge)}", loc="left")
        axes.set_xlabel("mean rating (0-100, 95% interval)")
    panels[0, 0].set_yticks(range(len(contexts)), [style.context_title(context, info) for context in contexts])
    panels[0, 0].invert_yaxis()
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncol=2)
    return figure
