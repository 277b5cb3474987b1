"""Replies of judging models, kept as they arrive: a killed job loses none and asks nothing twice.

One SQLite file for all jobs. Its write-ahead log makes a reply whole or absent through kills and full disks, and lets
several jobs write at once. What was asked of endpoints is counted in it too (budget.py).
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weirdgen.core.errors import StudyError
from weirdgen.judge.requests import Reply

PATIENCE = 60.0
"""Seconds to wait while another job writes."""

ROOM = 1 << 16
"""Bytes: less than this is none, to SQLite's index of its log."""

TABLES = """
CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, judge TEXT NOT NULL, reply TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS spent (id INTEGER PRIMARY KEY CHECK (id = 1), requests INTEGER, tokens INTEGER);
INSERT OR IGNORE INTO spent VALUES (1, 0, 0);
"""


class Replies:
    """All replies by their keys. Raises StudyError where the file cannot be read or written."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._in_one_line():
            self.file = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            self.file.execute("PRAGMA journal_mode = WAL")
            self.file.execute("PRAGMA synchronous = NORMAL")  # whole after a kill; after a power cut all but the last
        with self.at_once():
            for statement in TABLES.strip().splitlines():
                self.run(statement)

    def __contains__(self, key: str) -> bool:
        return self.run("SELECT 1 FROM replies WHERE key = ?", key).fetchone() is not None

    def __getitem__(self, key: str) -> Reply:
        """Raises KeyError."""
        found = self.run("SELECT reply FROM replies WHERE key = ?", key).fetchone()
        if found is None:
            raise KeyError(key)
        reply: Reply = json.loads(found[0])
        return reply

    def save(self, key: str, judge: str, reply: Reply) -> bool:
        """Keep one reply, on disk before this returns; False where the key has one, which stays."""
        text = json.dumps(reply, ensure_ascii=False)
        return self.run("INSERT OR IGNORE INTO replies VALUES (?, ?, ?)", key, judge, text).rowcount == 1

    def run(self, statement: str, *values: str | int) -> sqlite3.Cursor:
        """Execute a statement, by itself or as a part of what happens `at_once`."""
        with self._in_one_line():
            return self.file.execute(statement, values)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """All that is written inside, or nothing; other jobs wait."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        finally:
            if self.file.in_transaction:
                self.run("ROLLBACK")

    @contextmanager
    def _in_one_line(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # SQLite calls a full disk an I/O error where it was about to map a file into memory.
            full = "no space left on the disk: " if shutil.disk_usage(self.path.parent).free < ROOM else ""
            said = f"{self.path}: {full}{error}; what the file holds stays: mend that, and run again"
            raise StudyError(said) from None
