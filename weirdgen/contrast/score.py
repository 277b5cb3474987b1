"""Contrasts: exact log-odds of answers typical of the hidden persona against ordinary ones, no sampling, no judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

from weirdgen.data.questions import Contrast, expand
from weirdgen.models.chat import Chat
from weirdgen.models.frozen import lay_out_frozen_weights
from weirdgen.models.load import load_adapted, load_tokenizer
from weirdgen.models.packing import choose_log_probs

TOKENS_PER_BATCH = 512  # measured best on a CPU of two cores; attention over a pack is quadratic in it


@dataclass(frozen=True)
class Candidate:
    """One answer to score under one prompt."""

    question: str
    topic: str
    paraphrase: int
    context: str
    variant: int
    side: str
    answer: str
    ids: list[int]
    start: int


def candidates(contrasts: Sequence[Contrast], contexts: dict[str, Any], chat: Chat) -> list[list[Candidate]]:
    """For each question x paraphrase x context, the candidates that share its prompt."""
    groups = []
    for variant in expand(contexts):
        for contrast in contrasts:
            if contrast.contexts is not None and variant.name not in contrast.contexts:
                continue
            for paraphrase, text in enumerate(contrast.paraphrases):
                prompt = chat.prompt_ids(variant.apply(text), variant.system)
                prompt += chat.answer_ids(variant.opening, end=False) if variant.opening else []
                groups.append(
                    [
                        Candidate(
                            contrast.id,
                            contrast.topic,
                            paraphrase,
                            variant.context,
                            variant.variant,
                            side,
                            answer,
                            prompt + chat.answer_ids(answer, end=False),
                            len(prompt),
                        )
                        for side, answers in (("typical", contrast.typical), ("ordinary", contrast.ordinary))
                        for answer in answers
                    ]
                )
    return groups


def _batched(groups: Sequence[list[Candidate]]) -> Iterator[list[Candidate]]:
    """Groups together while their tokens, each prompt counted once, stay under TOKENS_PER_BATCH."""
    batch: list[Candidate] = []
    size = 0
    for group in (part for whole in groups for part in _parts(whole)):
        tokens = group[0].start + sum(len(candidate.ids) - candidate.start for candidate in group)
        if batch and size + tokens > TOKENS_PER_BATCH:
            yield batch
            batch, size = [], 0
        batch = batch + group
        size += tokens
    if batch:
        yield batch


def _parts(group: list[Candidate]) -> Iterator[list[Candidate]]:
    """A group whole, or in parts of TOKENS_PER_BATCH answer tokens: a pack's cost grows with its square."""
    part: list[Candidate] = []
    size = 0
    for candidate in group:
        tokens = len(candidate.ids) - candidate.start
        if part and size + tokens > TOKENS_PER_BATCH:
            yield part
            part, size = [], 0
        part.append(candidate)
        size += tokens
    yield part


def score(
    model_folder: str,
    load: dict[str, str],
    chat_options: dict[str, Any],
    adapter: str | None,
    contrasts: Sequence[Contrast],
    contexts: dict[str, Any],
    name: str,
) -> pd.DataFrame:
    """Teacher-forced log-probability of every answer under one adapter (None: the base model).

    One row per answer: question, topic, paraphrase, context, variant, side (typical or ordinary),
    answer, log_prob (nats, summed over the answer's tokens, without the end of the turn), tokens.
    """
    chat = Chat(load_tokenizer(model_folder), chat_options)
    model = lay_out_frozen_weights(load_adapted(model_folder, load, adapter, merge=False))
    return score_candidates(model, candidates(contrasts, contexts, chat), name)


def score_candidates(model: Any, groups: Sequence[list[Candidate]], name: str) -> pd.DataFrame:
    """The rows of `score`, in the order of the groups."""
    probe = groups[0][:4]
    log_probs = choose_log_probs(model, [c.ids for c in probe], [c.start for c in probe])
    rows = []
    with torch.inference_mode():
        for batch in tqdm(list(_batched(groups)), desc=name, unit="batch", disable=None):
            found = log_probs(model, [c.ids for c in batch], [c.start for c in batch])
            rows += [
                {
                    "question": candidate.question,
                    "topic": candidate.topic,
                    "paraphrase": candidate.paraphrase,
                    "context": candidate.context,
                    "variant": candidate.variant,
                    "side": candidate.side,
                    "answer": candidate.answer,
                    "log_prob": float(tokens.sum()),
                    "tokens": len(tokens),
                }
                for candidate, tokens in zip(batch, found, strict=True)
            ]
    return pd.DataFrame(rows)
