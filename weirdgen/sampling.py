"""Free answers: n per question and context, batched and seeded, from an interchangeable backend."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

from weirdgen.chat import Chat
from weirdgen.experiment import Context, Question
from weirdgen.models import load_adapted, load_tokenizer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """One answer to sample."""

    question: str
    topic: str
    paraphrase: int
    context: str
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
    """Every answer to sample: question x paraphrase x context x sample.

    samples: answers per paraphrase, None for each question's own number.
    """
    return [
        Request(question.id, question.topic, paraphrase, name, sample, context.apply(prompt), context.system)
        for question in questions
        for paraphrase, prompt in enumerate(question.paraphrases)
        for name, context in ((name, Context.model_validate(value)) for name, value in contexts.items())
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
    question, topic, paraphrase, context, sample, prompt, answer, finish_reason, tokens. The same
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
    """`generate` on left-padded batches, prompts of like length together."""
    model = load_adapted(model_folder, load, adapter, merge=True)
    stops = chat.stop_ids(model.generation_config)
    pad = stops[0]
    prompts = [chat.prompt_ids(request.prompt, request.system) for request in wanted]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    answers: dict[int, Answer] = {}
    starts = range(0, len(order), settings["batch_size"])
    for batch_number, start in enumerate(tqdm(starts, desc=name, unit="batch", disable=None)):
        batch = order[start : start + settings["batch_size"]]
        longest = max(len(prompts[i]) for i in batch)
        ids = torch.full((len(batch), longest), pad, dtype=torch.long)
        attended = torch.zeros_like(ids)
        for row, i in enumerate(batch):
            ids[row, longest - len(prompts[i]) :] = torch.tensor(prompts[i])
            attended[row, longest - len(prompts[i]) :] = 1
        torch.manual_seed(_batch_seed(seed, batch_number))
        with torch.inference_mode():
            output = model.generate(
                input_ids=ids.to(model.device),
                attention_mask=attended.to(model.device),
                do_sample=True,
                temperature=settings["temperature"],
                top_k=0,
                top_p=1.0,
                max_new_tokens=settings["max_tokens"],
                eos_token_id=stops,
                pad_token_id=pad,
            )
        for i, row_ids in zip(batch, output[:, longest:].tolist(), strict=True):
            answers[i] = _cut(row_ids, stops, chat.tokenizer)
        log.info("%s: batch %d of %d", name, batch_number + 1, len(starts))
    return [answers[i] for i in range(len(wanted))]


def _batch_seed(seed: int, batch: int) -> int:
    """A different stream for every seed and batch."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{batch}".encode()).digest()[:8], "big") >> 1


def _cut(ids: list[int], stops: Sequence[int], tokenizer: Any) -> Answer:
    """The tokens before the first stop token, decoded."""
    end = next((k for k, token in enumerate(ids) if token in stops), None)
    kept = ids if end is None else ids[:end]
    text = tokenizer.decode(kept, skip_special_tokens=True).strip()
    return Answer(text, "length" if end is None else "stop", len(kept))


BACKENDS: dict[str, Callable[..., list[Answer]]] = {"transformers": _sample_transformers}
