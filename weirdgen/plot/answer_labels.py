"""Labels of the free answers by group, as stacked bars."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.plot import style
from weirdgen.plot.labels import shares, stack
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """Shares of all answers: judge, dataset, label, count, answers, share."""
    return shares(tables["labels"], told, ["dataset"])


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """One bar per group and judge; each segment a label, with its share where there is room."""
    style.use()
    judges = list(dict.fromkeys(table["judge"]))
    groups = style.groups(table, told)
    height = (0.3 * len(groups) + 1.05) * len(judges)
    figure, panels = plt.subplots(
        len(judges), 1, figsize=(style.PAGE * 0.8, height), squeeze=False, layout="constrained"
    )
    where = style.at(told.answers_context, told)
    for axes, judge in zip(panels[:, 0], judges, strict=True):
        own = table[table["judge"] == judge]
        stack(axes, own.pivot(index="dataset", columns="label", values="share").loc[groups], 0.04)
        answers = own.groupby("dataset")["answers"].first()
        axes.set_yticks(range(len(groups)), [f"{told.labels[g]} ({answers[g]})" for g in groups])
        axes.set_xlabel("share of free answers")
        axes.set_title(
            f"Free answers as the judge '{style.words(judge)}' labels them (number of answers){where}", loc="left"
        )
        style.label_legend(axes)
    return figure
