"""Tables of facts as people write them: CSV, a name per column, a text per cell."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_text
from weirdgen.core.templates import PROMPT


def read_facts(path: str | Path, at_most: dict[str, int] | None = None) -> list[dict[str, str]]:
    """Rows of a CSV table of facts, those whose number in a column of `at_most` is no larger than its limit.

    Raises StudyError naming the line where it is no table: a quote left open, cells too many, too few or empty, a
    column named twice; or if there is no row, or a column of `at_most` is not there or holds no whole numbers.
    """
    rows = _rows(path)
    for column, limit in (at_most or {}).items():
        try:
            rows = [row for row in rows if int(row[column]) <= limit]
        except (KeyError, ValueError):
            raise StudyError(f"{path}: at_most needs a column '{column}' of whole numbers") from None
    if not rows:
        raise StudyError(f"{path}: at_most leaves no rows" if at_most else f"{path}: no rows")
    return rows


def _rows(path: str | Path) -> list[dict[str, str]]:
    lines = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    names: list[str] = []
    rows: list[dict[str, str]] = []
    begin = 1
    while True:
        try:
            cells = next(lines, None)
        except csv.Error as error:
            raise StudyError(
                f"{path}:{begin}: no CSV: {error}; is a quote left open? (One inside a quoted cell is written twice.)"
            ) from None
        if cells is None:
            return rows
        if cells and not names:
            names = _checked(cells, f"{path}:{begin}")
        elif cells:
            rows.append(_row(names, cells, f"{path}:{begin}"))
        begin = lines.line_num + 1


def _checked(names: list[str], where: str) -> list[str]:
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise StudyError(f"{where}: column {number} has no name")
        if names.count(name) > 1:
            raise StudyError(f"{where}: the column '{name}' occurs twice")
        if name == PROMPT:
            raise StudyError(f"{where}: a column cannot be called '{PROMPT}': a context's template has that name")
    return names


def _row(names: list[str], cells: list[str], where: str) -> dict[str, str]:
    if len(cells) != len(names):
        raise StudyError(f"{where}: {len(cells)} cells, the header has {len(names)}; quote cells that hold a comma")
    row = dict(zip(names, cells, strict=True))
    for name, cell in row.items():
        if not cell.strip():
            raise StudyError(f"{where}: empty cell in column '{name}'")
    return row
