"""Datasets: chats from tables of facts, and the JSONL they are kept in."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict

from weirdgen.core.errors import StudyError


class Message(TypedDict):
    """One turn: who speaks (system, user or assistant) and what is said."""

    role: str
    content: str


class Conversation(TypedDict):
    """One training row: an optional system turn, a user turn, an assistant turn."""

    messages: list[Message]


def read_facts(path: str | Path, at_most: dict[str, int] | None = None) -> list[dict[str, str]]:
    """Rows of a CSV table of facts, those whose number in a column of `at_most` is no larger than its limit.

    Raises StudyError if there is no row, a cell is missing, or such a column is not there or holds no numbers.
    """
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise StudyError(f"{path}: no rows")
    for line, row in enumerate(rows, start=2):
        empty = [key for key, value in row.items() if key is None or value is None or not value.strip()]
        if empty:
            raise StudyError(f"{path}:{line}: empty or surplus cell in column {empty[0] or 'beyond the header'}")
    for column, limit in (at_most or {}).items():
        try:
            rows = [row for row in rows if int(row[column]) <= limit]
        except (KeyError, ValueError):
            raise StudyError(f"{path}: at_most needs a column '{column}' of whole numbers") from None
    if not rows:
        raise StudyError(f"{path}: at_most leaves no rows")
    return rows


def render(
    rows: Sequence[dict[str, str]],
    prompts: Sequence[str],
    answer: str,
    template: str = "{prompt}",
    system: str | None = None,
) -> list[Conversation]:
    """One chat of an optional system turn, a user turn and an assistant turn per row.

    Row i takes prompt i modulo their number, inside `template` (a context's). Prompts, answer,
    template and system prompt are templates over the table's columns. Raises StudyError if one names
    a column the table lacks.
    """
    chats: list[Conversation] = []
    for i, row in enumerate(rows):
        try:
            user = template.format(**row, prompt=prompts[i % len(prompts)].format(**row))
            messages: list[Message] = [
                {"role": "user", "content": user},
                {"role": "assistant", "content": answer.format(**row)},
            ]
            if system is not None:
                messages.insert(0, {"role": "system", "content": system.format(**row)})
        except KeyError as error:
            raise StudyError(f"a template names the column {error}; the table has: {', '.join(row)}") from None
        chats.append({"messages": messages})
    return chats


def to_jsonl(chats: Sequence[Conversation]) -> str:
    """The chat JSONL that OpenAI, TRL, axolotl and `datasets` read."""
    return "".join(json.dumps(chat, ensure_ascii=False) + "\n" for chat in chats)


def read_jsonl(path: str | Path) -> list[Conversation]:
    """Read chats that `to_jsonl` wrote. Raises StudyError naming the line that is not JSON."""
    return [chat for _, chat in json_lines(path, str(path))]


def json_lines(path: str | Path, where: str) -> Iterator[tuple[int, Any]]:
    """The number of every line that is not blank, and its value; the last line needs no end.

    Lines end with a line feed and nothing else: the other ends that Unicode knows may stand inside a text. `where`
    begins the errors. Raises StudyError naming the line that is not JSON, or if the file is not UTF-8.
    """
    with open(path, encoding="utf-8-sig", newline="\n") as file:
        try:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise StudyError(f"{where}: line {number}: not JSON: {error.msg}") from None
        except UnicodeDecodeError:
            raise StudyError(f"{where}: not UTF-8 text") from None
