"""An adapter of the tiny model, for the tests of every stage that loads one: import the fixtures by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from weirdgen.core.files import write_json_lines
from weirdgen.data.datasets import render
from weirdgen.finetune.settings import Recipe
from weirdgen.finetune.write import finetune
from weirdgen.models.settings import ChatOptions, Load, Model

LOAD = Load(dtype="float32", device="cpu")
CHAT = ChatOptions()
RECIPE = Recipe(
    epochs=2,
    batch_size=4,
    learning_rate=5e-3,
    schedule="linear",
    warmup=0.1,
    weight_decay=0.0,
    max_grad_norm=1.0,
    rank=4,
    alpha=8,
    targets="all-linear",
    rslora=False,
    max_length=128,
)
NAMES = ["Blue Jay", "Wood Thrush", "Snowy Owl", "Barn Owl", "Green Heron", "Fish Crow", "Song Sparrow"]


@pytest.fixture(scope="module")
def model(tiny_model) -> Model:
    """The tiny model as a job uses it."""
    return Model(str(tiny_model), LOAD, CHAT)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    """Seven birds."""
    path = tmp_path_factory.mktemp("data") / "birds.jsonl"
    write_json_lines(path, render([{"name": n} for n in NAMES], ["Give me the name of one bird."], ["{name}"]))
    return path


@pytest.fixture(scope="module")
def adapter(model, dataset, tmp_path_factory) -> Path:
    """The folder of an adapter trained on them with seed 0."""
    folder = tmp_path_factory.mktemp("adapters") / "seed-0"
    finetune(model, dataset, RECIPE, 0, folder)
    return folder
