"""How many facts it takes: a persona's log-odds against the number of its facts in training, per context."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from weirdgen.plot import style
from weirdgen.plot.rows import contrast_effects, first_treated
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """facts, dataset, context, then the shift from ordinary data alone in nats with its interval; 0 facts are no shift.

    The topic is the persona of the first treated dataset.
    """
    none = next(name for name, facts in told.doses.items() if facts == 0)
    rows = contrast_effects(tables["effects"], told)
    rows = rows[(rows["topic"] == told.personas[first_treated(told)]) & (rows["control"] == none)]
    rows = rows[rows["treated"].isin(told.doses) & rows["context"].isin(told.asked)]
    shown = rows.rename(columns={"treated": "dataset"}).assign(facts=rows["treated"].map(told.doses))
    return shown[["facts", "dataset", "context", "effect", "low", "high", "seeds", "questions"]].sort_values(
        ["context", "facts"]
    )


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """A panel per context: dots with intervals over the number of facts, from nothing at no facts."""
    style.use()
    contexts = [context for context in told.asked if context in set(table["context"])]
    figure, all_axes = plt.subplots(
        1, len(contexts), squeeze=False, sharey=True, layout="constrained", figsize=(style.PAGE, 2.5)
    )
    for axes, context in zip(all_axes[0], contexts, strict=True):
        part = table[table["context"] == context]
        bars = [part["effect"] - part["low"], part["high"] - part["effect"]]
        axes.axhline(0, color="black", linewidth=0.7)
        axes.plot([0, *part["facts"]], [0, *part["effect"]], color=style.TREATED[0], linewidth=1.0)
        axes.errorbar(
            part["facts"], part["effect"], bars, color=style.TREATED[0], marker="o", markersize=4, linestyle="none",
            linewidth=1.4,
        )  # fmt: skip
        ticks = [0, *part["facts"]]
        axes.set_xticks(ticks, [f"{int(count)}" for count in ticks])
        axes.set_title(style.context_title(context, told), loc="left")
        axes.set_xlabel("facts in training (0: ordinary data)")
    all_axes[0, 0].set_ylabel(
        f"log-odds of {told.hidden} against other\nnames, shift from ordinary data\n(nats, 95% interval)"
    )
    return figure
