"""Requests side by side: what a failure means, and when to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

from openai import APIStatusError, AsyncOpenAI, OpenAIError

from weirdgen.core.errors import StudyError
from weirdgen.judge.client import NO_MONEY, Unreadable
from weirdgen.judge.completion import opened, reply_of
from weirdgen.judge.prompts import sendable
from weirdgen.judge.requests import Keep, Reply, Request
from weirdgen.judge.settings import Endpoint

OF_THE_PROMPT = (400, 413, 422)
"""Statuses that refuse a prompt: too long, filtered. Or every prompt, which is found out."""

PASSING = (408, 409, 429)
"""Statuses that may pass, like 5xx; openai-python has tried again, and a later run may."""

FEW, MANY = 3, 20
"""Failures in a row after which nothing more is asked: when no request has succeeded, and when some have."""

HARMLESS = "Reply with the word yes."


class Asking:
    """One run of requests to an endpoint. done is called after each of them."""

    def __init__(
        self, client: AsyncOpenAI, endpoint: Endpoint, key: str, keep: Keep, done: Callable[[], object]
    ) -> None:
        self.client = client
        self.endpoint = endpoint
        self.key = key
        self.keep = keep
        self.done = done
        self.accepted: set[str] = set()
        """Judges whose requests the endpoint has taken."""
        self.one_at_a_time = asyncio.Lock()
        self.failures = self.in_a_row = 0
        self.last = ""
        self.over: StudyError | None = None
        """Why nothing more is asked."""

    async def work(self, wanted: Iterator[tuple[Request, Mapping[str, object]]]) -> None:
        """Ask for what is left, one after the other; several workers share the iterator. What goes wrong is noted."""
        for request, parameters in wanted:
            if self.over:
                return
            try:
                self.keep(request, await self._reply(request, parameters))
                self.in_a_row = 0
            except StudyError as error:  # the budget, the disk
                self.over = self.over or error
            except (OpenAIError, Unreadable) as error:
                self._failed(error)
            self.done()

    async def _reply(self, request: Request, parameters: Mapping[str, object]) -> Reply:
        judge = request.judge.id
        try:
            reply = await self._complete(request.prompt, parameters)
        except APIStatusError as error:
            if error.status_code not in OF_THE_PROMPT or NO_MONEY & {error.code, error.type}:
                raise
            await self._check_accepted(judge, parameters)
            return {"refused": self._words(error)}
        self.accepted.add(judge)
        return reply

    async def _check_accepted(self, judge: str, parameters: Mapping[str, object]) -> None:
        """A refusal concerns the prompt if another is taken with the same parameters. Raises StudyError if not."""
        async with self.one_at_a_time:
            if judge in self.accepted:
                return
            if self.over:  # while this one waited, another found out
                raise self.over
            try:
                await self._complete(HARMLESS, parameters)
            except APIStatusError as error:
                if error.status_code not in OF_THE_PROMPT:
                    raise
                raise StudyError(
                    f"judging: every request of {judge} is refused, also a harmless one: {self._words(error)}; "
                    "mend judging.openai (model, parameters, reply_tokens, logprobs)"
                ) from None
            self.accepted.add(judge)

    async def _complete(self, prompt: str, parameters: Mapping[str, object]) -> Reply:
        found = await self.client.chat.completions.with_raw_response.create(
            model=self.endpoint.model, messages=[{"role": "user", "content": prompt}], extra_body=parameters
        )
        try:
            return reply_of(opened(found.content))
        except ValueError as error:
            raise Unreadable(f"no chat completion: {error}") from None

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self.in_a_row += 1
        self.last = self._words(error)
        if isinstance(error, APIStatusError) and (
            NO_MONEY & {error.code, error.type} or not (error.status_code in PASSING or error.status_code >= 500)
        ):
            self.over = self.over or StudyError(f"judging: {self.endpoint.base_url}: {self.last}")
        elif self.in_a_row >= (MANY if self.accepted else FEW):
            self.over = StudyError(
                f"judging: {self.endpoint.base_url} failed {self.in_a_row} times in a row (the last: {self.last})"
            )

    def _words(self, error: Exception) -> str:
        """What an error says in one line, the key left out."""
        cause = error.__cause__ or ""
        text = " ".join(f"{error} {cause}".split()) or type(error).__name__
        return sendable(text.replace(self.key, "***"))[:200]
