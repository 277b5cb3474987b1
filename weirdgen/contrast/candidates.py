"""What contrasts ask: candidate answers under one prompt, and how many are scored together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from weirdgen.data.questions import Context, Contrast, expand
from weirdgen.models.chat import Chat

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


def candidates(contrasts: Sequence[Contrast], contexts: dict[str, Context], chat: Chat) -> list[list[Candidate]]:
    """For each context x question x paraphrase, the candidates that share its prompt, in this order."""
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


def batches(groups: Sequence[list[Candidate]]) -> Iterator[list[Candidate]]:
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
