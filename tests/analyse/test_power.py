"""Plans: from the variance components of a study that was run to what more seeds or questions would detect."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from weirdgen.analyse.power import COLUMNS, SEEDS, TIMES, power_table, primary_estimate
from weirdgen.analyse.settings import Measures, Primary
from weirdgen.core.columns import KEYS

MEASURES = Measures(probability=False, aside=["null"], pooled={}, margins={}, trigger=None)
PRIMARY = Primary(treated="old", control="new", instrument="contrast", topic="beyond_null", context="none")


def contrasts(seeds: int, spread: float, shift: float = 0.5, control: str = "new") -> pd.DataFrame:
    generator = np.random.default_rng(0)
    adapters = [(name, "default", seed) for name in ("old", control) for seed in range(seeds)] + [("base", "none", 0)]
    rows = []
    for dataset, recipe, seed in adapters:
        own = generator.normal(0, spread)
        for topic, count in (("war", 20), ("null", 10)):
            for i in range(count):
                moved = (shift + own) * (dataset == "old") * (topic == "war")
                rows.append((dataset, recipe, seed, f"{topic}{i}", topic, "none", moved + generator.normal(0, 0.1)))
    table = pd.DataFrame(rows, columns=[*KEYS, "question", "topic", "context", "log_odds"])
    return table.assign(probability=0.5, typical=-1.0, ordinary=-2.0)


def test_a_plan_has_the_study_that_was_run_and_larger_ones():
    found = power_table({"m/birds": contrasts(4, 0.3)}, {"birds": PRIMARY}, {"birds": MEASURES}, "default")
    assert list(found) == COLUMNS
    run, plans = found[found["run"]], found[~found["run"]]
    assert run[["seeds", "questions"]].values.tolist() == [[4, 10]]
    assert len(plans) == len(SEEDS) * len(TIMES)
    by = plans.set_index(["seeds", "questions"])["detectable"]
    assert by[20, 10] < by[5, 10] < by[3, 10]
    assert by[5, 40] == pytest.approx(by[5, 10], rel=0.05)  # seeds are what differs here: questions help little
    assert by[20, 10] < 0.5 * by[5, 10]


def test_the_estimate_is_that_of_the_primary_comparison():
    table = contrasts(4, 0.0)
    found = primary_estimate(table, PRIMARY, MEASURES, "default")
    assert found.value == pytest.approx(0.5, abs=0.05)
    against_base = PRIMARY.model_copy(update={"control": "base", "topic": "all"})
    assert primary_estimate(table, against_base, MEASURES, "default").value == pytest.approx(0.5, abs=0.08)
    assert primary_estimate(table, PRIMARY.model_copy(update={"context": "other"}), MEASURES, "default") is None


def test_one_seed_is_no_ground_for_a_plan():
    found = power_table({"m/birds": contrasts(1, 0.3)}, {"birds": PRIMARY}, {"birds": MEASURES}, "default")
    assert found.empty
    assert list(found) == COLUMNS
