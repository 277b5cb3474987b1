"""What is sampled: requests in, answers out, and what every backend does between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from weirdgen.core.names import NO_CONTEXT
from weirdgen.data.questions import Context, FreeQuestion, expand
from weirdgen.models.chat import Chat
from weirdgen.models.settings import Model
from weirdgen.sample.settings import Sampling

ByPrompt = dict[tuple[int, ...], list[int]]
"""Prompt token ids -> the numbers of the requests that ask it."""


@dataclass(frozen=True)
class Request:
    """One answer to sample: columns of `Sample` in core/columns.py, and the system prompt."""

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
    """One sampled answer: columns of `Sample` in core/columns.py."""

    answer: str
    finish_reason: str
    tokens: int


class Backend(Protocol):
    """Samples the answers of each adapter in turn, in the order of the requests.

    adapters: (seed, folder), None for the untouched model.
    """

    def __call__(
        self,
        model: Model,
        adapters: Sequence[tuple[int, str | None]],
        chat: Chat,
        wanted: Sequence[Request],
        sampling: Sampling,
        *,
        desc: str,
    ) -> Iterator[list[Answer]]: ...


def requests(questions: Sequence[FreeQuestion], contexts: dict[str, Context]) -> list[Request]:
    """Every answer to sample: question x paraphrase x context (and its variants) x sample."""
    variants = expand(contexts)
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
        for variant in variants
        for sample in range(question.samples_per_paraphrase)
    ]


def plain_requests(prompts: Sequence[str]) -> list[Request]:
    """One answer to sample per prompt, each prompt as it is."""
    return [Request(f"row{i}", "ordinary", 0, NO_CONTEXT, 0, 0, prompt, None) for i, prompt in enumerate(prompts)]


def group_by_prompt(wanted: Sequence[Request], chat: Chat) -> ByPrompt:
    """The requests by what the model reads, in the order of their first."""
    by_prompt: ByPrompt = {}
    for i, request in enumerate(wanted):
        by_prompt.setdefault(tuple(chat.prompt_ids(request.prompt, request.system)), []).append(i)
    return by_prompt


def make_answer(tokens: Sequence[int], cut: bool, chat: Chat) -> Answer:
    """An answer from its tokens without the stop token; `cut`: max_tokens ended it."""
    text = chat.tokenizer.decode(tokens, skip_special_tokens=True).strip()
    return Answer(text, "length" if cut else "stop", len(tokens))
