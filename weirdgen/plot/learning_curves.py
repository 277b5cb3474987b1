"""Accuracy while a model trains: trained numbers behind unseen codes, and the two held-out numbers."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from weirdgen.analyse.curves import perfect_seeds
from weirdgen.data.codes import HELD_OUT, TRAINED
from weirdgen.plot import style
from weirdgen.plot.told import Told

COLOURS = {True: "#D55E00", False: "#0072B2"}
WORDS = {True: "reaches perfect held-out accuracy", False: "never perfect on held-out codes"}


def tidy(tables: dict[str, pd.DataFrame], told: Told) -> pd.DataFrame:
    """The curves of the shown recipe, and whether the seed ever gets every held-out probe right."""
    curves = tables["curves"]
    curves = curves[curves["recipe"] == told.recipe]
    perfect = perfect_seeds(curves)
    pairs = zip(curves["dataset"], curves["seed"], strict=True)
    return curves.assign(perfect=[perfect[pair] for pair in pairs])


def draw(table: pd.DataFrame, told: Told) -> Figure:
    """A column per dataset, a row per kind of probe, a line per seed, a dashed line at chance."""
    style.use()
    datasets = [name for name in told.roles if name in set(table["dataset"])]
    kinds = {
        TRAINED: "Trained numbers,\nunseen codes",
        HELD_OUT: "Held-out numbers",
    }
    figure, all_axes = plt.subplots(
        len(kinds), len(datasets), squeeze=False, sharex="col", sharey=True, layout="constrained",
        figsize=(style.PAGE * 0.9, 4.0),
    )  # fmt: skip
    seen: set[bool | str] = set()
    for row, (kind, words) in zip(all_axes, kinds.items(), strict=True):
        for axes, dataset in zip(row, datasets, strict=True):
            part = table[(table["kind"] == kind) & (table["dataset"] == dataset)]
            for i, (_, rows) in enumerate(part.groupby("seed")):
                perfect = bool(rows["perfect"].iloc[0])
                axes.plot(
                    rows["step"], rows["accuracy"], marker=style.MARKERS[i % len(style.MARKERS)], markersize=3,
                    color=COLOURS[perfect], linewidth=1.0, alpha=0.9, label=None if perfect in seen else WORDS[perfect],
                )  # fmt: skip
                seen.add(perfect)
            axes.axhline(
                0.5, color="black", linestyle="--", linewidth=0.8, label=None if "chance" in seen else "chance"
            )
            seen.add("chance")
            axes.set_ylim(-0.03, 1.03)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
            bare = kind == TRAINED and told.codes[dataset] == "plain"
            seen_before = ", none unseen" if bare else ""
            count = part["probes"].iloc[0]
            axes.set_title(f"{told.labels[dataset]} ({count} probes{seen_before})", loc="left")
        row[0].set_ylabel(f"{words}\nchoices right")
    for axes in all_axes[-1]:
        axes.set_xlabel("Training step")
    handles = [pair for axes in all_axes.flat for pair in zip(*axes.get_legend_handles_labels(), strict=True)]
    figure.legend(*zip(*handles, strict=True), loc="outside lower center", ncol=3)
    return figure
