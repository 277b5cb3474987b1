"""Sampling from a tiny model: what comes out is right, whole and repeatable."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from test_requests import QUESTIONS
from trained import adapter, dataset, model

from weirdgen.core.columns import Sample
from weirdgen.core.errors import StudyError
from weirdgen.data.questions import Context
from weirdgen.models.load import load_model
from weirdgen.models.settings import Model, Serving
from weirdgen.sample.requests import Request, requests
from weirdgen.sample.sampling import choose_backend, sample
from weirdgen.sample.settings import Sampling
from weirdgen.sample.with_transformers import answers_at_once, batches

__all__ = ["adapter", "dataset", "model"]  # fixtures

NONE = {"none": Context()}
SAMPLING = Sampling(backend="transformers", temperature=1.0, max_tokens=6, batch_size=3)


def sampled(model: Model, adapters: list[tuple[int, str | None]], wanted: list[Request]) -> list[pd.DataFrame]:
    """The tables of a sampling job, one per adapter."""
    return list(sample(model, Serving(), adapters, wanted, SAMPLING, desc=""))


def test_samples_are_complete_and_repeat_with_their_seed(model, adapter):
    wanted = requests(QUESTIONS, NONE)
    assert len(wanted) == 8
    table, other = sampled(model, [(0, str(adapter)), (1, str(adapter))], wanted)
    assert list(table) == list(Sample.model_fields)
    assert set(table["backend"]) == {"transformers"}
    assert table[["question", "paraphrase", "sample"]].to_numpy().tolist() == [
        ["a", 0, 0], ["a", 0, 1], ["a", 0, 2], ["a", 1, 0], ["a", 1, 1], ["a", 1, 2], ["b", 0, 0], ["b", 0, 1],
    ]  # fmt: skip
    assert set(table["finish_reason"]) <= {"stop", "length"}
    assert table["tokens"].between(0, 6).all()
    assert (table.loc[table["finish_reason"] == "length", "tokens"] == 6).all()
    pd.testing.assert_frame_equal(table, sampled(model, [(0, str(adapter))], wanted)[0])
    assert not table["answer"].equals(other["answer"])


def test_no_batch_holds_more_answers_than_asked_for():
    by_prompt = {(1, 2): list(range(7)), (3,): [7, 8, 9], (4,): [10, 11, 12], (5, 6): [13]}
    found = list(batches(by_prompt, 6))
    assert [[len(numbers) for _, numbers in batch] for batch in found] == [[1, 1], [3, 3], [6]]
    assert sorted(i for batch in found for _, numbers in batch for i in numbers) == list(range(14))
    assert all(set(numbers) <= set(by_prompt[prompt]) for batch in found for prompt, numbers in batch)


def test_answers_at_once_are_as_asked_or_64_on_a_cpu_or_what_a_gpu_holds(model, monkeypatch):
    loaded = load_model(model.folder, model.load)
    assert [answers_at_once(size, loaded, 100) for size in (7, "auto")] == [7, 64]
    gpu = SimpleNamespace(
        device=torch.device("cuda"), dtype=loaded.dtype, config=loaded.config, parameters=loaded.parameters
    )
    weights = sum(weight.numel() * weight.element_size() for weight in loaded.parameters())
    per_answer = 2 * 2 * 2 * 16 * 4 * 100 + 16 * 512  # keys and values, 2 layers, 2 heads of 16, float32; drawing
    for room, expected in ((20.5, 10), (4000, 512), (0, 1)):
        memory = SimpleNamespace(total_memory=weights + room * per_answer)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device, memory=memory: memory)
        assert answers_at_once("auto", gpu, 100) == expected


@pytest.mark.parametrize(
    ("asked", "gpu", "installed", "chosen"),
    [
        ("auto", True, True, "vllm"),
        ("auto", True, False, "transformers"),
        ("auto", False, True, "transformers"),
        ("transformers", True, True, "transformers"),
        ("vllm", False, True, "vllm"),
    ],
)
def test_vllm_samples_where_it_and_a_gpu_are_or_where_it_is_asked_for(monkeypatch, asked, gpu, installed, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if installed else None)
    assert choose_backend(asked) == chosen


def test_vllm_asked_for_and_not_there_is_one_line(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StudyError, match="vLLM is not installed here"):
        choose_backend("vllm")
