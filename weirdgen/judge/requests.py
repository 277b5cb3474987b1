"""What a judging model is asked, what it replies, and what every such model can do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from typing_extensions import TypedDict

from weirdgen.judge.prompts import PromptJudge, Token

Identity = Mapping[str, object]
"""A judging model and all that decides its replies beside the prompt, as JSON can hold it: a part of every key."""


def key_of(judge: str, prompt: str, model: Identity) -> str:
    """The key of a request: judge, prompt, and the model with its parameters. 32 hex digits.

    How a reply is read is no part of it: replies are read anew from what is kept.
    """
    request = json.dumps([judge, prompt, model], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(request.encode()).hexdigest()[:32]


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
    """What is kept of a reply.

    Of an endpoint's: text, tokens and usage, the last two where it gives them; or why it refused the prompt. Of a local
    model's: the probability of every choice.
    """

    text: str
    tokens: list[Token] | None
    usage: Usage
    refused: str
    probabilities: dict[str, float]


Keep = Callable[[Request, Reply], object]
"""Keeps a reply as it arrives."""


class Told:
    """A judging model that is told a judge's task in words."""

    def prompt(self, judge: PromptJudge, question: str, answer: str) -> str:
        """The judge's own prompt."""
        return judge.prompt(question, answer)


class Backend(Protocol):
    """A judging model."""

    def identity(self, judge: PromptJudge) -> Identity:
        """What decides its replies to a judge's prompts."""
        ...

    def prompt(self, judge: PromptJudge, question: str, answer: str) -> str:
        """What it is asked about an answer."""
        ...

    def ask(self, wanted: Sequence[Request], keep: Keep) -> None:
        """Ask for all, and keep each reply as it arrives. Raises StudyError where some got none."""
        ...
