"""How hard each dataset is to learn, and which recipe learns what was not trained best: no effect is looked at."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

LAST = 0.9
"""The share of a training's steps after which its loss counts as the last."""

HELD_OUT = ["held_out_rows", "held_out_before", "held_out"]


def loss_table(training: pd.DataFrame, held_out: pd.DataFrame | None) -> pd.DataFrame:
    """Per dataset and recipe the loss in training, and on rows held out of it where that was measured.

    training: training.csv. held_out: rows of `held_out_table`, or None. Columns: dataset, recipe, seeds, first (loss of
    the first step), last (mean of the last tenth of the steps), both means over seeds; held_out_rows (0 where not
    measured), held_out_before, held_out. All losses are nats per answer token.
    """
    keys = ["dataset", "recipe"]
    steps = training.groupby([*keys, "seed"], sort=False)["step"]
    ends = training[training["step"] > LAST * steps.transform("max")]
    begins = training[training["step"] == steps.transform("min")]
    groups = training.groupby(keys, sort=False)
    table = pd.DataFrame(
        {
            "seeds": groups["seed"].nunique(),
            "first": begins.groupby(keys)["loss"].mean(),
            "last": ends.groupby(keys)["loss"].mean(),
        }
    ).loc[list(groups.groups)]
    if held_out is None:
        return table.reset_index().assign(held_out_rows=0, held_out_before=float("nan"), held_out=float("nan"))
    return table.reset_index().merge(held_out[[*keys, *HELD_OUT]], on=keys, validate="one_to_one")


def held_out_table(tables: Sequence[pd.DataFrame], of: Sequence[tuple[str, ...]], names: Sequence[str]) -> pd.DataFrame:
    """Rows of `held_out.held_out` below each other; of: what each is of, in the columns `names`."""
    keyed = [table.assign(**dict(zip(names, keys, strict=True))) for table, keys in zip(tables, of, strict=True)]
    together = pd.concat(keyed, ignore_index=True)
    return together[[*names, *(name for name in together if name not in names)]]


def recipe_table(held_out: pd.DataFrame) -> pd.DataFrame:
    """Per model and recipe the loss on rows held out, mean over its datasets; `best`: the lowest of the model.

    held_out: rows with model, recipe, epochs, learning_rate, before, after, held_out_before, held_out. Where two are
    equal, the one that comes first is the best.
    """
    keys = ["model", "recipe"]
    groups = held_out.groupby(keys, sort=False)
    table = groups[["epochs", "learning_rate"]].first()
    table["datasets"] = groups.size()
    table[["before", "after", "held_out_before", "held_out"]] = groups[
        ["before", "after", "held_out_before", "held_out"]
    ].mean()
    best = table.groupby("model", sort=False)["held_out"].idxmin()
    table["best"] = table.index.isin(list(best))
    return table.reset_index()
