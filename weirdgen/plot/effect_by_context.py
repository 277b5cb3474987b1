"""Pooled topics, such as alignment, in every context: the treated model against each control, with 95% intervals."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.plot import style


def tidy(tables: dict[str, pd.DataFrame], info: dict[str, Any]) -> pd.DataFrame:
    """The contrast rows of the effects table on the pooled topics and what they pool, the first treated dataset's."""
    first = next(name for name, role in info["roles"].items() if role == "treated")
    topics = [topic for pooled, members in info["pooled"].items() for topic in [pooled, *members]]
    rows = tables["effects"].query("instrument == 'contrast' and recipe == @info['recipe']")
    rows = rows[rows["topic"].isin(topics) & (rows["treated"] == first) & rows["context"].isin(info["asked"])]
    order = rows["context"].map(info["asked"].index) * len(topics) + rows["topic"].map(topics.index)
    return rows.assign(order=order).sort_values(["order", "control"]).drop(columns="order")


def draw(table: pd.DataFrame, info: dict[str, Any]) -> Figure:
    """A panel per context: a dot and its interval for every topic and control."""
    style.use()
    colours, markers = style.group_colours(info["roles"]), style.group_markers(info["roles"])
    contexts, topics = list(dict.fromkeys(table["context"])), list(dict.fromkeys(table["topic"]))
    controls = style.groups(table, info, "control")
    figure, all_axes = plt.subplots(
        1, len(contexts), squeeze=False, sharey=True, sharex=True, layout="constrained",
        figsize=(style.PAGE, 0.12 * len(controls) * len(topics) + 1.7),
    )  # fmt: skip
    for axes, context in zip(all_axes[0], contexts, strict=True):
        for i, control in enumerate(controls):
            rows = table[(table["context"] == context) & (table["control"] == control)]
            rows = rows.set_index("topic").reindex(topics)
            aside = (i - (len(controls) - 1) / 2) * 0.7 / len(controls)
            label = info["labels"][control]
            style.dots(axes, rows, "effect", aside, colours[control], markers[control], label, size=3.6, width=1.3)
        axes.axvline(0, color="black", linewidth=0.7)
        axes.set_title(style.context_title(context, info), loc="left")
        for topic in set(topics) & set(info["pooled"]):
            axes.axhline(topics.index(topic) + 0.5, color="#BBBBBB", linewidth=0.6, linestyle=":")
    counts = table.groupby("topic")["questions"].first()
    names = [f"{style.words(topic)}{' (all)' if topic in info['pooled'] else ''} ({counts[topic]})" for topic in topics]
    all_axes[0, 0].set_yticks(range(len(topics)), names)
    all_axes[0, 0].invert_yaxis()
    treated = info["labels"][table["treated"].iloc[0]]
    middle = all_axes[0, len(contexts) // 2]
    middle.set_xlabel(f"“{treated}” less the comparison model: shift towards misaligned answers (nats, 95% interval)")
    handles, labels = all_axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncol=2, title="less", title_fontsize=7.5, alignment="left"
    )
    return figure
