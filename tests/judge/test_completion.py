"""What servers call a chat completion: kept where it is one, whatever is beside its text."""

from __future__ import annotations

import json
import math

import pytest
from endpoint import completion

from weirdgen.judge.completion import is_empty, opened, reply_of

USAGE = {"prompt": 10, "completion": 1}


def body(found) -> bytes:
    return found if isinstance(found, bytes) else json.dumps(found).encode()


def message(**message):
    """A completion with another message."""
    return completion("") | {"choices": [{"message": message}]}


def logprobs(*content):
    """A completion with these tokens."""
    found = completion("past")
    found["choices"][0]["logprobs"] = {"content": list(content)}
    return found


def one(**changes):
    return {"token": "past", "logprob": -0.1, "bytes": None, "top_logprobs": [], **changes}


TEXTS = {
    "text": (completion("past"), "past"),
    "line ends of all kinds": (completion("a\u2028b\u2029c\x85d\ne"), "a\u2028b\u2029c\x85d\ne"),
    "null, as with a refusal": (message(content=None, refusal="I cannot"), ""),
    "no content, as with a tool": (message(tool_calls=[]), ""),
    "half of a letter": (b'{"choices": [{"message": {"content": "past \\ud83d"}}], "usage": null}', "past ?"),
    "another encoding": (json.dumps(completion("past")).encode("utf-16"), "past"),
}


@pytest.mark.parametrize(("found", "text"), TEXTS.values(), ids=TEXTS)
def test_text(found, text):
    reply = reply_of(opened(body(found)))
    assert reply["text"] == text
    json.dumps(reply, ensure_ascii=False).encode()


OTHER = {
    "content is a list": (completion([{"type": "text", "text": "past"}]), "content is a list"),
    "content is a number": (completion(5), "content is a int"),
    "content is nothing much": (completion(0), "content is a int"),
    "content is a truth": (completion(False), "content is a bool"),
    "content is an object": (completion({"text": "past"}), "content is a dict"),
    "no message": (completion("") | {"choices": [{"text": "past"}]}, r"no choices\[0\]"),
    "a message that is text": (completion("") | {"choices": [{"message": "past"}]}, r"no choices\[0\]"),
    "choices that are text": (completion("") | {"choices": "past"}, r"no choices\[0\]"),
    "choices by name": (completion("") | {"choices": {"0": {"message": {"content": "past"}}}}, r"no choices\[0\]"),
    "a null choice": (completion("") | {"choices": [None]}, r"no choices\[0\]"),
}


@pytest.mark.parametrize(("found", "said"), OTHER.values(), ids=OTHER)
def test_another_shape_is_no_reply(found, said):
    answer = opened(body(found))
    assert not is_empty(answer)
    with pytest.raises(ValueError, match=said):
        reply_of(answer)


NOTHING = [b"", b"null", b"[]", b'"past"', b"5", b"<html>", b"\xff\xfe\xfd", b"[" * 10**5, b'{"a": ' * 10**5]
NOTHING += [{"error": {"message": "no", "code": 502}}, {"choices": []}, {"choices": None}, {"detail": "no"}]


@pytest.mark.parametrize("found", NOTHING, ids=lambda found: str(found)[:20])
def test_an_answer_without_anything_in_it(found):
    assert is_empty(opened(body(found)))


UNUSABLE = {
    "null": one(logprob=None),
    "text": one(logprob="-0.1"),
    "a list": one(logprob=[-0.1]),
    "huge": one(logprob=1e308),
    "a probability": one(logprob=0.9),
    "no number": one(logprob=math.nan),
    "endless": one(logprob=-math.inf),
    "no token": {"logprob": -0.1},
    "no log-probability": {"token": "past"},
    "a token that is a number": one(token=5),
    "a token that is a list": one(token=["past"]),
    "not even an object": "past",
    "an alternative that is null": one(top_logprobs=[{"token": "a", "logprob": None}]),
    "an alternative without one": one(top_logprobs=[{"token": "a"}]),
    "an alternative that is a number": one(top_logprobs=[5]),
    "an alternative that is a list": one(top_logprobs=[{"token": [], "logprob": -1.0}]),
}


@pytest.mark.parametrize("token", UNUSABLE.values(), ids=UNUSABLE)
def test_log_probabilities_of_another_shape_are_left_out_and_the_text_stays(token):
    assert reply_of(opened(body(logprobs(one(), token)))) == {"text": "past", "tokens": None, "usage": USAGE}


@pytest.mark.parametrize("content", [None, "past", 5, {}, [], {"tokens": ["past"]}], ids=str)
def test_no_log_probabilities(content):
    found = completion("past")
    for found["choices"][0]["logprobs"] in (content, {"content": content}):
        assert reply_of(opened(body(found)))["tokens"] is None


@pytest.mark.parametrize("logprob", [-0.1, 0, -9999.0, 1e-6, -1e308])
def test_log_probabilities(logprob):
    tokens = reply_of(opened(body(logprobs(one(top_logprobs=[{"token": "a", "logprob": logprob}])))))["tokens"]
    assert tokens == [{"token": "past", "logprob": -0.1, "top": {"a": logprob}}]


def test_no_alternatives():
    for found in (one(top_logprobs=None), {"token": "past", "logprob": -0.1}):
        assert reply_of(opened(body(logprobs(found))))["tokens"] == [{"token": "past", "logprob": -0.1, "top": {}}]
