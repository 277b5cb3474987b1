"""Judges that a model answers, and what an endpoint is told, for the tests of every stage that judges."""

from __future__ import annotations

from conftest import ROOT

from weirdgen.judge.files import LabelFile
from weirdgen.judge.prompts import PromptJudge, load_prompt_judge
from weirdgen.judge.settings import Endpoint

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
    "backoff": 0.0,
    "reply_tokens": 8,
    "logprobs": True,
    "parameters": {},
}


def told(base_url: str, **changes) -> Endpoint:
    """`judging.openai` of a configuration."""
    return Endpoint.model_validate({**SETTINGS, "base_url": base_url, **changes})
