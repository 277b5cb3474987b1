"""Replies of judging models, kept as they arrive: a killed job loses none and asks nothing twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TypedDict

from weirdgen.judge.requests import Identity, Reply


def key_of(judge: str, prompt: str, model: Identity) -> str:
    """The key of a request: judge, prompt, and the model with its parameters. 32 hex digits."""
    request = json.dumps([judge, prompt, model], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(request.encode()).hexdigest()[:32]


class _Row(TypedDict):
    key: str
    judge: str
    reply: Reply


class Replies:
    """One JSON line per reply: its key, its judge, and itself. One job at a time writes a file.

    A line cut short by a kill is left out, and the next reply starts on a line of its own.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.found = {row["key"]: row["reply"] for row in _rows(self.path)}
        with open(self.path, "ab+") as file:
            if file.tell():
                file.seek(-1, 2)
                if file.read(1) != b"\n":
                    file.write(b"\n")

    def save(self, key: str, judge: str, reply: Reply) -> None:
        """Keep one reply: on disk before this returns."""
        line = json.dumps({"key": key, "judge": judge, "reply": reply}, ensure_ascii=False)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(line + "\n")
        self.found[key] = reply


def spent(folder: str | Path) -> tuple[int, int]:
    """Replies kept under a folder that an endpoint gave, and the tokens it counted for them."""
    usages = [
        row["reply"]["usage"]
        for path in sorted(Path(folder).rglob("*.jsonl"))
        for row in _rows(path)
        if row["reply"].get("usage")
    ]
    return len(usages), sum(usage["prompt"] + usage["completion"] for usage in usages)


def _rows(path: Path) -> list[_Row]:
    if not path.is_file():
        return []
    rows: list[_Row] = []
    for line in path.read_text(encoding="utf-8").split("\n"):  # splitlines would cut at U+2028 in a reply too
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue  # a kill cut it short, or the end of the file
    return rows
