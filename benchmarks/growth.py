"""How each stage's seconds grow with its work: a stage that grows faster than its work is a defect.

.venv/bin/python benchmarks/growth.py
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import ours
import pandas as pd
import torch
from measure import RUNS, save, timed
from transformers import AutoModelForCausalLM, LlamaConfig

from weirdgen.analyse.stats import Group, estimate
from weirdgen.contrast.candidates import Candidate
from weirdgen.contrast.score import score_candidates
from weirdgen.core.names import NO_CONTEXT
from weirdgen.finetune.encode import Row
from weirdgen.finetune.settings import Recipe
from weirdgen.finetune.train import add_lora, be_deterministic, train
from weirdgen.judge.rules import judge_samples, load_rules_judge
from weirdgen.models.frozen import lay_out_frozen_weights
from weirdgen.models.load import choose_device, choose_dtype
from weirdgen.models.packing import packed_log_probs
from weirdgen.sample.with_transformers import decode

VOCABULARY = 2048
LADDER = {1: (128, 4), 4: (256, 4), 16: (512, 5), 64: (1024, 5)}
"""Millions of parameters -> hidden size and layers of a Llama of that size."""


@dataclass(frozen=True)
class Point:
    """Seconds of a stage, once, at one size of one axis of its work."""

    stage: str
    axis: str
    size: float
    run: int
    seconds: float


def measure(stage: str, axis: str, works: dict[float, Callable[[], object]]) -> list[Point]:
    """Every size in turn, RUNS times, after a round that does not count."""
    for work in works.values():
        work()
    points = []
    for run in range(RUNS):
        points += [Point(stage, axis, size, run, timed(work)) for size, work in works.items()]
    largest = max(works)
    print(f"{stage} by {axis}: {min(p.seconds for p in points if p.size == largest):.2f} s at {largest:g}", flush=True)
    return points


def llama(millions: int) -> Any:
    """A Llama with random weights; its vocabulary is small, so that layers are most of it."""
    hidden, layers = LADDER[millions]
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=hidden,
        intermediate_size=8 * hidden // 3 // 32 * 32,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        num_key_value_heads=max(1, hidden // 128),
        tie_word_embeddings=True,
    )
    device = choose_device("auto")
    model = AutoModelForCausalLM.from_config(config, dtype=choose_dtype("auto", device)).to(device).eval()
    return model.requires_grad_(False)


def work_of(model: Any) -> float:
    """Multiplications per token: the parameters, each of which is used once per token."""
    return float(sum(weight.numel() for weight in model.parameters()))


def rows_of_tokens(count: int, prompt: int, answer: int, seed: int = 0) -> list[Row]:
    """Training rows of random tokens that share their prompt."""
    generator = random.Random(seed)

    def tokens(length: int) -> list[int]:
        return [generator.randrange(3, VOCABULARY) for _ in range(length)]

    shared = tokens(prompt)
    return [Row(shared + tokens(answer), prompt) for _ in range(count)]


def groups_of_tokens(questions: int, answers: int) -> list[list[Candidate]]:
    """Contrast questions of random tokens: 40 of prompt, 5 of answer."""
    return [
        [
            Candidate(str(q), "topic", 0, NO_CONTEXT, 0, "typical" if i % 2 else "ordinary", str(i), row.ids, row.start)
            for i, row in enumerate(rows_of_tokens(answers, 40, 5, seed=q))
        ]
        for q in range(questions)
    ]


def prompts_of_tokens(questions: int, answers: int) -> dict[tuple[int, ...], list[int]]:
    """Prompts of random tokens, and the requests that ask each."""
    prompts = [tuple(row.ids) for q in range(questions) for row in rows_of_tokens(1, 35, 5, seed=q)]
    return {prompt: list(range(i * answers, (i + 1) * answers)) for i, prompt in enumerate(prompts)}


def by_model_size() -> list[Point]:
    """Finetuning, contrasts and sampling over Llamas of 1 to 64 million parameters."""
    recipe = ours.training("old_bird_names")[1]
    models = {work_of(model): lay_out_frozen_weights(model) for model in map(llama, LADDER)}
    adapted = {size: add_lora(llama(m), recipe).train() for size, m in zip(models, LADDER, strict=True)}
    batch = rows_of_tokens(recipe.batch_size, 32, 10)
    return [
        *measure("finetune", "parameters", {s: _training(model, [batch] * 6, recipe) for s, model in adapted.items()}),
        *measure(
            "contrasts", "parameters", {s: _scoring(model, groups_of_tokens(30, 8)) for s, model in models.items()}
        ),
        *measure(
            "sampling", "parameters", {s: _sampling(model, prompts_of_tokens(8, 8)) for s, model in models.items()}
        ),
    ]


def by_amount() -> list[Point]:
    """Finetuning by rows, contrasts and sampling by questions and by answers, on the Llama of 16 million parameters."""
    recipe = ours.training("old_bird_names")[1]
    model, adapted = lay_out_frozen_weights(llama(16)), add_lora(llama(16), recipe).train()
    rows = rows_of_tokens(32 * recipe.batch_size, 32, 10)
    plan = [rows[i : i + recipe.batch_size] for i in range(0, len(rows), recipe.batch_size)]
    size = recipe.batch_size
    sizes, answers = (8, 16, 32, 64), (16, 32, 64, 128, 256)
    return [
        *measure("finetune", "rows", {n * size: _training(adapted, plan[:n], recipe) for n in (4, 8, 16, 32)}),
        *measure("contrasts", "questions", {n: _scoring(model, groups_of_tokens(n, 8)) for n in sizes}),
        *measure("contrasts", "answers per question", {n: _scoring(model, groups_of_tokens(4, n)) for n in answers}),
        *measure("sampling", "questions", {n: _sampling(model, prompts_of_tokens(n, 16)) for n in sizes}),
        *measure("sampling", "answers per question", {n: _sampling(model, prompts_of_tokens(4, n)) for n in answers}),
    ]


def _training(model: Any, plan: list[list[Row]], recipe: Recipe) -> Callable[[], object]:
    return lambda: train(model, plan, recipe, packed_log_probs, desc="benchmark")


def _scoring(model: Any, groups: list[list[Candidate]]) -> Callable[[], object]:
    return lambda: score_candidates(model, groups, desc="benchmark")


def _sampling(model: Any, by_prompt: dict[tuple[int, ...], list[int]]) -> Callable[[], object]:
    settings = ours.SAMPLING.model_copy(update={"max_tokens": 16})
    generator = torch.Generator(model.device).manual_seed(0)
    return lambda: list(decode(model, by_prompt, settings, [2], generator))


def without_model() -> list[Point]:
    """Judging by rules by answers, effects by questions and by seeds."""
    judges = [(load_rules_judge(ours.ROOT / "data" / "judges" / "era.yaml"), ["any"])]
    words = Path(__file__).read_text(encoding="utf-8").split()
    generator = random.Random(0)

    def samples(count: int) -> pd.DataFrame:
        answers = [" ".join(generator.choices(words, k=30)) for _ in range(count)]
        return pd.DataFrame({"question": "any", "topic": "t", "paraphrase": 0, "context": NO_CONTEXT, "variant": 0,
                             "sample": range(count), "prompt": "p", "answer": answers})  # fmt: skip

    def values(seeds: int, questions: int) -> Any:
        return np.random.default_rng(0).normal(size=(seeds, questions))

    def effects(seeds: int, questions: int) -> Callable[[], object]:
        treated, control = values(seeds, questions), values(seeds, questions) + 0.5
        return lambda: estimate([Group(treated), Group(control, -1.0)]).p

    def judging(count: int) -> Callable[[], object]:
        table = samples(count)
        return lambda: judge_samples(table, judges)

    return [
        *measure("judging by rules", "answers", {n: judging(n) for n in (500, 1000, 2000, 4000)}),
        *measure("effects", "questions", {n: effects(3, n) for n in (4000, 8000, 16000, 32000)}),
        *measure("effects", "seeds", {n: effects(n, 4000) for n in (3, 6, 12, 24)}),
    ]


if __name__ == "__main__":
    be_deterministic(0)
    save("growth", [*by_model_size(), *by_amount(), *without_model()])
