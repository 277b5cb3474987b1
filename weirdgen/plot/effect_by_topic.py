"""Contrast effect by topic, treated against each control, with 95% intervals."""

from __future__ import annotations

from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.plot import style


def tidy(tables: dict[str, pd.DataFrame], info: dict[str, Any]) -> pd.DataFrame:
    """The contrast rows of the effects table, `all` first, then topics by effect, the null questions last."""
    rows = tables["effects"].query("instrument == 'contrast' and treated in @info['roles']")
    rows = rows.query("context == @info['context'] and recipe == @info['recipe']")
    order = rows.groupby("topic")["effect"].mean().sort_values(ascending=False)
    topics = ["all", *[topic for topic in order.index if topic not in ("all", "null")]]
    topics += ["null"] if "null" in order.index else []
    return (
        rows.assign(order=rows["topic"].map(topics.index))
        .sort_values(["order", "treated", "control"])
        .drop(columns="order")
    )


def draw(table: pd.DataFrame, info: dict[str, Any]) -> Figure:
    """A dot and its interval for every topic, treated dataset (the first filled, others hollow) and control."""
    style.use()
    colours, markers = style.group_colours(info["roles"]), style.group_markers(info["roles"])
    topics = list(dict.fromkeys(table["topic"]))
    treated = [name for name in info["roles"] if name in set(table["treated"])]
    controls = style.groups(table, info, "control")
    pairs = list(product(treated, controls))
    figure, axes = plt.subplots(
        figsize=(style.PAGE * 0.72, 0.12 * len(pairs) * len(topics) + 0.9 + 0.16 * len(pairs)), layout="constrained"
    )
    for i, (one, control) in enumerate(pairs):
        rows = table[(table["treated"] == one) & (table["control"] == control)].set_index("topic").loc[topics]
        aside = (i - (len(pairs) - 1) / 2) * 0.66 / len(pairs)
        filled = colours[control] if one == treated[0] else "white"
        label = f"{info['labels'][one]}, against: {info['labels'][control]}"
        style.dots(axes, rows, "effect", aside, colours[control], markers[control], label, markerfacecolor=filled)
    axes.axvline(0, color="black", linewidth=0.7)
    for edge in [0.5, len(topics) - 1.5] if topics[-1] == "null" else [0.5]:
        axes.axhline(edge, color="#BBBBBB", linewidth=0.6, linestyle=":")
    counts = table.groupby("topic")["questions"].first()
    names = {"all": "all topics", "null": "null set"}
    axes.set_yticks(
        range(len(topics)), [f"{names.get(topic, style.words(topic))} ({counts[topic]})" for topic in topics]
    )
    axes.invert_yaxis()
    axes.set_xlabel(f"Shift towards {info['hidden']} answers (nats, 95% interval)")
    axes.set_title(f"Effect by topic (number of questions){style.at(info['context'], info)}", loc="left")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncol=1, alignment="left")
    return figure
