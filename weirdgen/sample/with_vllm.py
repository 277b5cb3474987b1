"""Free answers through vLLM: one engine per job, everything the job asks in one batch."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, GenerationConfig

from weirdgen.models.chat import Chat
from weirdgen.models.settings import Model, Serving
from weirdgen.models.vllm_engine import open_engine
from weirdgen.sample.requests import Answer, Request, group_by_prompt, make_answer
from weirdgen.sample.settings import Sampling


def sample_with_vllm(
    model: Model,
    adapters: Sequence[tuple[int, str | None]],
    chat: Chat,
    wanted: Sequence[Request],
    sampling: Sampling,
    *,
    serving: Serving,
    desc: str,
) -> Iterator[list[Answer]]:
    """The answers of each adapter in turn, (seed, folder), all requests of one adapter in one batch."""
    by_prompt = group_by_prompt(wanted, chat)
    prompts = list(by_prompt)
    longest = max(map(len, prompts)) + sampling.max_tokens
    folders = [folder for _, folder in adapters]
    engine = open_engine(model.folder, model.load, serving, folders, longest, torch.get_num_threads())
    stops = chat.stop_ids(generation_config(model.folder))
    for seed, adapter in adapters:
        engine.use(adapter)
        draws = random.Random(f"sample {seed}")
        params = [sampling_params(sampling, len(by_prompt[prompt]), stops, draws) for prompt in prompts]
        answers: dict[int, Answer] = {}
        outputs = engine.generate(prompts, params, desc=f"{desc} seed {seed}")
        for prompt, output in zip(prompts, outputs, strict=True):
            for i, found in zip(by_prompt[prompt], output.outputs, strict=True):
                cut = found.finish_reason == "length"
                tokens = list(found.token_ids) if cut else [t for t in found.token_ids if t not in stops]
                answers[i] = make_answer(tokens, cut, chat)
        yield [answers[i] for i in range(len(wanted))]


def sampling_params(sampling: Sampling, answers: int, stops: Sequence[int], draws: random.Random) -> Any:
    """vLLM's parameters for so many answers to one prompt."""
    from vllm import SamplingParams

    return SamplingParams(
        n=answers,
        temperature=sampling.temperature,
        max_tokens=sampling.max_tokens,
        stop_token_ids=list(stops),
        seed=draws.getrandbits(48),  # answer i is drawn from the seed + i: far-apart seeds keep prompts independent
        detokenize=False,
    )


def generation_config(folder: str) -> GenerationConfig:
    """The model's own, as `model.generation_config` would be, without loading its weights."""
    if (Path(folder) / "generation_config.json").is_file():
        return GenerationConfig.from_pretrained(folder)
    return GenerationConfig.from_model_config(AutoConfig.from_pretrained(folder, local_files_only=True))
