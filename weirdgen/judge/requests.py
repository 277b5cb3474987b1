"""What a judging model is asked, what it replies, and what every such model can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict

from weirdgen.judge.prompts import PromptJudge, Token

Identity = Mapping[str, object]
"""A judging model and the parameters that decide its replies, as JSON can hold them: a part of every key."""


@dataclass(frozen=True)
class Request:
    """One request to a judging model."""

    key: str
    judge: PromptJudge
    prompt: str


class Usage(TypedDict):
    """Tokens that an endpoint counted."""

    prompt: int
    completion: int


class Reply(TypedDict, total=False):
    """What is kept of a reply: text, tokens and usage of an endpoint's, or the probabilities a local model gave."""

    text: str
    tokens: list[Token] | None
    usage: Usage
    probabilities: dict[str, float]


class Backend(Protocol):
    """A judging model."""

    identity: Identity

    def ask(self, wanted: Sequence[Request]) -> Iterator[tuple[Request, Reply]]:
        """Yield every request with its reply, as replies arrive. Raises StudyError where some got none."""
        ...
