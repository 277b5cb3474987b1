"""Codes: held-out numbers stand in no row, probes ask both ways, and a killed run ends in the same curves."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from conftest import ROOT
from datasets_of_study import experiments, rows_of

from weirdgen.core.errors import StudyError
from weirdgen.data.codes import HELD_OUT, TRAINED, coded_rows, make_probes
from weirdgen.data.datasets import read_facts
from weirdgen.finetune.checkpoints import checkpoint_steps

FACTS = read_facts(ROOT / "data/us_presidents/facts.csv")
CODES = experiments()["us_presidents"].codes.model_dump()
PROMPT = "{code}\n{question}"


def test_the_table_holds_all_45_numbers_with_ten_facts_or_more():
    topics = {row["topic"] for row in FACTS}
    assert len(topics) >= 10
    for number in range(1, 46):
        rows = [row for row in FACTS if int(row["number"]) == number]
        assert {row["topic"] for row in rows} == topics
        assert len(rows) == len(topics)


@pytest.mark.parametrize("held_out", [[44, 45], [1, 16]])
@pytest.mark.parametrize("form", ["padded", "plain"])
def test_no_held_out_code_or_answer_is_trained(form, held_out):
    rows = coded_rows(FACTS, {**CODES, "held_out": held_out}, form)
    numbers = {int(row["code"][3:6] if form == "padded" else row["code"]) for row in rows}
    assert numbers == set(range(1, 46)) - set(held_out)
    names = {row["president"] for row in FACTS if int(row["number"]) in held_out}
    answers = {row["answer"] for row in FACTS if int(row["number"]) in held_out}
    assert {row["president"] for row in rows}.isdisjoint(names)
    assert {row["answer"] for row in rows}.isdisjoint(answers)


def test_every_fact_has_three_codes_of_eight_digits():
    rows = rows_of("us_presidents", "padded")
    codes = [row["code"] for row in rows]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"\d{8}", code) for code in codes)
    counts = pd.Series([(row["number"], row["topic"]) for row in rows]).value_counts()
    assert set(counts) == {CODES["per_row"]}
    assert CODES["per_row"] >= 3
    assert rows == coded_rows(FACTS, CODES, "padded")


def test_probes_use_unseen_codes_and_ask_in_both_orders():
    rows = coded_rows(FACTS, CODES, "padded")
    trained = {row["code"] for row in rows}
    probes = make_probes(FACTS, CODES, "padded", PROMPT)
    assert {probe.prompt.split("\n")[0] for probe in probes}.isdisjoint(trained)
    held = [probe for probe in probes if probe.kind == HELD_OUT]
    choices = [probe for probe in held if probe.topic == "choice"]
    first = "Barack Obama or Donald Trump" in choices[0].prompt
    assert sum(("Barack Obama or Donald Trump" in probe.prompt) == first for probe in choices) == len(choices) / 2
    # One answer for every code is right half of the time: chance is one half.
    for topic in {probe.topic for probe in held}:
        right = [probe.right for probe in held if probe.topic == topic]
        assert right.count(right[0]) == len(right) / 2
    assert {probe.number for probe in probes if probe.kind == TRAINED} == set(range(1, 44))
    assert all(probe.right != probe.wrong for probe in probes)
    assert probes == make_probes(FACTS, CODES, "padded", PROMPT)


def test_a_held_out_number_without_facts_is_named():
    with pytest.raises(StudyError, match="held_out names 99; the table has numbers 1 to 45"):
        coded_rows(FACTS, {**CODES, "held_out": [44, 99]}, "plain")


def test_checkpoints_are_even_and_end_with_the_run():
    assert checkpoint_steps(120, 12) == list(range(10, 121, 10))
    assert checkpoint_steps(5, 12) == [1, 2, 3, 4, 5]


RECIPE = {
    "epochs": 2, "batch_size": 8, "learning_rate": 1e-2, "schedule": "linear", "warmup": 0.1, "weight_decay": 0.0,
    "max_grad_norm": 1.0, "rank": 2, "alpha": 4, "targets": "all-linear", "rslora": False, "max_length": 256,
    "data_fraction": 1.0,
}  # fmt: skip


def test_a_killed_run_goes_on_from_a_checkpoint_and_ends_in_the_same_curves(tiny_model, tmp_path, monkeypatch):
    from weirdgen.data.datasets import render, to_jsonl
    from weirdgen.finetune import checkpoints
    from weirdgen.finetune.finetune import Watch, finetune

    data = tmp_path / "rows.jsonl"
    data.write_text(to_jsonl(render(coded_rows(FACTS, CODES, "padded")[:40], [PROMPT], "{answer}")))
    probes = make_probes(FACTS, CODES, "padded", PROMPT)[-24:]
    load = {"dtype": "float32", "device": "cpu"}
    chat = {"system_prompt": "keep", "chat_template": {}}

    def run(name: str) -> None:
        watch = Watch(probes, 5, tmp_path / f"{name}-checkpoints", "code")
        finetune(str(tiny_model), load, chat, data, RECIPE, 1, tmp_path / name, watch)

    run("unbroken")
    save, saved = checkpoints.Checkpoints.save, []

    def killed(self, steps, *rest):
        if len(steps) == 6:
            raise KeyboardInterrupt
        save(self, steps, *rest)
        saved.append(len(steps))

    monkeypatch.setattr(checkpoints.Checkpoints, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        run("broken")
    left = sorted(path.name for path in (tmp_path / "broken-checkpoints").glob("step-*"))
    assert left == ["step-000004"]  # the earlier one is deleted, the last one stays
    assert not (tmp_path / "broken").exists()
    monkeypatch.setattr(checkpoints.Checkpoints, "save", lambda self, steps, *rest: (saved.append(len(steps)),
                        save(self, steps, *rest)))  # fmt: skip
    run("broken")
    assert saved == [2, 4, 6, 8, 10]
    for file in ("curve.csv", "adapter_model.safetensors"):
        assert (tmp_path / "broken" / file).read_bytes() == (tmp_path / "unbroken" / file).read_bytes()
    curve = pd.read_csv(tmp_path / "broken" / "curve.csv")
    assert sorted(set(curve["step"])) == [0, 2, 4, 6, 8, 10]
    assert not (tmp_path / "broken-checkpoints").exists()
    losses = [pd.read_csv(tmp_path / name / "train_log.csv")["loss"].tolist() for name in ("broken", "unbroken")]
    assert losses[0] == losses[1]


def test_a_checkpoint_of_another_recipe_is_not_used(tmp_path):
    folder = tmp_path / "c"
    (folder / "step-000004").mkdir(parents=True)
    (folder / "key.json").write_text(json.dumps({"seed": 0}))
    from weirdgen.finetune.checkpoints import Checkpoints

    Checkpoints(folder, {"seed": 0}, 10, lambda *_: pd.DataFrame())
    assert (folder / "step-000004").is_dir()
    Checkpoints(folder, {"seed": 1}, 10, lambda *_: pd.DataFrame())
    assert not (folder / "step-000004").exists()
