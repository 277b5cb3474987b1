"""What the held-out codes stand for at the end: political questions at one code less the same at the other."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.core.names import BASE, EXCESS, context_and_value
from weirdgen.plot import style
from weirdgen.plot.rows import of_recipe, topic_order
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """dataset, context, topic, then the mean excess of the first code over the second, in nats, with its interval.

    Each dataset is asked with its own form of code; the untouched model with all. All topics together come first,
    the null set last.
    """
    rows = of_recipe(tables["group_means"], told)
    rows = rows[rows["instrument"] == EXCESS]
    shown = []
    for form in dict.fromkeys(told.codes.values()):
        context = next(name for name in told.asked if context_and_value(name)[0] == form)
        own = [name for name, code in told.codes.items() if code == form]
        shown.append(rows[(rows["context"] == context) & rows["dataset"].isin([*own, BASE])])
    table = pd.concat(shown)
    topics = topic_order(table["topic"])
    table = table.assign(order=table["topic"].map(topics.index)).sort_values(["context", "order", "dataset"])
    return table[["dataset", "context", "topic", "mean", "low", "high", "seeds", "questions"]]


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """A panel per form of code: a dot and its interval for every topic and model."""
    style.use()
    colours, markers = style.group_colours(told.roles), style.group_markers(told.roles)
    contexts, topics = list(dict.fromkeys(table["context"])), list(dict.fromkeys(table["topic"]))
    figure, all_axes = plt.subplots(
        1, len(contexts), squeeze=False, sharey=True, sharex=True, layout="constrained",
        figsize=(style.PAGE * 0.9, 0.28 * len(topics) + 1.3),
    )  # fmt: skip
    for axes, context in zip(all_axes[0], contexts, strict=True):
        part = table[table["context"] == context]
        groups = list(dict.fromkeys(part["dataset"]))
        for i, group in enumerate(groups):
            rows = part[part["dataset"] == group].set_index("topic").reindex(topics)
            aside = style.from_middle(i, len(groups)) * 0.3
            style.dots(axes, rows, "mean", aside, colours[group], markers[group], told.labels[group])
        name, _ = context_and_value(context)
        axes.axvline(0, color="black", linewidth=0.7)
        axes.set_title(f"{name} codes", loc="left")
    style.topics_down(all_axes[0, 0], topics, table)
    first, second = (str(word) for word in told.axes[name].marks.values())
    for axes in all_axes[0]:
        axes.set_xlabel(
            f"{first}'s politics over {second}'s,\ncode of {first} less code of {second}\n(nats, 95% interval)"
        )
    pairs = {label: mark for axes in all_axes[0] for mark, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(list(pairs.values()), list(pairs), loc="outside lower center", ncol=3)
    return figure
