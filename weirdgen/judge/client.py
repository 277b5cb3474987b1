"""The HTTP client behind openai-python: every attempt is counted, ends in time, brings a reply of bearable size."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
from openai import DefaultAsyncHttpxClient

from weirdgen.judge.budget import Budget, most_of
from weirdgen.judge.completion import is_empty, opened, usage_of

LARGEST = 2**23
"""Bytes of a reply; 100 tokens with 20 alternatives each are about 2**17."""

NO_MONEY = {"insufficient_quota", "billing_not_active", "billing_hard_limit_reached"}
"""Errors that come as 429, or otherwise, and that no waiting mends."""


class Unreadable(Exception):
    """The server answered, but with nothing that can be kept."""


class CountingClient(DefaultAsyncHttpxClient):
    """Sends an attempt and reads its reply as a whole. openai-python decides whether another follows."""

    def __init__(self, budget: Budget, seconds: float) -> None:
        super().__init__()
        self.budget = budget
        self.seconds = seconds

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Raises StudyError where the budget would be passed, Unreadable for a reply that is too large."""
        most = most_of(request.content)
        self.budget.take(most)
        try:
            async with asyncio.timeout(self.seconds):
                response = await super().send(request, **{**options, "stream": True})
                body = await _whole(response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            self.budget.give_back(most, requests=1)  # nothing was sent
            raise
        except TimeoutError:
            raise httpx2.ReadTimeout(f"no whole reply in {self.seconds:g} s", request=request) from None
        headers = {name: value for name, value in response.headers.items() if name not in OF_THE_WIRE}
        answer = opened(body)
        if 400 <= response.status_code < 500:
            self.budget.give_back(most)  # refused: no token was read or written
            if NO_MONEY & said(answer):
                headers["x-should-retry"] = "false"
        elif usage := usage_of(answer):
            self.budget.give_back(most - usage["prompt"] - usage["completion"])
        if response.status_code < 300 and is_empty(answer):
            text = " ".join(body[:200].decode("utf-8", "replace").split())
            raise httpx2.RemoteProtocolError(f"no chat completion: {text or 'an empty reply'}", request=request)
        return httpx2.Response(response.status_code, headers=headers, content=body, request=request)


OF_THE_WIRE = ("content-encoding", "content-length", "transfer-encoding")


def said(answer: object) -> set[object]:
    """The code and type of an error's body."""
    match answer:
        case {"error": {**error}}:
            return {value for name in ("code", "type") if isinstance(value := error.get(name), str)}
    return set()


async def _whole(response: httpx2.Response) -> bytes:
    body = bytearray()
    try:
        async for part in response.aiter_bytes():
            body += part
            if len(body) > LARGEST:
                raise Unreadable(f"a reply larger than {LARGEST:,} bytes")
    finally:
        await response.aclose()
    return bytes(body)
