"""What several figures pick from their tables: the groups shown, and their rows."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from weirdgen.core.names import ALL_TOPICS, BASE, BEYOND_NULL, CONTRAST, NO_RECIPE, NULL_TOPIC
from weirdgen.plot.told import About, Axis


def all_groups(told: About) -> list[str]:
    """Every group that figures show, in the order of the experiment, the untouched model last."""
    return [*told.roles, BASE]


def first_treated(told: About) -> str:
    """The first treated dataset."""
    return next(name for name, role in told.roles.items() if role == "treated")


def of_recipe(table: pd.DataFrame, told: About) -> pd.DataFrame:
    """The rows of the shown recipe and of the untouched model."""
    return table[table["recipe"].isin([told.recipe, NO_RECIPE])]


def of_answers(table: pd.DataFrame, told: About) -> pd.DataFrame:
    """The rows of `of_recipe` in the context of free answers that is shown."""
    rows = of_recipe(table, told)
    return rows[rows["context"] == told.answers_context]


def of_groups(table: pd.DataFrame, told: About) -> pd.DataFrame:
    """The rows of the groups that are shown."""
    return table[table["dataset"].isin(all_groups(told))]


def contrast_effects(effects: pd.DataFrame, told: About) -> pd.DataFrame:
    """The effects of the shown recipe on contrasts."""
    return effects[(effects["instrument"] == CONTRAST) & (effects["recipe"] == told.recipe)]


def topic_order(topics: Iterable[str]) -> list[str]:
    """All topics together, the same beyond the null set, the topics in the order given, each once, the null set."""
    own = (topic for topic in dict.fromkeys(topics) if topic not in (ALL_TOPICS, BEYOND_NULL, NULL_TOPIC))
    return [ALL_TOPICS, BEYOND_NULL, *own, NULL_TOPIC]


def trained_values(axis: Axis) -> set[str]:
    """The values of an axis that stand in training rows, as tables write them."""
    return {str(value) for value in axis.trained}
