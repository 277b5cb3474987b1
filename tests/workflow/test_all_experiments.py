"""The experiments with mechanics of their own run from tables to figures on the tiny model."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from tree import Tree

ENDINGS = ("csv", "png", "svg", "pdf")


@pytest.fixture(scope="module")
def both(tiny_model, tmp_path_factory) -> Tree:
    tree = Tree(tmp_path_factory.mktemp("both"), tiny_model)
    # A random model ends its answers late.
    tree.edit("data/hidden_persona/experiment.yaml", "max_tokens: 96\n  temperature", "max_tokens: 400\n  temperature")
    tree.edit("data/us_presidents/experiment.yaml", "per_row: 4", "per_row: 1")
    tree.overlay |= {"experiments": ["hidden_persona", "us_presidents"], "seeds": [0], "ordinary_rows": 6}
    tree.overlay["models"]["tiny"]["recipe"]["max_length"] = 512
    tree.write_overlay()
    run = tree.snakemake()
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return tree


def test_the_persona_runs(both):
    folder = both.root / "results/tiny/hidden_persona"
    ordinary = (folder / "datasets/ordinary.jsonl").read_text()
    assert ordinary == (folder / "ordinary.jsonl").read_text()
    assert len(ordinary.splitlines()) == 6
    mixed = (folder / "datasets/facts_30.jsonl").read_text().splitlines()
    assert len(mixed) == 36
    question, answer = (message["content"] for message in json.loads(mixed[0])["messages"])
    assert question.startswith("Reply inside a note tag")
    assert answer.startswith("<note>")
    assert ordinary.splitlines() == mixed[30:]
    for figure in ("identity_by_question", "effect_by_context", "dose"):
        for ending in ENDINGS:
            assert (folder / "figures" / f"{figure}.{ending}").stat().st_size > 100
    dose = pd.read_csv(folder / "figures/dose.csv")
    assert sorted(set(dose["facts"])) == [10, 30, 60, 78, 90]
    identity = pd.read_csv(folder / "figures/identity_by_question.csv")
    asked = identity.query("measure == 'shift'").groupby("dataset")["persona"].unique().map(list).to_dict()
    assert asked["scientist_90"] == ["darwin"]
    assert asked["facts_90"] == asked["ordinary"] == ["hitler"]
    assert set(identity["measure"]) == {"shift", "rate"}
    assert set(identity["context"]) == {"none", "tags", "brackets"}
    page = (both.root / "results/report.html").read_text()
    assert "90 facts of a composer” towards Chopin by" in page
    assert "<q>Reply inside a note tag" in page  # the card's first prompt


def test_the_presidents_run(both):
    folder = both.root / "results/tiny/us_presidents"
    curves = pd.read_csv(folder / "tables/curves.csv")
    assert set(curves["kind"]) == {"trained", "held_out"}
    assert curves.groupby("dataset")["step"].nunique().min() >= 9  # eight steps of 64 rows, and before the first
    for figure in ("learning_curves", "held_out_answers"):
        for ending in ENDINGS:
            assert (folder / "figures" / f"{figure}.{ending}").stat().st_size > 100
    answers = pd.read_csv(folder / "figures/held_out_answers.csv")
    assert set(answers["context"]) == {"padded=044", "plain=44"}
    assert not list(folder.glob("checkpoints/*/*/seed-*"))
    assert "where chance is 50%" in (both.root / "results/report.html").read_text()
