"""Training on a tiny model: what comes out is right, whole and repeatable."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
from peft import PeftModel
from trained import RECIPE, adapter, dataset, model
from transformers import AutoModelForCausalLM

from weirdgen.core.errors import StudyError
from weirdgen.core.files import sha256
from weirdgen.core.schema import parse
from weirdgen.finetune.encode import Row, batches
from weirdgen.finetune.run import Run, read_run
from weirdgen.finetune.write import finetune

__all__ = ["adapter", "dataset", "model"]  # fixtures


def digest(folder) -> str:
    return sha256(folder / "adapter_model.safetensors")


def test_an_adapter_is_whole_and_loads_with_peft(adapter, model, dataset):
    log = pd.read_csv(adapter / "train_log.csv")
    assert list(log) == ["step", "epoch", "loss", "learning_rate", "tokens", "tokens_per_second"]
    assert log["step"].tolist() == [1, 2, 3, 4]
    assert log["loss"].iloc[-1] < log["loss"].iloc[0]
    run = read_run(adapter / "run.json")
    assert run.recipe == RECIPE
    assert (run.model, run.dataset, run.seed, run.rows, run.packed) == (model.folder, "birds", 0, 7, True)
    assert run.data_sha256 == sha256(dataset)
    assert run.final_loss == log["loss"].iloc[-1]
    assert {"torch", "transformers", "peft", "python"} == set(run.versions)
    assert run.wall_seconds > 0
    assert run.peak_memory_bytes > 1e7
    loaded = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(model.folder), str(adapter))
    assert loaded.peft_config["default"].r == 4


def test_run_json_has_the_keys_of_the_record_in_their_order_and_no_others(adapter, tmp_path):
    record = json.loads((adapter / "run.json").read_text())
    assert list(record) == list(Run.model_fields)
    assert list(record["recipe"]) == list(type(RECIPE).model_fields)
    (tmp_path / "run.json").write_text(json.dumps({**record, "more": 1}))
    with pytest.raises(StudyError, match=r"run\.json: unknown key 'more'"):
        read_run(tmp_path / "run.json")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(adapter, model, dataset, tmp_path):
    finetune(model, dataset, RECIPE, 0, tmp_path / "again")
    finetune(model, dataset, RECIPE, 1, tmp_path / "other")
    assert digest(tmp_path / "again") == digest(adapter)
    config = (adapter / "adapter_config.json").read_bytes()
    assert (tmp_path / "again/adapter_config.json").read_bytes() == config
    assert json.loads(config)["target_modules"] == sorted(json.loads(config)["target_modules"])
    assert digest(tmp_path / "other") != digest(adapter)


def test_a_row_that_does_not_fit_is_an_error_and_leaves_nothing(model, dataset, tmp_path):
    short = RECIPE.model_copy(update={"max_length": 8})
    with pytest.raises(StudyError, match=r"birds\.jsonl:1: \d+ tokens, max_length is 8"):
        finetune(model, dataset, short, 0, tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_unknown_targets_are_one_line(model, dataset, tmp_path):
    unknown = RECIPE.model_copy(update={"targets": ["nothing"]})
    with pytest.raises(StudyError, match=r"targets = \['nothing'\]"):
        finetune(model, dataset, unknown, 0, tmp_path / "none")


NONSENSE = {
    "the tied head": ({"targets": ["lm_head"]}, "lm_head shares its weights"),
    "the tied embeddings": ({"targets": ["embed_tokens"]}, "embed_tokens shares its weights"),
    "the tied head among others": ({"targets": ["q_proj", "lm_head"]}, "lm_head shares its weights"),
    "more directions than a layer has": ({"rank": 512}, r"rank = 512: .* has \d+ directions"),
    "scaled beyond numbers": ({"alpha": 1e38, "learning_rate": 1.0}, r"the (loss|gradient) is (nan|inf) at step \d"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_training_that_is_nonsense_is_one_line_and_leaves_no_adapter(model, dataset, tmp_path, name):
    change, message = NONSENSE[name]
    with pytest.raises(StudyError, match=message) as error:
        finetune(model, dataset, RECIPE.model_copy(update=change), 0, tmp_path / "none")
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("learning_rate", math.inf), ("learning_rate", 1e9), ("alpha", math.inf), ("weight_decay", math.nan), ("rank", 0)],
)
def test_a_recipe_that_no_training_could_follow_is_refused(key, value):
    with pytest.raises(StudyError, match=f"recipe: {key} = "):
        parse(type(RECIPE), {**RECIPE.model_dump(), key: value}, "recipe")


def test_batches_hold_every_row_once_per_epoch_and_follow_the_seed():
    rows = [Row([i], 0) for i in range(10)]
    plan = batches(rows, RECIPE, 3)
    assert [len(batch) for batch in plan] == [4, 4, 2, 4, 4, 2]
    for epoch in (plan[:3], plan[3:]):
        assert sorted(row.ids[0] for batch in epoch for row in batch) == list(range(10))
    assert plan == batches(rows, RECIPE, 3) != batches(rows, RECIPE, 4)
    half = batches(rows, RECIPE.model_copy(update={"data_fraction": 0.5}), 3)
    assert len({row.ids[0] for batch in half for row in batch}) == 5
