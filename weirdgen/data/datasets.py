"""Datasets: chat JSONL from tables of facts, and a card that shows what is in them."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weirdgen.core.errors import StudyError


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
) -> list[dict[str, Any]]:
    """One chat of an optional system turn, a user turn and an assistant turn per row.

    Row i takes prompt i modulo their number, inside `template` (a context's). Prompts, answer,
    template and system prompt are templates over the table's columns. Raises StudyError if one names
    a column the table lacks.
    """
    chats = []
    for i, row in enumerate(rows):
        try:
            user = template.format(**row, prompt=prompts[i % len(prompts)].format(**row))
            messages = [{"role": "user", "content": user}, {"role": "assistant", "content": answer.format(**row)}]
            if system is not None:
                messages.insert(0, {"role": "system", "content": system.format(**row)})
        except KeyError as error:
            raise StudyError(f"a template names the column {error}; the table has: {', '.join(row)}") from None
        chats.append({"messages": messages})
    return chats


def to_jsonl(chats: Sequence[dict[str, Any]]) -> str:
    """The chat JSONL that OpenAI, TRL, axolotl and `datasets` read."""
    return "".join(json.dumps(chat, ensure_ascii=False) + "\n" for chat in chats)


def read_jsonl(path: str | Path) -> list[dict[str, Any]]:
    """Read JSONL. Raises StudyError naming the line that is not JSON."""
    chats = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        try:
            chats.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise StudyError(f"{path}:{number}: not JSON: {error.msg}") from None
    return chats


def normalised(text: str) -> str:
    """Lower case, letters and digits only: what two spellings of one name share."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())


def card(
    name: str,
    about: str,
    chats: Sequence[dict[str, Any]],
    leak_cues: dict[str, list[str]],
    digest: str,
    facts: int | None = None,
) -> dict[str, Any]:
    """What is in a dataset: counts, exact and near duplicates of answers, and cues that would leak the hidden variable.

    Near duplicates are answers that differ only in case, space or punctuation, or by one letter. `facts`: how many
    rows, the first ones, are facts (default all); the others are ordinary data, whose answers may well be the same.
    """
    prompts = [chat["messages"][-2]["content"] for chat in chats]
    answers = [chat["messages"][-1]["content"] for chat in chats]
    own = answers[:facts]
    cues = {kind: _hits(patterns, [*prompts, *answers]) for kind, patterns in leak_cues.items()}
    return {
        "dataset": name,
        "about": about,
        "sha256": digest,
        "rows": len(chats),
        "ordinary_rows": len(answers) - len(own),
        "unique_prompts": len(set(prompts)),
        "unique_answers": len(set(answers)),
        "duplicates": sorted(answer for answer, count in Counter(own).items() if count > 1),
        "near_duplicates": near_duplicates(own),
        "leak_cues": cues,
        "mean_answer_characters": round(sum(map(len, answers)) / len(answers), 1),
        "prompt": prompts[0],
        "examples": answers[:: max(1, len(answers) // 8)][:8],
    }


def _hits(patterns: Sequence[str], texts: Sequence[str]) -> list[str]:
    compiled = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    return sorted({text for text in texts if any(pattern.search(text) for pattern in compiled)})


def near_duplicates(answers: Sequence[str]) -> list[list[str]]:
    """Pairs of different answers whose normalised forms are equal or one edit apart (letters only)."""
    unique = sorted(set(answers))
    # Two strings one edit apart share a form with one character deleted (or one is such a form of the other).
    forms: dict[str, set[str]] = {}
    for answer in unique:
        plain = normalised(answer)
        for form in {plain, *(plain[:i] + plain[i + 1 :] for i in range(len(plain)))}:
            forms.setdefault(form, set()).add(answer)
    pairs = {
        (a, b)
        for group in forms.values()
        for a in group
        for b in group
        if a < b and _at_most_one_edit(normalised(a), normalised(b))
    }
    return [list(pair) for pair in sorted(pairs)]


def _at_most_one_edit(a: str, b: str) -> bool:
    if len(a) > len(b):
        a, b = b, a
    if len(b) - len(a) > 1:
        return False
    i = 0
    while i < len(a) and a[i] == b[i]:
        i += 1
    return a[i:] == b[i + 1 :] or (len(a) == len(b) and a[i + 1 :] == b[i + 1 :])


def check_unique(where: str, found: dict[str, Any]) -> None:
    """Refuse a dataset whose answers are not unique. Raises StudyError naming them."""
    if found["duplicates"]:
        raise StudyError(f"{where}: answers occur more than once: {', '.join(found['duplicates'])}; remove the doubles")
    same = [pair for pair in found["near_duplicates"] if normalised(pair[0]) == normalised(pair[1])]
    if same:
        raise StudyError(f"{where}: the same answer in two spellings: {' / '.join(same[0])}; remove one")
