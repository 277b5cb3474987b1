"""Stacked bars of the labels that judges give, shared by the figures of free answers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from weirdgen.judge.files import RATED, REFUSAL, UNPARSED
from weirdgen.plot import style
from weirdgen.plot.rows import of_answers, of_groups
from weirdgen.plot.told import Told


def shares(labels: pd.DataFrame, told: Told, keys: Sequence[str]) -> pd.DataFrame:
    """Shares of answers in the shown context: judge, *keys, label, count, answers, share."""
    rows = of_groups(of_answers(labels, told), told)
    rated = rows.groupby("judge")["label"].transform(lambda found: set(found) <= {RATED, REFUSAL, UNPARSED})
    rows = rows[~rated.astype(bool)]  # a rating judge has no labels to stack
    keys = ["judge", *keys]
    counts = rows.groupby([*keys, "label"], sort=False)["count"].sum().reset_index()
    counts["answers"] = counts.groupby(keys)["count"].transform("sum")
    return counts.assign(share=counts["count"] / counts["answers"])


def stack(axes: Axes, wide: pd.DataFrame, texts_from: float = 0.06) -> None:
    """One bar per row of `wide` (columns: labels, values: shares); a share is written where there is room."""
    left = pd.Series(0.0, index=wide.index)
    for label in order(wide.columns):
        colour = style.LABELS.get(label, "#999999")
        values = wide[label].fillna(0.0)
        bars = axes.barh(range(len(wide)), values, left=left, color=colour, label=label, height=0.74)
        texts = [f"{share:.0%}" if share >= texts_from else "" for share in values]
        axes.bar_label(
            bars, texts, label_type="center", fontsize=6, color="white" if style.is_dark(colour) else "black"
        )
        left += values
    axes.set_ylim(len(wide) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))


def order(labels: Sequence[str]) -> list[str]:
    """Labels in the order of the palette, unknown ones last."""
    known = [label for label in style.LABELS if label in set(labels)]
    return [*known, *[label for label in labels if label not in known]]
