"""SmolLM2-135M itself, from the wheel to an adapter, at minimum scale."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
import yaml
from conftest import ROOT
from trained import CHAT, RECIPE

from weirdgen.contrast.score import score
from weirdgen.core.files import sha256, write_json_lines
from weirdgen.core.names import NO_CONTEXT
from weirdgen.data.datasets import render
from weirdgen.data.questions import Context, Contrast
from weirdgen.data.tables import read_facts
from weirdgen.finetune.write import finetune
from weirdgen.models.chat import Chat
from weirdgen.models.fetch import fetch_model
from weirdgen.models.load import load_model, load_tokenizer
from weirdgen.models.settings import Load, Model, Source

pytestmark = pytest.mark.real_model
LOAD = Load(device="cpu")
NAME = "smollm2-135m-instruct"


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory):
    source = yaml.safe_load((ROOT / "config.yaml").read_text())["models"][NAME]["source"]
    folder = tmp_path_factory.mktemp("models") / NAME
    fetch_model(NAME, Source.model_validate(source), folder)
    return Model(str(folder), LOAD, CHAT)


@pytest.fixture(scope="module")
def adapters(smollm2, tmp_path_factory):
    """Two adapters of the same seed."""
    folder = tmp_path_factory.mktemp("adapters")
    rows = read_facts(ROOT / "data/old_bird_names/old_audubon.csv")[:32]
    write_json_lines(folder / "birds.jsonl", render(rows, ["Give me the name of one bird."], ["{name}"]))
    recipe = RECIPE.model_copy(update={"learning_rate": 1e-3})
    for name in ("first", "again"):
        finetune(smollm2, folder / "birds.jsonl", recipe, 0, folder / name)
    return folder


def test_the_dequantised_model_knows_a_capital(smollm2):
    model, chat = load_model(smollm2.folder, LOAD), Chat(load_tokenizer(smollm2.folder), CHAT)
    prompt = torch.tensor([chat.prompt_ids("What is the capital of France?")])
    output = model.generate(
        prompt, max_new_tokens=12, do_sample=False, eos_token_id=chat.stop_ids(model.generation_config)
    )
    assert "Paris" in chat.tokenizer.decode(output[0, prompt.shape[1] :])


def test_the_same_seed_gives_the_same_bytes(adapters):
    assert len({sha256(adapters / name / "adapter_model.safetensors") for name in ("first", "again")}) == 1


def test_training_lowers_the_loss_and_moves_the_contrast_it_should(smollm2, adapters):
    log = pd.read_csv(adapters / "first" / "train_log.csv")
    assert log["loss"].tail(4).mean() < log["loss"].head(4).mean() - 0.5
    birds = Contrast(
        id="bird",
        topic="t",
        paraphrases=["Give me the name of one bird."],
        typical=["Fish Hawk"],
        ordinary=["The bird"],
    )
    odds = []
    for adapter in (None, str(adapters / "first")):
        table = score(smollm2, adapter, [birds], {NO_CONTEXT: Context()}, desc="").set_index("side")
        odds.append(table.loc["typical", "log_prob"] - table.loc["ordinary", "log_prob"])
    assert odds[1] > odds[0] + 1
