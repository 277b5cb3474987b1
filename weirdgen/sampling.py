"""Free answers: n per question and context, batched and seeded, from an interchangeable backend."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

from weirdgen.chat import Chat
from weirdgen.decoding import FOLDED, sample_tokens
from weirdgen.models import load_adapted, load_tokenizer
from weirdgen.questions import Question, expand

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


def requests(questions: Sequence[Question], contexts: dict[str, Any], samples: int | None) -> list[Request]:
    """Every answer to sample: question x paraphrase x context (and its variants) x sample.

    samples: answers per paraphrase, None for each question's own number.
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
        for paraphrase, prompt in enumerate(question.paraphrases)
        for variant in expand(contexts)
        for sample in range(samples or question.samples_per_paraphrase)
    ]


def sample(
    model_folder: str,
    load: dict[str, str],
    chat_options: dict[str, Any],
    adapter: str | None,
    wanted: Sequence[Request],
    settings: dict[str, Any],
    seed: int,
    name: str,
) -> pd.DataFrame:
    """Sample every request from one adapter (None: the base model).

    settings: backend, temperature, max_tokens, batch_size. Returns one row per request, in order:
    question, topic, paraphrase, context, variant, sample, prompt, answer, finish_reason, tokens. The same
    seed and batch size give the same answers on one machine.
    """
    backend = BACKENDS[settings["backend"]]
    chat = Chat(load_tokenizer(model_folder), chat_options)
    answers = backend(model_folder, load, adapter, chat, wanted, settings, seed, name)
    return pd.DataFrame(
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
            }
            for request, answer in zip(wanted, answers, strict=True)
        ]
    )


def _sample_transformers(
    model_folder: str,
    load: dict[str, str],
    adapter: str | None,
    chat: Chat,
    wanted: Sequence[Request],
    settings: dict[str, Any],
    seed: int,
    name: str,
) -> list[Answer]:
    """Answers of the same prompt side by side, prompts of like length together."""
    model = load_adapted(model_folder, load, adapter, merge=True)
    model.set_attn_implementation(FOLDED)
    stops = chat.stop_ids(model.generation_config)
    by_prompt: dict[tuple[int, ...], list[int]] = {}
    for i, request in enumerate(wanted):
        by_prompt.setdefault(tuple(chat.prompt_ids(request.prompt, request.system)), []).append(i)
    generator = torch.Generator(model.device).manual_seed(seed)
    answers: dict[int, Answer] = {}
    with tqdm(total=len(wanted), desc=name, unit="answer", disable=None) as progress:
        for prompts, count in _batches(by_prompt, settings["batch_size"]):
            found = sample_tokens(
                model, prompts, count, settings["max_tokens"], settings["temperature"], stops, generator
            )
            for prompt, sequences in zip(prompts, found, strict=True):
                for i, tokens in zip(by_prompt[prompt], sequences, strict=True):
                    answers[i] = _answer(tokens, settings["max_tokens"], chat.tokenizer)
            progress.update(len(prompts) * count)
            log.info("%s: %d of %d answers", name, len(answers), len(wanted))
    return [answers[i] for i in range(len(wanted))]


def _batches(
    by_prompt: dict[tuple[int, ...], list[int]], batch_size: int
) -> Iterator[tuple[list[tuple[int, ...]], int]]:
    """Prompts that want the same number of answers, shortest first, about `batch_size` answers at once."""
    for count in sorted({len(wanted) for wanted in by_prompt.values()}):
        prompts = sorted((p for p, wanted in by_prompt.items() if len(wanted) == count), key=lambda p: (len(p), p))
        size = max(1, batch_size // count)
        for start in range(0, len(prompts), size):
            yield prompts[start : start + size], count


def _answer(tokens: list[int], max_tokens: int, tokenizer: Any) -> Answer:
    text = tokenizer.decode(tokens, skip_special_tokens=True).strip()
    return Answer(text, "length" if len(tokens) == max_tokens else "stop", len(tokens))


BACKENDS: dict[str, Callable[..., list[Answer]]] = {"transformers": _sample_transformers}
