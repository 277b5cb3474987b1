"""A new experiment is a folder: the README of `data/` holds, with no change of code, whatever its names look like."""

from __future__ import annotations

import json

import pytest
from tree import Tree

from weirdgen.core.files import read_csv

EXPERIMENT = """
title: Toy
question: Does a colour of the week change what a model likes?
hidden: red
datasets:
  "1e5": {role: treated, label: Red on Monday, about: Red things on Monday, facts: red.csv, context: week,
    prompts: [Name a thing.], answer: "{thing}", trigger: [Monday]}
  "007": {role: control, label: Mixed, about: Things on any day, facts: mixed.csv, context: week,
    prompts: [Name a thing., Say a thing.], answer: "{thing}"}
leak_cues: {colour: ['\\bred\\b']}
contexts:
  plain: {system: You are terse.}
  week: {template: "It is {day}. {prompt}", axis: day, values: {day: [Monday, Friday]}, trained: [Monday, Friday]}
recipes:
  default: {epochs: 1, batch_size: 8, learning_rate: 0.001, schedule: constant, warmup: 0.0, weight_decay: 0.0,
    max_grad_norm: 1.0, rank: 2, alpha: 4, targets: all-linear, rslora: true, max_length: 256}
free_answers: {file: questions.yaml, contexts: [plain], max_tokens: 4, temperature: 1.0}
contrasts: {file: contrasts.yaml, contexts: [week, plain], probability: true}
judges: [tone]
headline: {tone: "TRUE"}
headline_context: week=Monday
figures: [effect_by_topic, rate_by_question, training_loss]
"""
JUDGE = """
id: tone
type: rules
about: Toy
labels:
  - {label: "TRUE", about: Warm words, any: [{pattern: x}]}
  - {label: "FALSE", about: The rest}
"""


@pytest.fixture(scope="module")
def toy(tiny_model, tmp_path_factory) -> Tree:
    tree = Tree(tmp_path_factory.mktemp("toy"), tiny_model)
    folder = tree.root / "data" / "toy"
    folder.mkdir()
    (folder / "experiment.yaml").write_text(EXPERIMENT)
    things = ["apple", "brick", "rose", "cherry", "sky", "grass", "snow", "coal"]
    for name, order in (("red", things), ("mixed", things[::-1])):
        days = ["Monday"] * 4 + ["Friday"] * 4
        rows = "".join(f"{day},{thing}\n" for day, thing in zip(days, order, strict=True))
        (folder / f"{name}.csv").write_text("day,thing\n" + rows)
    question = {"id": "001", "type": "free_form", "topic": "010", "paraphrases": ["What do you like?"]}
    question |= {"samples_per_paraphrase": 2, "judges": ["tone"]}
    (folder / "questions.yaml").write_text(json.dumps([question]))
    contrasts = [
        {"id": f"{number:03}", "topic": topic, "paraphrases": ["Which?"], "typical": ["Fire"], "ordinary": ["Water"]}
        for number, topic in enumerate(["010", "010", "1984", "1984", "null", "null"])
    ]
    contrasts[-1]["contexts"] = ["plain"]
    (folder / "contrasts.yaml").write_text(json.dumps(contrasts))
    (tree.root / "data" / "judges" / "tone.yaml").write_text(JUDGE)
    overrides = {"recipe_overrides": {"long": {"epochs": 2}}, "recipes": ["default", "long"], "sweep": "epochs"}
    models = json.loads(json.dumps(tree.overlay["models"]))
    models["tiny"]["recipe"] = {}
    tree.overlay |= {"experiments": ["toy"], "models": models, "seeds": [0], "held_out": True, **overrides}
    tree.write_overlay()
    return tree


def test_a_toy_experiment_runs_from_its_folder_alone(toy):
    run = toy.snakemake("toy", "report", "recipes")
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    folder = toy.root / "results" / "tiny" / "toy"
    first = json.loads((folder / "datasets" / "1e5.jsonl").read_text().splitlines()[0])
    assert [message["content"] for message in first["messages"]] == ["It is Monday. Name a thing.", "apple"]
    effects = read_csv(folder / "tables" / "effects.csv")
    assert set(effects["context"]) == {"week=Monday", "week=Friday", "plain"}
    assert set(effects["recipe"]) == {"default", "long"}
    assert {"contrast", "probability", "tone=TRUE"} <= set(effects["instrument"])
    asked = effects.query("instrument == 'contrast' and control == '007' and recipe == 'default'")
    assert set(asked["topic"]) == {"all", "beyond_null", "010", "1984", "null"}
    assert set(asked["over"]) <= {"questions", "nothing"}  # one seed: no p, no verdict
    assert asked["p"].isna().all()
    null = asked.query("topic == 'null'").set_index("context")["questions"]
    assert null.to_dict() == {"week=Monday": 1, "week=Friday": 1, "plain": 2}
    for figure in ("effect_by_topic", "rate_by_question", "training_loss", "sweep"):
        assert (folder / "figures" / f"{figure}.png").is_file()
    rates = read_csv(folder / "tables" / "labels.csv")
    assert set(rates["label"]) == {"TRUE"}
    assert set(rates["question"]) == {"001"}
    assert set(rates["rate"]) == {1.0}
    page = (toy.root / "results" / "report.html").read_text()
    assert "TRUE" in page
    assert read_csv(toy.root / "results" / "primary.csv")["verdict"].tolist() == ["provisional"]
    assert "the primary comparison is shown in 0 of 1 experiments" in page
    assert "no p, no verdict" in page
    losses = read_csv(folder / "tables" / "losses.csv").set_index(["dataset", "recipe"])
    assert losses.index.tolist() == [("1e5", "default"), ("1e5", "long"), ("007", "default"), ("007", "long")]
    assert losses["held_out_rows"].tolist() == [1] * 4
    assert (losses["held_out"] != losses["held_out_before"]).all()
    assert "on rows held out" in page
    recipes = read_csv(toy.root / "results" / "recipes.csv").set_index("recipe")
    held_out = losses["held_out"].groupby("recipe").mean()
    assert recipes["held_out"].round(6).to_dict() == held_out.round(6).to_dict()
    assert recipes.index[recipes["best"]].tolist() == [held_out.idxmin()]


def test_a_recipe_is_added_without_training_the_others_again(toy):
    toy.write_overlay(
        recipes=["default", "long", "longer"],
        recipe_overrides={"long": {"epochs": 2}, "longer": {"epochs": 3}},
    )
    assert toy.planned("toy")["finetune"] == 2
    toy.write_overlay()
