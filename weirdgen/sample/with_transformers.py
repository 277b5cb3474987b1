"""Free answers through transformers: answers of the same prompt side by side, prompts of like length together."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from tqdm import tqdm

from weirdgen.models.chat import Chat
from weirdgen.models.decoding import FOLDED, sample_tokens
from weirdgen.models.frozen import lay_out_frozen_weights
from weirdgen.models.load import load_adapted
from weirdgen.models.settings import Model
from weirdgen.sample.requests import Answer, ByPrompt, Request, group_by_prompt, make_answer
from weirdgen.sample.settings import BatchSize, Sampling

log = logging.getLogger(__name__)


def sample_with_transformers(
    model: Model,
    adapters: Sequence[tuple[int, str | None]],
    chat: Chat,
    wanted: Sequence[Request],
    sampling: Sampling,
    *,
    desc: str,
) -> Iterator[list[Answer]]:
    """The answers of each adapter in turn, (seed, folder), in the order of the requests."""
    by_prompt = group_by_prompt(wanted, chat)
    for seed, adapter in adapters:
        loaded = lay_out_frozen_weights(load_adapted(model.folder, model.load, adapter, merge=True))
        stops = chat.stop_ids(loaded.generation_config)
        generator = torch.Generator(loaded.device).manual_seed(seed)
        answers: dict[int, Answer] = {}
        with tqdm(total=len(wanted), desc=f"{desc} seed {seed}", unit="answer", disable=None) as progress:
            for numbers, found in decode(loaded, by_prompt, sampling, stops, generator):
                for i, tokens in zip(numbers, found, strict=True):
                    answers[i] = make_answer(tokens, len(tokens) == sampling.max_tokens, chat)
                progress.update(len(numbers))
                log.info("%s seed %d: %d of %d answers", desc, seed, len(answers), len(wanted))
        yield [answers[i] for i in range(len(wanted))]


def decode(
    model: Any, by_prompt: ByPrompt, sampling: Sampling, stops: Sequence[int], generator: torch.Generator
) -> Iterator[tuple[list[int], list[list[int]]]]:
    """Batch by batch, the numbers of the requests answered and the tokens of each answer, without the stop token."""
    model.set_attn_implementation(FOLDED)
    longest = max(map(len, by_prompt)) + sampling.max_tokens
    for batch in batches(by_prompt, answers_at_once(sampling.batch_size, model, longest)):
        prompts, numbers = zip(*batch, strict=True)
        found = sample_tokens(
            model, prompts, len(numbers[0]), sampling.max_tokens, sampling.temperature, stops, generator
        )
        yield [i for each in numbers for i in each], [tokens for each in found for tokens in each]


def answers_at_once(batch_size: BatchSize, model: Any, tokens: int) -> int:
    """The number of answers to decode together, each of at most so many tokens with its prompt.

    `auto`: 64 on a CPU, where more is no faster (benchmarks/README.md); on a GPU, what half of the memory
    beside the weights holds, at most 512. It goes by the GPU's whole memory, not by what is free at the
    moment, so that one machine always samples the same answers.
    """
    if batch_size != "auto":
        return batch_size
    if model.device.type != "cuda":
        return 64
    config = model.config.get_text_config()
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    cache = 2 * config.num_hidden_layers * config.num_key_value_heads * head * model.dtype.itemsize * tokens
    drawing = 16 * config.vocab_size  # float32 probabilities and their float64 sums
    weights = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    room = torch.cuda.get_device_properties(model.device).total_memory - weights
    return max(1, min(512, int(room / 2 / (cache + drawing))))


def batches(by_prompt: ByPrompt, size: int) -> Iterator[list[tuple[tuple[int, ...], list[int]]]]:
    """Prompts with as many requests each, shortest first, at most `size` requests in all."""
    by_count: dict[int, list[tuple[tuple[int, ...], list[int]]]] = {}
    for prompt, numbers in by_prompt.items():
        for begin in range(0, len(numbers), size):
            part = numbers[begin : begin + size]
            by_count.setdefault(len(part), []).append((prompt, part))
    for count, parts in sorted(by_count.items()):
        parts.sort(key=lambda part: (len(part[0]), part))
        together = size // count
        for start in range(0, len(parts), together):
            yield parts[start : start + together]
