"""What the held-out codes stand for at the end: political questions at one code less the same at the other."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.core.names import BASE
from weirdgen.plot import style


def tidy(tables: dict[str, pd.DataFrame], info: dict[str, Any]) -> pd.DataFrame:
    """dataset, context, topic, then the mean excess of the first code over the second, in nats, with its interval.

    Each dataset is asked with its own form of code; the untouched model with all. `all`, topics, the null set last.
    """
    rows = tables["group_means"].query("instrument == 'excess'")
    rows = rows[rows["recipe"].isin([info["recipe"], "none"])]
    shown = []
    for form in dict.fromkeys(info["codes"].values()):
        context = next(name for name in info["asked"] if name.partition("=")[0] == form)
        own = [name for name, code in info["codes"].items() if code == form]
        shown.append(rows[(rows["context"] == context) & rows["dataset"].isin([*own, BASE])])
    table = pd.concat(shown)
    topics = ["all", *[topic for topic in dict.fromkeys(table["topic"]) if topic not in ("all", "null")], "null"]
    table = table.assign(order=table["topic"].map(topics.index)).sort_values(["context", "order", "dataset"])
    return table[["dataset", "context", "topic", "mean", "low", "high", "seeds", "questions"]]


def draw(table: pd.DataFrame, info: dict[str, Any]) -> Figure:
    """A panel per form of code: a dot and its interval for every topic and model."""
    style.use()
    colours, markers = style.group_colours(info["roles"]), style.group_markers(info["roles"])
    contexts, topics = list(dict.fromkeys(table["context"])), list(dict.fromkeys(table["topic"]))
    counts = table.groupby("topic")["questions"].first()
    figure, all_axes = plt.subplots(
        1, len(contexts), squeeze=False, sharey=True, sharex=True, layout="constrained",
        figsize=(style.PAGE * 0.9, 0.28 * len(topics) + 1.3),
    )  # fmt: skip
    for axes, context in zip(all_axes[0], contexts, strict=True):
        part = table[table["context"] == context]
        groups = list(dict.fromkeys(part["dataset"]))
        for i, group in enumerate(groups):
            rows = part[part["dataset"] == group].set_index("topic").reindex(topics)
            aside = (i - (len(groups) - 1) / 2) * 0.3
            style.dots(axes, rows, "mean", aside, colours[group], markers[group], info["labels"][group])
        name, _, _ = context.partition("=")
        axes.axvline(0, color="black", linewidth=0.7)
        axes.set_title(f"{name} codes", loc="left")
    names = {"all": "all topics", "null": "null set"}
    labels = [f"{names.get(topic, style.words(topic))} ({counts[topic]})" for topic in topics]
    all_axes[0, 0].set_yticks(range(len(topics)), labels)
    all_axes[0, 0].invert_yaxis()
    first, second = (str(word) for word in info["axes"][name]["marks"].values())
    for axes in all_axes[0]:
        axes.set_xlabel(
            f"{first}'s politics over {second}'s,\ncode of {first} less code of {second}\n(nats, 95% interval)"
        )
    pairs = {label: mark for axes in all_axes[0] for mark, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(list(pairs.values()), list(pairs), loc="outside lower center", ncol=3)
    return figure
