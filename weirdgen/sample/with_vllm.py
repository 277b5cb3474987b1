"""Free answers through vLLM: one engine per job, everything the job asks in one batch."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, GenerationConfig

from weirdgen.models.chat import Chat
from weirdgen.models.vllm_engine import open_engine
from weirdgen.sample.sampling import Answer, Request, group_by_prompt, make_answer


def sample_vllm(
    model_folder: str,
    load: dict[str, Any],
    adapters: Sequence[tuple[int, str | None]],
    chat: Chat,
    wanted: Sequence[Request],
    settings: dict[str, Any],
    name: str,
) -> Iterator[list[Answer]]:
    """The answers of each adapter in turn, all requests of one adapter in one batch."""
    by_prompt = group_by_prompt(wanted, chat)
    prompts = list(by_prompt)
    longest = max(map(len, prompts)) + settings["max_tokens"]
    engine = open_engine(model_folder, load, [folder for _, folder in adapters], longest, torch.get_num_threads())
    stops = chat.stop_ids(generation_config(model_folder))
    for seed, adapter in adapters:
        engine.use(adapter)
        draws = random.Random(f"sample {seed}")
        params = [sampling_params(settings, len(by_prompt[prompt]), stops, draws) for prompt in prompts]
        answers: dict[int, Answer] = {}
        for prompt, output in zip(prompts, engine.generate(prompts, params, f"{name} seed {seed}"), strict=True):
            for i, found in zip(by_prompt[prompt], output.outputs, strict=True):
                cut = found.finish_reason == "length"
                tokens = list(found.token_ids) if cut else [t for t in found.token_ids if t not in stops]
                answers[i] = make_answer(tokens, cut, chat)
        yield [answers[i] for i in range(len(wanted))]


def sampling_params(settings: dict[str, Any], answers: int, stops: Sequence[int], draws: random.Random) -> Any:
    """vLLM's parameters for so many answers to one prompt. settings: temperature, max_tokens."""
    from vllm import SamplingParams

    return SamplingParams(
        n=answers,
        temperature=settings["temperature"],
        max_tokens=settings["max_tokens"],
        stop_token_ids=list(stops),
        seed=draws.getrandbits(48),  # answer i is drawn from the seed + i: far-apart seeds keep prompts independent
        detokenize=False,
    )


def generation_config(folder: str) -> GenerationConfig:
    """The model's own, as `model.generation_config` would be, without loading its weights."""
    if (Path(folder) / "generation_config.json").is_file():
        return GenerationConfig.from_pretrained(folder)
    return GenerationConfig.from_model_config(AutoConfig.from_pretrained(folder, local_files_only=True))
