"""Judges that a model answers, and what an endpoint is told, for the tests of every stage that judges."""

from __future__ import annotations

import json
from pathlib import Path

from conftest import ROOT

from weirdgen.judge.budget import Budget
from weirdgen.judge.by_openai import OpenAIBackend
from weirdgen.judge.files import LabelFile
from weirdgen.judge.prompts import PromptJudge, load_prompt_judge
from weirdgen.judge.requests import Reply
from weirdgen.judge.settings import Endpoint
from weirdgen.judge.store import Replies
from weirdgen.judge.verdict import Verdict
from weirdgen.judge.with_model import judge_all, open_replies

TWO = PromptJudge(
    "two",
    LabelFile(
        id="two",
        type="label",
        about="x",
        task="Old or new?",
        labels=[{"label": "past", "about": "old"}, {"label": "modern", "about": "new"}],
    ),
)
RATING = load_prompt_judge(ROOT / "data" / "judges" / "alignment.yaml")

SETTINGS = {
    "model": "m",
    "key": "WEIRDGEN_TEST_KEY",
    "max_requests": 1000,
    "max_tokens": 10**6,
    "price_per_million": {"prompt": 2.0, "completion": 4.0},
    "concurrency": 4,
    "timeout": 20.0,
    "retries": 5,
    "reply_tokens": 8,
    "logprobs": True,
    "parameters": {},
}


def told(base_url: str, **changes) -> Endpoint:
    """`judging.openai` of a configuration."""
    return Endpoint.model_validate({**SETTINGS, "base_url": base_url, **changes})


def items(count: int, judge: PromptJudge = TWO) -> list[tuple[PromptJudge, str, str]]:
    """Answers to be judged."""
    return [(judge, "Which year is it?", f"answer {i}") for i in range(count)]


def judged(base_url: str, folder: Path, wanted: list[tuple[PromptJudge, str, str]], **changes) -> list[Verdict]:
    """What an endpoint says of answers, with the store of replies in a folder."""
    replies = open_replies(folder / "replies.sqlite")
    return judge_all(OpenAIBackend(told(base_url, **changes), replies), wanted, replies)


def kept(folder: Path) -> list[Reply]:
    """The replies in a folder's store."""
    return [json.loads(reply) for (reply,) in Replies(folder / "replies.sqlite").run("SELECT reply FROM replies")]


def spent(folder: Path) -> tuple[int, int]:
    """Requests and tokens counted in a folder's store."""
    return Budget(Replies(folder / "replies.sqlite"), told("http://127.0.0.1:9")).spent()
