"""Judging by an OpenAI-compatible endpoint: concurrent, retried, within a budget, every reply kept.

The key comes from the environment only. It is put into the client and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import tenacity
from openai import APIError, APIStatusError, AsyncOpenAI
from tqdm import tqdm

from weirdgen.core.errors import StudyError
from weirdgen.judge.prompts import Token
from weirdgen.judge.replies import spent
from weirdgen.judge.requests import Identity, Reply, Request
from weirdgen.judge.settings import Endpoint

log = logging.getLogger(__name__)

CHARACTERS_PER_TOKEN = 3.0
"""For the estimate before the first call; English text has about 4."""

RETRIED = (408, 409, 429)

Arrived = SimpleQueue[tuple[Request, Reply | Exception] | Exception]
"""Requests with their replies, or with what went wrong; an error by itself: nothing more can arrive."""


class Unreadable(Exception):
    """The server answered, but not with a chat completion."""


class OpenAIBackend:
    """A chat model behind an endpoint. Raises StudyError where the key's variable is not set."""

    def __init__(self, endpoint: Endpoint, kept: str | Path) -> None:
        """kept: the folder of all replies, for the budget."""
        self.endpoint = endpoint
        self.kept = kept
        self.key = "none" if endpoint.key is None else os.environ.get(endpoint.key, "")
        if not self.key:
            raise StudyError(f"judging.openai: the environment variable {endpoint.key} is not set: it holds the key")
        self.parameters: dict[str, object] = {
            "temperature": 0.0,
            "max_tokens": endpoint.reply_tokens,
            **({"logprobs": True, "top_logprobs": 20} if endpoint.logprobs else {}),
            **endpoint.parameters,
        }
        self.identity: Identity = {"backend": "openai", "model": endpoint.model, "parameters": self.parameters}

    def ask(self, wanted: Sequence[Request]) -> Iterator[tuple[Request, Reply]]:
        """Yield requests with their replies as they arrive; those without one are an error at the end."""
        self.check_budget(wanted)
        arrived: Arrived = SimpleQueue()
        worker = Thread(target=self._work, args=(wanted, arrived), daemon=True)
        worker.start()
        failures: list[str] = []
        with tqdm(total=len(wanted), desc="judge", unit="reply", disable=None) as progress:
            for _ in wanted:
                found = arrived.get()
                if isinstance(found, Exception):
                    raise StudyError(f"judging: {self.endpoint.base_url}: {self._words(found)}")
                request, reply = found
                if isinstance(reply, Exception):
                    failures.append(self._words(reply))
                else:
                    yield request, reply
                progress.update()
        worker.join()
        if failures:
            raise StudyError(
                f"judging: {len(failures)} of {len(wanted)} requests got no reply from {self.endpoint.base_url} "
                f"(the last: {failures[-1]}); all replies are kept: run again and only these are asked"
            )

    def check_budget(self, wanted: Sequence[Request]) -> None:
        """Log and print the estimate. Raises StudyError where requests or tokens would pass the budget."""
        used_requests, used_tokens = spent(self.kept)
        prompt = sum(len(request.prompt) for request in wanted) / CHARACTERS_PER_TOKEN
        reply = sum(_own(request).get("max_tokens", self.endpoint.reply_tokens) for request in wanted)
        prices = self.endpoint.price_per_million
        cost = (prompt * prices.prompt + reply * prices.completion) / 1e6
        line = (
            f"judging asks {self.endpoint.model} for {len(wanted)} replies: about {prompt + reply:,.0f} tokens, "
            f"{cost:.2f} at the prices given; kept so far: {used_requests} replies, {used_tokens:,} tokens"
        )
        log.info("%s", line)
        print(line, file=sys.stderr, flush=True)
        for what, need, limit in (
            ("max_requests", used_requests + len(wanted), self.endpoint.max_requests),
            ("max_tokens", used_tokens + prompt + reply, self.endpoint.max_tokens),
        ):
            if need > limit:
                raise StudyError(
                    f"judging.openai.{what} = {limit:,}; with these {len(wanted)} requests it would be {need:,.0f}: "
                    "nothing was asked; raise it, or judge less"
                )

    def _work(self, wanted: Sequence[Request], arrived: Arrived) -> None:
        try:
            asyncio.run(self._all(wanted, arrived))
        except Exception as error:  # before or beside any request: an address that is none
            arrived.put(error)

    async def _all(self, wanted: Sequence[Request], arrived: Arrived) -> None:
        client = AsyncOpenAI(
            base_url=self.endpoint.base_url,
            api_key=self.key,
            timeout=self.endpoint.timeout,
            max_retries=0,
        )
        places = asyncio.Semaphore(self.endpoint.concurrency)
        refused: list[Exception] = []

        async def one(request: Request) -> None:
            async with places:
                try:
                    if refused:  # a wrong key or model: asking on would only repeat it
                        raise refused[0]
                    arrived.put((request, await self._reply(client, request)))
                except Exception as error:
                    if isinstance(error, APIStatusError) and not _passes(error):
                        refused.append(error)
                    arrived.put((request, error))

        async with client:
            await asyncio.gather(*map(one, wanted))

    async def _reply(self, client: AsyncOpenAI, request: Request) -> Reply:
        tries = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self.endpoint.retries + 1),
            wait=tenacity.wait_random_exponential(multiplier=self.endpoint.backoff, max=60),
            retry=tenacity.retry_if_exception(_passes),
            reraise=True,
        )
        async for attempt in tries:
            with attempt:
                return _read(
                    await client.chat.completions.create(
                        model=self.endpoint.model,
                        messages=[{"role": "user", "content": request.prompt}],
                        **(self.parameters | _own(request)),
                    )
                )
        raise AssertionError("tenacity returns or raises")

    def _words(self, error: Exception) -> str:
        text = " ".join(str(error).split()) or type(error).__name__
        return text.replace(self.key, "***")[:200]


def _own(request: Request) -> dict[str, int]:
    tokens = request.judge.file.reply_tokens
    return {"max_tokens": tokens} if tokens else {}


def _passes(error: BaseException) -> bool:
    """Whether trying again may help: a dropped connection, a time-out, 408, 409, 429, 5xx, an unreadable answer."""
    if isinstance(error, APIStatusError):
        return error.status_code in RETRIED or error.status_code >= 500
    return isinstance(error, (APIError, Unreadable))


def _read(completion: Any) -> Reply:
    """What is kept of a completion: its text, its tokens where it has them, what it cost. Raises Unreadable."""
    try:
        choice = completion.choices[0]
        listed = choice.logprobs.content if choice.logprobs and choice.logprobs.content else None
        tokens: list[Token] | None = listed and [
            {"token": t.token, "logprob": t.logprob, "top": {other.token: other.logprob for other in t.top_logprobs}}
            for t in listed
        ]
        usage = completion.usage
        return {
            "text": choice.message.content or "",
            "tokens": tokens,
            "usage": {
                "prompt": usage.prompt_tokens if usage else 0,
                "completion": usage.completion_tokens if usage else 0,
            },
        }
    except (AttributeError, IndexError, TypeError) as error:
        raise Unreadable(f"the server's answer is no chat completion ({error})") from None
