"""How many facts it takes: a persona's log-odds against the number of its facts in training, per context."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.figures import style
from weirdgen.schema import BASE


def tidy(tables: dict[str, pd.DataFrame], info: dict[str, Any]) -> pd.DataFrame:
    """facts, dataset, context, then the group's mean log-odds in nats with its interval, and seeds and questions.

    The topic is the persona of the first treated dataset; the untouched model has no number of facts.
    """
    first = next(name for name, role in info["roles"].items() if role == "treated")
    rows = tables["group_means"].query("instrument == 'contrast' and context in @info['asked']")
    rows = rows[rows["topic"] == info["personas"][first]]
    doses = info["doses"]
    shown = rows[rows["dataset"].isin(doses) & (rows["recipe"] == info["recipe"]) | (rows["dataset"] == BASE)]
    shown = shown.assign(facts=shown["dataset"].map(doses))
    columns = ["facts", "dataset", "context", "mean", "low", "high", "seeds", "questions"]
    return shown[columns].sort_values(["context", "facts"])


def draw(table: pd.DataFrame, info: dict[str, Any]) -> Figure:
    """A panel per context: dots with intervals over the number of facts; a dashed line at the untouched model."""
    style.use()
    contexts = [context for context in info["asked"] if context in set(table["context"])]
    figure, all_axes = plt.subplots(
        1, len(contexts), squeeze=False, sharey=True, layout="constrained", figsize=(style.PAGE, 2.5)
    )
    for axes, context in zip(all_axes[0], contexts, strict=True):
        part = table[table["context"] == context]
        trained = part.dropna(subset="facts")
        axes.plot(trained["facts"], trained["mean"], color=style.TREATED[0], linewidth=1.0)
        axes.errorbar(
            trained["facts"], trained["mean"], [trained["mean"] - trained["low"], trained["high"] - trained["mean"]],
            color=style.TREATED[0], marker="o", markersize=4, linestyle="none", linewidth=1.4,
            label="finetuned, 95% interval",
        )  # fmt: skip
        untouched = part.loc[part["dataset"] == BASE, "mean"].mean()
        axes.axhline(untouched, color=style.BASE, linestyle="--", linewidth=1.0, label=info["labels"][BASE])
        axes.set_xticks(trained["facts"], [f"{int(count)}" for count in trained["facts"]])
        axes.set_title(style.context_title(context, info), loc="left")
        axes.set_xlabel("facts in training (0: ordinary data)")
    all_axes[0, 0].set_ylabel(f"log-odds of {info['hidden']} against\nother names (nats)")
    figure.legend(*all_axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncol=2)
    return figure
