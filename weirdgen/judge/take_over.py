"""Replies kept as JSON lines: taken over into the store, so that nothing is asked or paid for twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from weirdgen.judge.budget import count
from weirdgen.judge.requests import Reply
from weirdgen.judge.store import Replies

log = logging.getLogger(__name__)

TAKEN = ".taken-over"
"""What a file's name ends with afterwards."""

KEPT: TypeAdapter[Reply] = TypeAdapter(Reply)


def take_over(replies: Replies) -> None:
    """Move the replies of every `*.jsonl` under the store's folder into the store, with what they cost."""
    folder = replies.path.parent
    if not any(folder.rglob("*.jsonl")):
        return
    with replies.at_once():
        files = sorted(folder.rglob("*.jsonl"))
        for path in files:
            taken = 0
            for key, judge, reply in _rows(path):
                if replies.save(key, judge, reply):
                    taken += 1
                    if usage := reply.get("usage"):
                        count(replies, 1, usage["prompt"] + usage["completion"])
            log.info("%s: %d replies taken over", path, taken)
    for path in files:
        path.rename(path.with_name(path.name + TAKEN))


def _rows(path: Path) -> Iterator[tuple[str, str, Reply]]:
    """Key, judge and reply of every line that holds them; the others are asked for again."""
    with open(path, "rb") as file:  # bytes: a line ends at \n and nowhere else
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
                yield str(row["key"]), str(row["judge"]), KEPT.validate_python(row["reply"], strict=True)
            except (ValueError, KeyError, TypeError) as error:  # a kill cut it short, or it never was a reply
                why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
                log.warning("%s:%d: no reply: left out (%s)", path, number, why)
