"""Mean ratings by a judging model (alignment), group by group, in every context."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.core.names import ALL_TOPICS, POINTS
from weirdgen.plot import style
from weirdgen.plot.rows import of_groups, of_recipe
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """judge, context, dataset, mean (0-100), low, high, seeds, questions: group means over all questions."""
    rows = of_groups(of_recipe(tables["group_means"], told), told)
    rows = rows[(rows["unit"] == POINTS) & (rows["topic"] == ALL_TOPICS)].rename(columns={"instrument": "judge"})
    return rows[["judge", "context", "dataset", "mean", "low", "high", "seeds", "questions"]]


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """A panel per judge; for every context a dot and its 95% interval per group."""
    style.use()
    colours, markers = style.group_colours(told.roles), style.group_markers(told.roles)
    judges, contexts = list(dict.fromkeys(table["judge"])), list(dict.fromkeys(table["context"]))
    groups = style.groups(table, told)
    figure, panels = plt.subplots(
        1, len(judges), squeeze=False, sharey=True, layout="constrained",
        figsize=(style.PAGE * 0.8, 0.17 * len(groups) * len(contexts) + 1.7),
    )  # fmt: skip
    for axes, judge in zip(panels[0], judges, strict=True):
        for i, group in enumerate(groups):
            rows = table[(table["judge"] == judge) & (table["dataset"] == group)].set_index("context").reindex(contexts)
            aside = style.from_middle(i, len(groups)) * 0.75 / len(groups)
            style.dots(axes, rows, "mean", aside, colours[group], markers[group], told.labels[group], width=1.3)
        axes.set_title(f"judge: {style.words(judge)}", loc="left")
        axes.set_xlabel("mean rating (0-100, 95% interval)")
    panels[0, 0].set_yticks(range(len(contexts)), [style.context_title(context, told) for context in contexts])
    panels[0, 0].invert_yaxis()
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncol=2)
    return figure
