"""What may be asked of an endpoint: a hard limit over all jobs, counted in the store of replies.

Before an attempt the most it can cost is taken from the budget; afterwards what it did not cost is given back. A job
that is killed in between leaves the most counted: whatever happens, no limit is passed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from weirdgen.core.errors import StudyError
from weirdgen.judge.settings import Endpoint
from weirdgen.judge.store import Replies


class Budget:
    """The requests and tokens that an endpoint may still cost."""

    def __init__(self, replies: Replies, endpoint: Endpoint) -> None:
        self.replies = replies
        self.limits = {"max_requests": endpoint.max_requests, "max_tokens": endpoint.max_tokens}

    def check(self, requests: int, tokens: float) -> None:
        """Whether so many more are within the limits. Raises StudyError."""
        spent = self.spent()
        for (name, limit), so_far, more in zip(self.limits.items(), spent, (requests, tokens), strict=True):
            if so_far + more > limit:
                raise StudyError(
                    f"judging.openai.{name} = {limit:,}; {so_far:,} are spent and {more:,.0f} more are wanted: "
                    "nothing of it was asked; raise it, or judge less"
                )

    def take(self, tokens: int) -> None:
        """One attempt that costs so many tokens at most. Raises StudyError where that would pass a limit."""
        with self.replies.at_once():
            self.check(1, tokens)
            count(self.replies, 1, tokens)

    def give_back(self, tokens: int, requests: int = 0) -> None:
        """What an attempt did not cost."""
        count(self.replies, -requests, -tokens)

    def spent(self) -> tuple[int, int]:
        """Requests and tokens of all jobs so far."""
        requests, tokens = self.replies.run("SELECT requests, tokens FROM spent").fetchone()
        return requests, tokens


def count(replies: Replies, requests: int, tokens: int) -> None:
    """Add to what was spent."""
    replies.run("UPDATE spent SET requests = requests + ?, tokens = tokens + ?", requests, tokens)


def most_of(body: bytes) -> int:
    """The most tokens that a request can cost: one for every byte of it, and the longest reply it allows."""
    return len(body) + longest_reply(json.loads(body))


def longest_reply(parameters: Mapping[str, object]) -> int:
    """Tokens of the longest reply that a request's parameters allow, all its alternatives together."""

    def _largest(*names: str) -> int:
        return max((value for name in names if isinstance(value := parameters.get(name), int)), default=1)

    return _largest("max_tokens", "max_completion_tokens") * _largest("n", "best_of")
