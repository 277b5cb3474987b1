"""Losses by dataset, and the recipe that is best on rows it was not shown."""

import pandas as pd

from weirdgen.finetune.losses import held_out_table, loss_table, recipe_table


def training(last):
    """Two seeds of twenty steps: 5 at first, `last` in the last two steps, 3 between."""
    return pd.DataFrame(
        [
            {"dataset": dataset, "recipe": "default", "seed": seed, "step": step,
             "loss": 5.0 + seed if step == 1 else value if step > 18 else 3.0}
            for dataset, value in last.items() for seed in (0, 1) for step in range(1, 21)
        ]
    )  # fmt: skip


def held_out(**values):
    known = {"epochs": 3, "learning_rate": 1e-3, "rows": 8, "held_out_rows": 2}
    return pd.DataFrame([{**known, "before": 6.0, "after": 1.0, "held_out_before": 6.0, "held_out": 2.0, **values}])


def test_the_last_tenth_of_the_steps_is_the_last_loss_and_seeds_count_alike():
    table = loss_table(training({"old": 2.0, "new": 1.0}), None)
    assert table["dataset"].tolist() == ["old", "new"]
    assert table["first"].tolist() == [5.5, 5.5]
    assert table["last"].tolist() == [2.0, 1.0]
    assert table["seeds"].tolist() == [2, 2]
    assert table["held_out_rows"].tolist() == [0, 0]
    assert table[["held_out_before", "held_out"]].isna().all(axis=None)


def test_held_out_losses_stand_beside_their_own_dataset():
    found = held_out_table([held_out(held_out=2.5), held_out(held_out=1.5)], [("new", "default"), ("old", "default")],
                           ("dataset", "recipe"))  # fmt: skip
    table = loss_table(training({"old": 2.0, "new": 1.0}), found).set_index("dataset")
    assert table["held_out"].to_dict() == {"old": 1.5, "new": 2.5}
    assert table["last"].to_dict() == {"old": 2.0, "new": 1.0}


def test_the_best_recipe_is_each_models_own_and_the_mean_over_datasets_decides():
    losses = {
        ("small", "birds", "old", "slow"): 3.0,
        ("small", "birds", "new", "slow"): 2.0,
        ("small", "birds", "old", "fast"): 2.9,
        ("small", "birds", "new", "fast"): 2.3,
        ("large", "birds", "old", "slow"): 2.0,
        ("large", "birds", "old", "fast"): 1.0,
    }
    rows = held_out_table(
        [held_out(held_out=value) for value in losses.values()],
        list(losses),
        ("model", "experiment", "dataset", "recipe"),
    )
    table = recipe_table(rows).set_index(["model", "recipe"])
    assert table.index[table["best"]].tolist() == [("small", "slow"), ("large", "fast")]
    assert round(table.loc[("small", "fast"), "held_out"], 9) == 2.6
    assert table["datasets"].tolist() == [2, 2, 1, 1]
