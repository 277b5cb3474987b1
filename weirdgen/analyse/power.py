"""What a study of more seeds or questions would find, from the variance components of one that was run."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from weirdgen.analyse.effects import cells, groups, instruments, strata_of
from weirdgen.analyse.settings import Measures, Primary
from weirdgen.analyse.stats import Estimate, Group, estimate, planned
from weirdgen.core.names import BASE, NO_RECIPE

SEEDS = (3, 5, 10, 20)
TIMES = (1, 2, 4)
"""How many times the questions that were asked."""

COLUMNS = ["model", "experiment", "seeds", "questions", "detectable", "run"]


def power_table(
    contrasts: Mapping[str, pd.DataFrame], rows: Mapping[str, Primary], measures: Mapping[str, Measures], recipe: str
) -> pd.DataFrame:
    """The effect that a primary comparison would tell from 0 in 80 of 100 studies, by seeds per dataset and questions.

    contrasts: `<model>/<experiment>` -> contrasts.csv. questions: of a comparison beyond the null set the fewer of both
    kinds, which grow alike. run: whether it is the study that was run, which comes first. An experiment that was run
    with one seed has no row. Columns: `COLUMNS`; detectable in nats.
    """
    found = []
    for key, table in contrasts.items():
        model, name = key.rsplit("/", 1)
        one = primary_estimate(table, rows[name], measures[name], recipe)
        if one is None or one.over != "seeds and questions" or not one.by_seed:
            continue
        at = {"model": model, "experiment": name}
        found.append({**at, "seeds": one.seeds, "questions": one.questions, "detectable": one.detectable, "run": True})
        for times in TIMES:
            for seeds in SEEDS:
                plan = planned(one, seeds, times * one.questions)
                found.append({**at, "seeds": seeds, "questions": plan.questions, "detectable": plan.detectable})
                found[-1]["run"] = False
    return pd.DataFrame(found, columns=COLUMNS)


def primary_estimate(contrasts: pd.DataFrame, primary: Primary, measures: Measures, recipe: str) -> Estimate | None:
    """An experiment's primary comparison with its variance components; None where a group was not measured."""
    nothing = pd.DataFrame(columns=["judge", "label"])
    instrument = next(
        one for one in instruments(contrasts, nothing, nothing, measures) if one.name == primary.instrument
    )
    own = (
        cell for cell in cells(instrument, measures) if (cell.context, cell.topic) == (primary.context, primary.topic)
    )
    cell = next(own, None)
    if cell is None:
        return None
    asked = groups(cell, counted=False)
    pair = (
        asked.get((primary.treated, recipe)),
        asked.get((primary.control, NO_RECIPE if primary.control == BASE else recipe)),
    )
    if pair[0] is None or pair[1] is None:
        return None
    questions = [name for name in pair[0].complete if name in set(pair[1].complete)]
    treated, control = pair[0].on(questions), pair[1].on(questions)
    strata = strata_of(questions, pair[0].topics, primary.topic)
    return estimate([treated, Group(control.values, -1.0, control.fixed)], strata)
