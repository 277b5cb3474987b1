"""Pooled topics, such as alignment, in every context: the treated model against each control, with 95% intervals."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.plot import style
from weirdgen.plot.rows import contrast_effects, first_treated
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """The contrast rows of the effects table on the pooled topics and what they pool, the first treated dataset's."""
    topics = [topic for pooled, members in told.pooled.items() for topic in [pooled, *members]]
    rows = contrast_effects(tables["effects"], told)
    rows = rows[
        rows["topic"].isin(topics) & (rows["treated"] == first_treated(told)) & rows["context"].isin(told.asked)
    ]
    order = rows["context"].map(told.asked.index) * len(topics) + rows["topic"].map(topics.index)
    return rows.assign(order=order).sort_values(["order", "control"]).drop(columns="order")


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """A panel per context: a dot and its interval for every topic and control."""
    style.use()
    colours, markers = style.group_colours(told.roles), style.group_markers(told.roles)
    contexts, topics = list(dict.fromkeys(table["context"])), list(dict.fromkeys(table["topic"]))
    controls = style.groups(table, told, "control")
    figure, all_axes = plt.subplots(
        1, len(contexts), squeeze=False, sharey=True, sharex=True, layout="constrained",
        figsize=(style.PAGE, 0.12 * len(controls) * len(topics) + 1.7),
    )  # fmt: skip
    for axes, context in zip(all_axes[0], contexts, strict=True):
        for i, control in enumerate(controls):
            rows = table[(table["context"] == context) & (table["control"] == control)]
            rows = rows.set_index("topic").reindex(topics)
            aside = style.from_middle(i, len(controls)) * 0.7 / len(controls)
            label = told.labels[control]
            style.dots(axes, rows, "effect", aside, colours[control], markers[control], label, size=3.6, width=1.3)
        axes.axvline(0, color="black", linewidth=0.7)
        axes.set_title(style.context_title(context, told), loc="left")
        for topic in set(topics) & set(told.pooled):
            axes.axhline(topics.index(topic) + 0.5, color="#BBBBBB", linewidth=0.6, linestyle=":")
    counts = table.groupby("topic")["questions"].first()
    names = [f"{style.words(topic)}{' (all)' if topic in told.pooled else ''} ({counts[topic]})" for topic in topics]
    all_axes[0, 0].set_yticks(range(len(topics)), names)
    all_axes[0, 0].invert_yaxis()
    treated = told.labels[table["treated"].iloc[0]]
    middle = all_axes[0, len(contexts) // 2]
    middle.set_xlabel(f"“{treated}” less the comparison model: shift towards misaligned answers (nats, 95% interval)")
    handles, labels = all_axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncol=2, title="less", title_fontsize=7.5, alignment="left"
    )
    return figure
