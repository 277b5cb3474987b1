"""Judging by an OpenAI-compatible endpoint: side by side, within a budget, every reply kept.

The key comes from the environment only. It is put into the client and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
from collections.abc import Sequence

from openai import AsyncOpenAI
from tqdm import tqdm

from weirdgen.core.errors import StudyError
from weirdgen.judge.asking import Asking
from weirdgen.judge.budget import Budget, longest_reply
from weirdgen.judge.client import CountingClient
from weirdgen.judge.prompts import PromptJudge
from weirdgen.judge.requests import Identity, Keep, Request, Told
from weirdgen.judge.settings import Endpoint
from weirdgen.judge.store import Replies

log = logging.getLogger(__name__)

CHARACTERS_PER_TOKEN = 3.0
"""For the estimate before the first call; English text has about 4."""

Parameters = dict[str, object]


class OpenAIBackend(Told):
    """A chat model behind an endpoint. Raises StudyError where the key's variable is not set."""

    def __init__(self, endpoint: Endpoint, replies: Replies) -> None:
        """replies: those of all jobs, for the budget."""
        self.endpoint = endpoint
        self.budget = Budget(replies, endpoint)
        self.key = "no-key-needed" if endpoint.key is None else os.environ.get(endpoint.key, "").strip()
        if not self.key:
            raise StudyError(f"judging.openai: the environment variable {endpoint.key} is not set: it holds the key")
        if not re.fullmatch(r"[!-~]+", self.key):
            raise StudyError(f"judging.openai: the environment variable {endpoint.key} holds no key")

    def parameters(self, judge: PromptJudge) -> Parameters:
        """The parameters of a judge's requests."""
        own = judge.file.reply_tokens
        return {
            "temperature": 0.0,
            "max_tokens": self.endpoint.reply_tokens,
            **({"logprobs": True, "top_logprobs": 20} if self.endpoint.logprobs else {}),
            **self.endpoint.parameters,
            **({"max_tokens": own} if own else {}),
        }

    def identity(self, judge: PromptJudge) -> Identity:
        """The model and the parameters of a judge's requests."""
        return {"backend": "openai", "model": self.endpoint.model, "parameters": self.parameters(judge)}

    def ask(self, wanted: Sequence[Request], keep: Keep) -> None:
        """Ask for all, and keep each reply as it arrives. Raises StudyError where some got none."""
        sent = {request.judge.id: _flat(self.parameters(request.judge)) for request in wanted}
        self._announce(wanted, sent)
        asyncio.run(self._ask(wanted, sent, keep))

    def _announce(self, wanted: Sequence[Request], sent: dict[str, Parameters]) -> None:
        """Log and print the estimate. Raises StudyError where it passes the budget."""
        spent_requests, spent_tokens = self.budget.spent()
        prompt = sum(len(request.prompt) for request in wanted) / CHARACTERS_PER_TOKEN
        reply = sum(longest_reply(sent[request.judge.id]) for request in wanted)
        prices = self.endpoint.price_per_million
        cost = (prompt * prices.prompt + reply * prices.completion) / 1e6
        line = (
            f"judging asks {self.endpoint.model} for {len(wanted)} replies: about {prompt + reply:,.0f} tokens, "
            f"{cost:.2f} at the prices given; spent so far: {spent_requests:,} requests, {spent_tokens:,} tokens"
        )
        log.info("%s", line)
        print(line, file=sys.stderr, flush=True)
        self.budget.check(len(wanted), prompt + reply)

    async def _ask(self, wanted: Sequence[Request], sent: dict[str, Parameters], keep: Keep) -> None:
        client = AsyncOpenAI(
            base_url=self.endpoint.base_url,
            api_key=self.key,
            timeout=self.endpoint.timeout,
            max_retries=self.endpoint.retries,
            http_client=CountingClient(self.budget, self.endpoint.timeout),
        )
        left = iter([(request, sent[request.judge.id]) for request in wanted])
        with tqdm(total=len(wanted), desc="judge", unit="reply", disable=None) as progress:
            async with client:
                asking = Asking(client, self.endpoint, self.key, keep, progress.update)
                await asyncio.gather(*(asking.work(left) for _ in range(self.endpoint.concurrency)))
        tail = "all replies are kept: run again and only what is missing is asked"
        if asking.over:
            raise StudyError(f"{asking.over}; {tail}")
        if asking.failures:
            raise StudyError(
                f"judging: {asking.failures} of {len(wanted)} requests got no reply from {self.endpoint.base_url} "
                f"(the last: {asking.last}); {tail}"
            )


def _flat(parameters: Parameters) -> Parameters:
    """A request's parameters as its body holds them: those of `extra_body` beside the others."""
    flat = dict(parameters)
    extra = flat.pop("extra_body", None)
    return {**flat, **extra} if isinstance(extra, dict) else flat
