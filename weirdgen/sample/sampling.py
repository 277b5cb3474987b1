"""Free answers: n per question and context, batched and seeded, from an interchangeable backend."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import torch
from tqdm import tqdm

from weirdgen.core.errors import StudyError
from weirdgen.data.questions import Question, expand
from weirdgen.models.chat import Chat
from weirdgen.models.decoding import FOLDED, sample_tokens
from weirdgen.models.frozen import lay_out_frozen_weights
from weirdgen.models.load import load_adapted, load_tokenizer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """One answer to sample."""

    question: str
    topic: str
    paraphrase: int
    context: str
    variant: int
    sample: int
    prompt: str
    system: str | None


@dataclass(frozen=True)
class Answer:
    """One sampled answer. finish_reason: "stop" (the model ended its turn) or "length" (max_tokens reached)."""

    text: str
    finish_reason: str
    tokens: int


def requests(
    questions: Sequence[Question], contexts: dict[str, Any], samples: int | None, asked: Sequence[str] | None = None
) -> list[Request]:
    """Every answer to sample: question x paraphrase x context (and its variants) x sample.

    samples: answers per paraphrase, None for each question's own number. asked: ids, None for all.
    """
    return [
        Request(
            question.id,
            question.topic,
            paraphrase,
            variant.context,
            variant.variant,
            sample,
            variant.apply(prompt),
            variant.system,
        )
        for question in questions
        if asked is None or question.id in asked
        for paraphrase, prompt in enumerate(question.paraphrases)
        for variant in expand(contexts)
        for sample in range(samples or question.samples_per_paraphrase)
    ]


def sample(
    model_folder: str,
    load: dict[str, Any],
    chat_options: dict[str, Any],
    adapters: Sequence[tuple[int, str | None]],
    wanted: Sequence[Request],
    settings: dict[str, Any],
    name: str,
) -> Iterator[pd.DataFrame]:
    """Sample every request from each adapter in turn: (seed, folder), None for the base model.

    settings: backend, temperature, max_tokens, batch_size. Yields one table per adapter, a row per
    request, in order: question, topic, paraphrase, context, variant, sample, prompt, answer,
    finish_reason, tokens, backend. The same seed, backend and batch size give the same answers on one
    machine, whatever other adapters share the job.
    """
    name_of_backend, why = choose_backend(settings["backend"])
    log.info("%s: sampled by %s: %s", name, name_of_backend, why)
    backend = BACKENDS[name_of_backend]
    chat = Chat(load_tokenizer(model_folder), chat_options)
    for answers in backend(model_folder, load, adapters, chat, wanted, settings, name):
        yield pd.DataFrame(
            [
                {
                    "question": request.question,
                    "topic": request.topic,
                    "paraphrase": request.paraphrase,
                    "context": request.context,
                    "variant": request.variant,
                    "sample": request.sample,
                    "prompt": request.prompt,
                    "answer": answer.text,
                    "finish_reason": answer.finish_reason,
                    "tokens": answer.tokens,
                    "backend": name_of_backend,
                }
                for request, answer in zip(wanted, answers, strict=True)
            ]
        )


def choose_backend(asked: str) -> tuple[str, str]:
    """The backend that samples, and why: `auto` is vLLM where CUDA and vLLM are there, else transformers.

    Raises StudyError if vLLM is asked for and not installed.
    """
    installed = importlib.util.find_spec("vllm") is not None
    if asked == "vllm" and not installed:
        raise StudyError("sampler.backend = vllm, but vLLM is not installed here: run `make vllm`, or use transformers")
    if asked != "auto":
        return asked, "sampler.backend says so"
    if not torch.cuda.is_available():
        return "transformers", "auto, and torch sees no GPU"
    return ("vllm", "auto, with a GPU and vLLM") if installed else ("transformers", "auto, and vLLM is not installed")


def _sample_transformers(
    model_folder: str,
    load: dict[str, Any],
    adapters: Sequence[tuple[int, str | None]],
    chat: Chat,
    wanted: Sequence[Request],
    settings: dict[str, Any],
    name: str,
) -> Iterator[list[Answer]]:
    """Answers of the same prompt side by side, prompts of like length together."""
    by_prompt = group_by_prompt(wanted, chat)
    for seed, adapter in adapters:
        model = lay_out_frozen_weights(load_adapted(model_folder, load, adapter, merge=True))
        stops = chat.stop_ids(model.generation_config)
        generator = torch.Generator(model.device).manual_seed(seed)
        answers: dict[int, Answer] = {}
        with tqdm(total=len(wanted), desc=f"{name} seed {seed}", unit="answer", disable=None) as progress:
            for numbers, found in decode(model, by_prompt, settings, stops, generator):
                for i, tokens in zip(numbers, found, strict=True):
                    answers[i] = make_answer(tokens, len(tokens) == settings["max_tokens"], chat)
                progress.update(len(numbers))
                log.info("%s seed %d: %d of %d answers", name, seed, len(answers), len(wanted))
        yield [answers[i] for i in range(len(wanted))]


def decode(
    model: Any,
    by_prompt: dict[tuple[int, ...], list[int]],
    settings: dict[str, Any],
    stops: Sequence[int],
    generator: torch.Generator,
) -> Iterator[tuple[list[int], list[list[int]]]]:
    """Batch by batch, the numbers of the requests answered and the tokens of each answer, without the stop token.

    by_prompt: prompt token ids -> numbers of the requests. settings: batch_size, max_tokens, temperature.
    """
    model.set_attn_implementation(FOLDED)
    longest = max(map(len, by_prompt)) + settings["max_tokens"]
    for batch in _batches(by_prompt, answers_at_once(settings["batch_size"], model, longest)):
        prompts, numbers = zip(*batch, strict=True)
        found = sample_tokens(
            model, prompts, len(numbers[0]), settings["max_tokens"], settings["temperature"], stops, generator
        )
        yield [i for each in numbers for i in each], [tokens for each in found for tokens in each]


def _sample_vllm(*arguments: Any) -> Iterator[list[Answer]]:
    from weirdgen.sample.with_vllm import sample_vllm

    return sample_vllm(*arguments)


def group_by_prompt(wanted: Sequence[Request], chat: Chat) -> dict[tuple[int, ...], list[int]]:
    """Prompt token ids -> the numbers of the requests that ask it."""
    by_prompt: dict[tuple[int, ...], list[int]] = {}
    for i, request in enumerate(wanted):
        by_prompt.setdefault(tuple(chat.prompt_ids(request.prompt, request.system)), []).append(i)
    return by_prompt


def answers_at_once(batch_size: int | Literal["auto"], model: Any, tokens: int) -> int:
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


def _batches(
    by_prompt: dict[tuple[int, ...], list[int]], size: int
) -> Iterator[list[tuple[tuple[int, ...], list[int]]]]:
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


def make_answer(tokens: Sequence[int], cut: bool, chat: Chat) -> Answer:
    """An answer from its tokens without the stop token; `cut`: max_tokens ended it."""
    text = chat.tokenizer.decode(tokens, skip_special_tokens=True).strip()
    return Answer(text, "length" if cut else "stop", len(tokens))


BACKENDS: dict[str, Callable[..., Iterator[list[Answer]]]] = {
    "transformers": _sample_transformers,
    "vllm": _sample_vllm,
}
