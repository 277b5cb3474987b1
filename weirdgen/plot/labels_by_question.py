"""Labels of the free answers to every question, a column per group, as stacked bars."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from weirdgen.plot import style
from weirdgen.plot.labels import order, shares, stack
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """Shares of a question's answers: judge, dataset, question, label, count, answers, share."""
    return shares(tables["labels"], told, ["dataset", "question"])


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """A row of panels per judge, a panel per group, a bar per question; one legend for all."""
    style.use()
    judges = list(dict.fromkeys(table["judge"]))
    groups = style.groups(table, told)
    asked = [table.loc[table["judge"] == judge, "question"].nunique() for judge in judges]
    figure, panels = plt.subplots(
        len(judges), len(groups), squeeze=False, sharey="row", sharex=True, layout="constrained",
        height_ratios=asked, figsize=(style.PAGE, 0.2 * sum(asked) + 0.6 * len(judges) + 1.0),
    )  # fmt: skip
    figure.suptitle(f"Labels of free answers by question{style.at(told.answers_context, told)}", fontsize=8.5)
    found: dict[str, Artist] = {}
    for row, judge in zip(panels, judges, strict=True):
        own = table[table["judge"] == judge]
        questions = list(dict.fromkeys(own["question"]))
        labels = list(dict.fromkeys(own["label"]))
        for axes, group in zip(row, groups, strict=True):
            part = own[own["dataset"] == group].pivot(index="question", columns="label", values="share")
            stack(axes, part.reindex(index=questions, columns=labels), 0.4)
            each = own.loc[own["dataset"] == group, "answers"].median()
            name = style.wrap(told.labels[group], 64 // len(groups))
            axes.set_title(f"{name}\n({each:.0f} a bar)", fontsize=7)
            axes.set_xticks([0.0, 0.5, 1.0], ["0", "50", "100%"])
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                found.setdefault(label, handle)
        row[0].set_yticks(range(len(questions)), [style.words(name) for name in questions])
        row[0].set_ylabel(f"judge: {style.words(judge)}")
    names = order(list(found))
    figure.legend([found[name] for name in names], [style.words(name) for name in names], loc="outside lower center",
                  ncol=6, columnspacing=1, handlelength=1)  # fmt: skip
    return figure
