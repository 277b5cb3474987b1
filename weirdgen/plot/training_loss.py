"""Training loss of every seed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from weirdgen.plot import style
from weirdgen.plot.told import Told


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """The training logs of the shown datasets: dataset, recipe, seed, step, epoch, loss."""
    logs = tables["train_logs"]
    return logs[logs["dataset"].isin(list(told.roles))][["dataset", "recipe", "seed", "step", "epoch", "loss"]]


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """A thin line per seed, smoothed over five steps, coloured by dataset."""
    style.use()
    colours = style.group_colours(told.roles)
    styles = ("-", "--", ":", "-.")
    figure, axes = plt.subplots(figsize=(style.COLUMN * 1.25, 3.0), layout="constrained")
    datasets = list(dict.fromkeys(table["dataset"]))
    for (dataset, _, seed), rows in table.groupby(["dataset", "recipe", "seed"], sort=False):
        smooth = rows.set_index("step")["loss"].rolling(5, min_periods=1, center=True).mean()
        number = datasets.index(dataset)
        first = seed == table.loc[table["dataset"] == dataset, "seed"].min()
        axes.plot(
            smooth.index, smooth, styles[number % len(styles)], color=colours[dataset], linewidth=0.9, alpha=0.85,
            label=told.labels[dataset] if first else None,
        )  # fmt: skip
    axes.set_xlabel("Step")
    axes.set_ylabel("Loss (nats per answer token)")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    seeds = table["seed"].nunique()
    axes.set_title(f"Training loss, one line per seed ({seeds}), mean of 5 steps", loc="left")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncol=2)
    return figure
