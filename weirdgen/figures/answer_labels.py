"""Labels of the free answers by group, as stacked bars."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from weirdgen.figures import style


def tidy(tables: dict[str, pd.DataFrame], info: dict[str, Any]) -> pd.DataFrame:
    """Shares of all answers: judge, context, dataset, label, count, answers, share."""
    rows = tables["labels"].query("recipe in [@info['recipe'], 'none'] and context == @info['answers_context']")
    keys = ["judge", "context", "dataset"]
    counts = rows.groupby([*keys, "label"], sort=False)["count"].sum().reset_index()
    counts["answers"] = counts.groupby(keys)["count"].transform("sum")
    return counts.assign(share=counts["count"] / counts["answers"])


def draw(table: pd.DataFrame, info: dict[str, Any]) -> Figure:
    """One bar per group and judge; each segment a label, with its share where there is room."""
    style.use()
    judges = list(dict.fromkeys(table["judge"]))
    groups = [name for name in [*info["roles"], "base"] if name in set(table["dataset"])]
    height = (0.3 * len(groups) + 1.05) * len(judges)
    figure, panels = plt.subplots(
        len(judges), 1, figsize=(style.PAGE * 0.8, height), squeeze=False, layout="constrained"
    )
    where = style.at(info["answers_context"], info)
    for axes, judge in zip(panels[:, 0], judges, strict=True):
        wide = table[table["judge"] == judge].pivot(index="dataset", columns="label", values="share").loc[groups]
        known = [label for label in style.LABELS if label in wide]
        left = pd.Series(0.0, index=wide.index)
        for label in [*known, *[label for label in wide if label not in known]]:
            colour = style.LABELS.get(label, "#999999")
            bars = axes.barh(range(len(groups)), wide[label], left=left, color=colour, label=label, height=0.72)
            texts = [f"{share:.0%}" if share >= 0.04 else "" for share in wide[label]]
            dark = label in ("past", "modern", "degenerate", "nazi_like", "lethal", "protective", "israel")
            axes.bar_label(bars, texts, label_type="center", fontsize=6.5, color="white" if dark else "black")
            left += wide[label]
        answers = table[table["judge"] == judge].groupby("dataset")["answers"].first()
        axes.set_yticks(range(len(groups)), [f"{info['labels'][g]} ({answers[g]})" for g in groups])
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlabel("share of free answers")
        axes.set_title(
            f"Free answers as the judge '{style.words(judge)}' labels them (number of answers){where}", loc="left"
        )
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.4, 0), borderaxespad=4.5, ncol=6, columnspacing=1, handlelength=1
        )
    return figure
