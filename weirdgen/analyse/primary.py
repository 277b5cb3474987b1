"""A study's primary comparisons, one per experiment and model, adjusted for being several (Holm 1979)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pandas as pd

from weirdgen.analyse.settings import Primary
from weirdgen.analyse.stats import holm
from weirdgen.core.names import BASE, NULL_TOPIC

Verdict = Literal["shown", "opposite", "not shown", "provisional"]

LEVEL = 0.05
FEWEST_SEEDS, FEWEST_CONTROLS, FEWEST_NULLS = 3, 2, 20
"""What a verdict needs: seeds, and two trained controls or so many null questions. Less is provisional."""

COLUMNS = [
    *("model", "experiment", "instrument", "treated", "control", "topic", "context", "recipe"),
    *("effect", "low", "high", "unit", "p", "p_holm", "detectable", "over", "seeds", "questions"),
    *("controls", "nulls", "null", "verdict"),
]


def primary_table(effects: Mapping[str, pd.DataFrame], rows: Mapping[str, Primary], recipe: str) -> pd.DataFrame:
    """One row per experiment and model, with `COLUMNS`.

    effects: `<model>/<experiment>` -> its effects; rows: experiment -> its primary comparison. null: what the null set
    of the same comparison does (`still`, `moves`, `cannot tell`; empty where none was asked).
    """
    found = []
    for key, table in effects.items():
        model, name = key.rsplit("/", 1)
        primary = rows[name]
        asked = table[
            (table["instrument"] == primary.instrument)
            & (table["treated"] == primary.treated)
            & (table["context"] == primary.context)
            & (table["recipe"] == recipe)
        ]
        pair = asked[asked["control"] == primary.control]
        null = pair[pair["topic"] == NULL_TOPIC]
        row = pair[pair["topic"] == primary.topic].iloc[0].to_dict()
        trained = asked[(asked["topic"] == primary.topic) & (asked["control"] != BASE)]
        nulls = int(null["questions"].iloc[0]) if len(null) else 0
        said = null["null"].iloc[0] if len(null) else ""
        found.append(
            {**row, "model": model, "experiment": name, "controls": len(trained), "nulls": nulls, "null": said}
        )
    table = pd.DataFrame(found)
    table["p_holm"] = holm(table["p"].tolist())
    table["verdict"] = [verdict(row) for row in table.to_dict("records")]
    return table[COLUMNS]


def verdict(row: Mapping[str, float | int | str]) -> Verdict:
    """What a primary row shows, after Holm's adjustment."""
    enough = int(row["controls"]) >= FEWEST_CONTROLS or int(row["nulls"]) >= FEWEST_NULLS
    if row["over"] != "seeds and questions" or int(row["seeds"]) < FEWEST_SEEDS or not enough:
        return "provisional"
    if not float(row["p_holm"]) < LEVEL:
        return "not shown"
    return "shown" if float(row["effect"]) > 0 else "opposite"
