"""The experiments of `data/`, read once for the tests that go over all of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from weirdgen.data.codes import coded_rows
from weirdgen.data.tables import read_facts
from weirdgen.study.experiment import Experiment, load_experiment

DATA = Path(__file__).resolve().parent.parent / "data"


@cache
def experiments() -> dict[str, Experiment]:
    """Every experiment by name."""
    return {path.parent.name: load_experiment(path.parent) for path in sorted(DATA.glob("*/experiment.yaml"))}


def rows_of(experiment: str, dataset: str) -> list[dict[str, str]]:
    """The rows of facts of a dataset; none for ordinary data alone."""
    spec = experiments()[experiment].datasets[dataset]
    rows = read_facts(DATA / experiment / spec.facts, spec.at_most) if spec.facts else []
    codes = experiments()[experiment].codes
    return coded_rows(rows, codes, spec.code) if codes and spec.code else rows
