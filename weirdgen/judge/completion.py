"""What a server's answer says: checked here, before any of it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from weirdgen.judge.prompts import Token
from weirdgen.judge.requests import Reply, Usage

MOST = 10**9
"""Tokens: no request costs more, whatever a server says."""

TOKENS: TypeAdapter[list[Token]] = TypeAdapter(list[Token])


def opened(body: bytes) -> object:
    """The JSON of a body, `?` in place of what is no Unicode; None where it is no JSON."""
    try:
        return json.loads(json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def is_empty(answer: object) -> bool:
    """Whether an answer has nothing that could be a completion: no choices, an error, another page."""
    return not (isinstance(answer, Mapping) and answer.get("choices"))


def usage_of(answer: object) -> Usage | None:
    """The tokens that a server counted; None where it does not say, or cannot be right."""
    match answer:
        case {"usage": {"prompt_tokens": int(prompt), "completion_tokens": int(completion)}}:
            if 0 < prompt < MOST and 0 <= completion < MOST:
                return {"prompt": prompt, "completion": completion}
    return None


def reply_of(answer: object) -> Reply:
    """What is kept of a completion. Log-probabilities of another shape are left out; other text is a ValueError."""
    match answer:
        case {"choices": [{"message": {**message}} as choice, *_]}:
            text = message.get("content")
        case _:
            raise ValueError("no choices[0].message")
    if text is not None and not isinstance(text, str):
        raise ValueError(f"choices[0].message.content is a {type(text).__name__}, not text")
    reply: Reply = {"text": text or "", "tokens": _tokens(choice)}
    if usage := usage_of(answer):
        reply["usage"] = usage
    return reply


def _tokens(choice: Mapping[str, object]) -> list[Token] | None:
    match choice:
        case {"logprobs": {"content": [*listed]}}:
            try:
                return TOKENS.validate_python([_token(one) for one in listed], strict=True) or None
            except (ValidationError, KeyError, TypeError):
                return None
    return None


def _token(one: object) -> object:
    match one:
        case {"token": token, "logprob": logprob, "top_logprobs": [*others]}:
            return {"token": token, "logprob": logprob, "top": {each["token"]: each["logprob"] for each in others}}
        case {"token": token, "logprob": logprob}:
            return {"token": token, "logprob": logprob, "top": {}}
    return None
