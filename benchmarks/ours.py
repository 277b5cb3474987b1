"""What is measured, taken from the study's own files, and this project's way of doing it."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from measure import MODEL, ROOT, Result, timed

from weirdgen.contrast.candidates import Candidate, candidates
from weirdgen.contrast.score import score_candidates
from weirdgen.core.files import read_yaml
from weirdgen.data.datasets import from_facts
from weirdgen.data.questions import expand, load_contrasts, load_questions
from weirdgen.data.settings import Rendering
from weirdgen.finetune.encode import Row, batches, encode
from weirdgen.finetune.settings import Recipe
from weirdgen.finetune.train import add_lora, be_deterministic, train
from weirdgen.models.chat import Chat
from weirdgen.models.load import load_model, load_tokenizer
from weirdgen.models.packing import choose_log_probs
from weirdgen.models.settings import Load
from weirdgen.sample.settings import Sampling
from weirdgen.sample.with_transformers import decode
from weirdgen.study.load import Study, load_study
from weirdgen.study.params import params

LOAD = Load()
SAMPLING = Sampling(backend="transformers", batch_size="auto", max_tokens=64, temperature=1.0)
QUESTIONS, ANSWERS = 10, 50
STEPS = 12

if not MODEL.is_dir():
    raise SystemExit(f"Error: no model at {MODEL}; `make bench` fetches it")


@cache
def study() -> Study:
    """The study of all experiments at laptop scale."""
    overlay = {**read_yaml(ROOT / "config.yaml"), **read_yaml(ROOT / "studies" / "laptop_all.yaml")}
    return load_study(overlay, ROOT)


@cache
def chat() -> Chat:
    """The model's chat format."""
    return Chat(load_tokenizer(MODEL), study().config.models[MODEL.name].chat)


def training(experiment: str) -> tuple[list[list[Row]], Recipe]:
    """The first STEPS batches of the first treated dataset, as seed 0 trains it, and the recipe, for one epoch."""
    own = study()
    name, dataset = next((n, d) for n, d in own.experiments[experiment].datasets.items() if d.role == "treated")
    spec = Rendering.model_validate(params(own)["experiments"][experiment]["datasets"][name])
    table = ROOT / own.folders[experiment] / str(dataset.facts)
    chats = from_facts(table, spec, own.experiments[experiment].codes)
    recipe = own.recipes[MODEL.name][experiment]["default"].model_copy(update={"epochs": 1})
    return batches(encode(chats, chat(), recipe.max_length, name), recipe, 0)[:STEPS], recipe


def tokens_of(plan: list[list[Row]]) -> int:
    """Prompt and answer tokens of a plan, padding and sharing aside: what TRL counts as tokens too."""
    return sum(len(row.ids) for batch in plan for row in batch)


def finetune(plan: list[list[Row]], recipe: Recipe) -> Result:
    """Train on a plan; values: each step's loss."""
    be_deterministic(0)
    model = add_lora(load_model(MODEL, LOAD), recipe)
    log_probs = choose_log_probs(model, [row.ids for row in plan[0][:4]], [row.start for row in plan[0][:4]])
    model.train()
    steps: list[Any] = []
    seconds = timed(lambda: steps.extend(train(model, plan, recipe, log_probs, desc="benchmark")))
    return Result(seconds, tokens_of(plan), [step.loss for step in steps])


def contrast_groups(experiment: str) -> list[list[Candidate]]:
    """Every contrast request of an experiment."""
    own = study()
    path = ROOT / f"{own.folders[experiment]}/{own.experiments[experiment].contrasts.file}"
    return candidates(load_contrasts(path), own.experiments[experiment].contexts_of("contrasts"), chat())


def contrasts(model: Any, groups: list[list[Candidate]]) -> Result:
    """Score every request; values: each answer's log-probability."""
    tables: list[Any] = []
    seconds = timed(lambda: tables.append(score_candidates(model, groups, desc="benchmark")))
    return Result(seconds, sum(map(len, groups)), tables[0]["log_prob"].tolist())


def prompts(experiment: str) -> list[str]:
    """The first paraphrase of the first QUESTIONS questions."""
    own = study()
    questions = load_questions(ROOT / f"{own.folders[experiment]}/{own.experiments[experiment].free_answers.file}")
    variant = expand(own.experiments[experiment].contexts_of("free_answers"))[0]
    return [variant.apply(question.paraphrases[0]) for question in questions[:QUESTIONS]]


def sampling(model: Any, asked: list[str], chat: Chat, seed: int) -> Result:
    """Sample ANSWERS answers to each prompt; amount: their tokens, the one that ends the turn aside."""
    by_prompt = {tuple(chat.prompt_ids(p)): list(range(i * ANSWERS, (i + 1) * ANSWERS)) for i, p in enumerate(asked)}
    generator = torch.Generator(model.device).manual_seed(seed)
    stops = chat.stop_ids(model.generation_config)
    batches_of_answers: list[Any] = []
    seconds = timed(lambda: batches_of_answers.extend(decode(model, by_prompt, SAMPLING, stops, generator)))
    return Result(seconds, sum(len(tokens) for _, answers in batches_of_answers for tokens in answers))
