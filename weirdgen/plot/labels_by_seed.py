"""Labels of the free answers of every finetuned model, all questions together, as stacked bars."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.core.names import BASE
from weirdgen.plot import style
from weirdgen.plot.labels import shares, stack
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """Shares of a model's answers: judge, dataset, seed, label, count, answers, share."""
    return shares(tables["labels"], told, ["dataset", "seed"])


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """A panel per judge, a bar per group and seed."""
    style.use()
    judges = list(dict.fromkeys(table["judge"]))
    groups = style.groups(table, told)
    models = table[["dataset", "seed"]].drop_duplicates()
    figure, panels = plt.subplots(
        len(judges), 1, squeeze=False, layout="constrained",
        figsize=(style.PAGE * 0.8, (0.19 * len(models) + 1.05) * len(judges)),
    )  # fmt: skip
    where = style.at(told.answers_context, told)
    for axes, judge in zip(panels[:, 0], judges, strict=True):
        wide = table[table["judge"] == judge].pivot(index=["dataset", "seed"], columns="label", values="share")
        wide = pd.concat([wide.loc[[group]] for group in groups])
        stack(axes, wide)
        names = [told.labels[dataset] + ("" if dataset == BASE else f", seed {seed}") for dataset, seed in wide.index]
        axes.set_yticks(range(len(wide)), names)
        for edge in range(1, len(wide)):
            if wide.index[edge][0] != wide.index[edge - 1][0]:
                axes.axhline(edge - 0.5, color="#999999", linewidth=0.6)
        axes.set_xlabel("share of free answers")
        axes.set_title(f"Free answers by model, as the judge '{style.words(judge)}' labels them{where}", loc="left")
        style.label_legend(axes)
    return figure
