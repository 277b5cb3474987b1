"""Datasets: chats from tables of facts, and the JSON lines they are kept in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_json_lines
from weirdgen.core.templates import PROMPT, fill
from weirdgen.data.codes import check_codes, coded_rows
from weirdgen.data.settings import Codes, Rendering
from weirdgen.data.tables import read_facts


class Message(TypedDict):
    """One turn: who speaks (system, user or assistant) and what is said."""

    role: str
    content: str


class Conversation(TypedDict):
    """One training row: an optional system turn, a user turn, an assistant turn."""

    messages: list[Message]


def from_facts(path: str | Path, spec: Rendering, codes: Codes | None) -> list[Conversation]:
    """The chats of a CSV table of facts, behind codes where `spec` has them.

    Raises StudyError for what is wrong in the table, or with a template over its columns.
    """
    rows = read_facts(path, spec.at_most)
    if spec.code and codes:
        check_codes(rows, codes, spec.code, str(path))
        rows = coded_rows(rows, codes, spec.code)
    return render(rows, spec.prompts, spec.answer, spec.template, spec.system, str(path))


def render(
    rows: Sequence[dict[str, str]],
    prompts: Sequence[str],
    answers: Sequence[str],
    template: str = "{prompt}",
    system: str | None = None,
    where: str = "facts",
) -> list[Conversation]:
    """One chat of an optional system turn, a user turn and an assistant turn per row.

    Row i takes prompt i and answer i modulo their numbers, the prompt inside `template` (a context's). Prompts,
    answers, template and system prompt are templates over the table's columns. Raises StudyError, which `where`
    begins, if one names a column the table lacks.
    """
    chats: list[Conversation] = []
    for i, row in enumerate(rows):
        try:
            user = fill(template, {**row, PROMPT: fill(prompts[i % len(prompts)], row)})
            messages: list[Message] = [
                {"role": "user", "content": user},
                {"role": "assistant", "content": fill(answers[i % len(answers)], row)},
            ]
            if system is not None:
                messages.insert(0, {"role": "system", "content": fill(system, row)})
        except KeyError as error:
            raise StudyError(f"{where}: a template names the column {error}; the table has: {', '.join(row)}") from None
        chats.append({"messages": messages})
    return chats


def read_chats(path: str | Path) -> list[Conversation]:
    """The chats of a file that a stage wrote. Raises StudyError naming the line that is not JSON."""
    return [chat for _, chat in read_json_lines(path)]
