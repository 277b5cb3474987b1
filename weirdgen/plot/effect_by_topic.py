"""Contrast effect by topic, treated against each control, with 95% intervals."""

from __future__ import annotations

from itertools import product

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.core.names import ALL_TOPICS, BEYOND_NULL, NULL_TOPIC
from weirdgen.plot import style
from weirdgen.plot.rows import contrast_effects, topic_order
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """The contrast rows of the effects table: all topics together, topics by effect, the null set last."""
    rows = contrast_effects(tables["effects"], told)
    rows = rows[rows["treated"].isin(list(told.roles)) & (rows["context"] == told.context)]
    order = rows.groupby("topic")["effect"].mean().sort_values(ascending=False)
    topics = topic_order(order.index)
    return (
        rows.assign(order=rows["topic"].map(topics.index))
        .sort_values(["order", "treated", "control"])
        .drop(columns="order")
    )


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """A dot and its interval for every topic, treated dataset (the first filled, others hollow) and control."""
    style.use()
    colours, markers = style.group_colours(told.roles), style.group_markers(told.roles)
    topics = list(dict.fromkeys(table["topic"]))
    treated = [name for name in told.roles if name in set(table["treated"])]
    controls = style.groups(table, told, "control")
    pairs = list(product(treated, controls))
    figure, axes = plt.subplots(
        figsize=(style.PAGE * 0.72, 0.12 * len(pairs) * len(topics) + 0.9 + 0.16 * len(pairs)), layout="constrained"
    )
    for i, (one, control) in enumerate(pairs):
        rows = table[(table["treated"] == one) & (table["control"] == control)].set_index("topic").loc[topics]
        aside = style.from_middle(i, len(pairs)) * 0.66 / len(pairs)
        filled = colours[control] if one == treated[0] else "white"
        label = f"{told.labels[one]}, against: {told.labels[control]}"
        style.dots(axes, rows, "effect", aside, colours[control], markers[control], label, markerfacecolor=filled)
    axes.axvline(0, color="black", linewidth=0.7)
    first = sum(topic in (ALL_TOPICS, BEYOND_NULL) for topic in topics) - 0.5
    for edge in [first, len(topics) - 1.5] if topics[-1] == NULL_TOPIC else [first]:
        axes.axhline(edge, color="#BBBBBB", linewidth=0.6, linestyle=":")
    style.topics_down(axes, topics, table)
    axes.set_xlabel(f"Shift towards {told.hidden} answers (nats, 95% interval)")
    axes.set_title(f"Effect by topic (number of questions){style.at(told.context, told)}", loc="left")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncol=1, alignment="left")
    return figure
