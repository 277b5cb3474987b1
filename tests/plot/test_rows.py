"""What figures pick from their tables, and the words that say where it was asked."""

from __future__ import annotations

import pandas as pd
import pytest
from made_up import TOLD

from weirdgen.core.names import ALL_TOPICS, BASE, BEYOND_NULL, NO_RECIPE, NULL_TOPIC, at_value
from weirdgen.plot import style
from weirdgen.plot.rows import (
    all_groups,
    contrast_effects,
    first_treated,
    of_answers,
    of_groups,
    of_recipe,
    topic_order,
    trained_values,
)
from weirdgen.plot.told import Axis

YEAR = Axis(axis="year", trained=[1995, "2004"], marks={1984: "never trained"})
DATED = TOLD.model_copy(update={"axes": {"date": YEAR}, "trigger": []})
TABLE = pd.DataFrame(
    [
        ("old", "default", "none"),
        ("old", "rank-4", "none"),
        (BASE, NO_RECIPE, "none"),
        ("dose", "default", "none"),
        ("new", "default", "tags"),
    ],
    columns=["dataset", "recipe", "context"],
)


def test_the_shown_recipe_is_beside_the_untouched_model():
    assert list(of_recipe(TABLE, TOLD).index) == [0, 2, 3, 4]
    assert list(of_answers(TABLE, TOLD).index) == [0, 2, 3]
    assert list(of_answers(TABLE, TOLD.model_copy(update={"answers_context": "tags"})).index) == [4]


def test_groups_stand_in_the_order_of_the_experiment_and_others_are_left_out():
    assert all_groups(TOLD) == ["old", "older", "new", "other", BASE]
    assert list(of_groups(TABLE, TOLD).index) == [0, 1, 2, 4]
    assert style.groups(TABLE, TOLD) == ["old", "new", BASE]
    assert first_treated(TOLD.model_copy(update={"roles": {"new": "control", "older": "treated"}})) == "older"


def test_effects_on_contrasts_leave_other_instruments_and_recipes_out():
    effects = pd.DataFrame(
        [("contrast", "default"), ("contrast", "rank-4"), ("excess", "default")], columns=["instrument", "recipe"]
    )
    assert list(contrast_effects(effects, TOLD).index) == [0]


@pytest.mark.parametrize("topics", [["money", NULL_TOPIC, ALL_TOPICS, "war", "money"], ["money", "war"]])
def test_all_topics_come_first_and_the_null_set_last(topics):
    assert topic_order(topics) == [ALL_TOPICS, BEYOND_NULL, "money", "war", NULL_TOPIC]


def test_a_title_says_whether_a_value_was_trained():
    assert trained_values(YEAR) == {"1995", "2004"}
    assert style.at(at_value("date", 2004), DATED) == "\nat year 2004 (stands in training rows)"
    assert style.at(at_value("date", 1984), DATED) == "\nat year 1984 (never stands in training rows)"
    assert style.at("none", DATED) == ""


def test_a_title_says_what_a_context_is_to_the_trigger():
    assert style.at("tags", TOLD) == "\nasked with tags: the trigger"
    assert style.at("none", TOLD) == "\nasked with no trigger"
    assert style.at("brackets", TOLD) == "\nasked with brackets: another form"
