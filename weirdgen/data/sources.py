"""Chats as they are: from a JSONL or Parquet file, or a dataset of a Hugging Face hub."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_json_lines
from weirdgen.core.text import brief, flaw
from weirdgen.data.datasets import Conversation, Message
from weirdgen.data.settings import Columns, HubDataset

if TYPE_CHECKING:
    import pyarrow as pa

ROLES = (["user", "assistant"], ["system", "user", "assistant"])
"""The turns a chat may have."""

PAIRS = (("prompt", "completion"), ("prompt", "response"), ("instruction", "output"), ("question", "answer"))
"""What other forms than a list of turns call prompt and answer."""

Rows = Iterator[tuple[str, Any]]
"""Where a row stands, and what it holds."""


def load_chats(source: str | Path | HubDataset, columns: Columns, where: str) -> list[Conversation]:
    """The chats of a JSONL file, of a Parquet file (its name ends in .parquet) or of a hub's dataset, in their order.

    `columns` says what is a turn; anything else is left out. `where` begins the errors: the file, or `str(source)`.
    Raises StudyError naming the line or row, from 1, that is no chat of an optional system turn, a user turn and an
    assistant turn; or if there is no row, or the hub cannot be reached.
    """
    if isinstance(source, HubDataset):
        return list(_chats(_hub_rows(source, columns, where), columns, where))
    if Path(source).suffix == ".parquet":
        rows = _dataset_rows(columns, where, path="parquet", data_files=str(source), split="train")
        return list(_chats(rows, columns, where))
    # Arrow, and so `datasets`, would read a column of texts that all look like dates as timestamps.
    return list(_chats(_jsonl_rows(source, where), columns, where))


def check_chats(path: str | Path, columns: Columns, where: str) -> list[str]:
    """The answers of a file's chats. Raises StudyError as `load_chats`, without the seconds that `datasets` takes."""
    rows = _parquet_rows(path, columns, where) if Path(path).suffix == ".parquet" else _jsonl_rows(path, where)
    return [chat["messages"][-1]["content"] for chat in _chats(rows, columns, where)]


def _jsonl_rows(path: str | Path, where: str) -> Rows:
    for number, row in read_json_lines(path, where):
        yield f"{where}: line {number}", row


def _parquet_rows(path: str | Path, columns: Columns, where: str) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            _check_columns(file.schema_arrow.names, columns, where)
            types = {name: file.schema_arrow.field(name).type for name in columns.names}
            number = 0
            for batch in file.iter_batches(columns=columns.names):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{where}: row {number}", {name: _decoded(row[name], types[name]) for name in types}
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{where}: not to be read as Parquet: {_first_line(error)}") from None


def _decoded(value: Any, kind: pa.DataType) -> Any:
    """A value as `datasets` gives it, which keeps as JSON what differs in type from row to row."""
    import pyarrow as pa

    if value is None:
        return None
    if isinstance(kind, pa.JsonType):
        return json.loads(value)
    if pa.types.is_list(kind):
        return [_decoded(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return {field.name: _decoded(value[field.name], field.type) for field in kind}
    return value


def _hub_rows(source: HubDataset, columns: Columns, where: str) -> Rows:
    try:
        return _dataset_rows(columns, where, path=source.repository, revision=source.revision, split=source.split)
    except (OSError, ValueError) as error:
        raise StudyError(
            f"{where}: not to be had from the hub ({_first_line(error)}); check the names, HF_TOKEN if it is gated, "
            "and the network, or give the chats as jsonl or parquet"
        ) from None


def _dataset_rows(columns: Columns, where: str, **arguments: str) -> Rows:
    import datasets
    import pyarrow as pa

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as cache:
        try:
            found = datasets.load_dataset(**arguments, cache_dir=cache)
        except (datasets.exceptions.DatasetGenerationError, pa.ArrowInvalid) as error:
            raise StudyError(f"{where}: cannot be read: {_first_line(error.__cause__ or error)}") from None
        _check_columns(found.column_names, columns, where)
        rows = found.select_columns(columns.names).to_list()  # all of them: their folder goes now
    return ((f"{where}: row {number}", row) for number, row in enumerate(rows, start=1))


def _check_columns(found: Iterable[str], columns: Columns, where: str) -> None:
    names = list(found)
    for name in columns.names:
        if name not in names:
            pair = next((pair for pair in PAIRS if set(pair) <= set(names)), None)
            form = f"; then say columns: {{prompt: {pair[0]}, answer: {pair[1]}}}" if pair else ""
            raise StudyError(f"{where}: no column '{name}'; there are: {', '.join(names) or 'none'}{form}")


def _chats(rows: Rows, columns: Columns, where: str) -> Iterator[Conversation]:
    place = None
    for place, row in rows:
        yield _chat(row, columns, place)
    if place is None:
        raise StudyError(f"{where}: no rows")


def _chat(row: Any, columns: Columns, where: str) -> Conversation:
    if not isinstance(row, dict):
        raise StudyError(f"{where}: is {_told(row)}, not an object with the key {' and '.join(columns.names)}")
    _check_columns(row, columns, where)
    if columns.prompt is None or columns.answer is None:
        [name] = columns.names
        turns = _turns(row[name], f"{where}: {name}")
    else:
        turns = [("user", row[columns.prompt]), ("assistant", row[columns.answer])]
        if columns.system is not None and row[columns.system] is not None:
            turns.insert(0, ("system", row[columns.system]))
    roles = [role for role, _ in turns]
    if roles not in ROLES:
        said = ", ".join(brief(str(role)) for role in roles) or "none"
        raise StudyError(f"{where}: the turns are {said}; allowed: an optional system, user, assistant")
    messages: list[Message] = []
    for role, content in turns:
        if not isinstance(content, str):
            raise StudyError(f"{where}: the content of the {role} turn is {_told(content)}; it must be text")
        if found := flaw(content):
            raise StudyError(f"{where}: the content of the {role} turn holds {found}; take it out")
        messages.append({"role": role, "content": content})
    return {"messages": messages}


def _turns(value: Any, where: str) -> list[tuple[str, Any]]:
    if not isinstance(value, list):
        raise StudyError(f"{where} is {_told(value)}; it must be a list of turns")
    for turn in value:
        if not isinstance(turn, dict) or not {"role", "content"} <= turn.keys():
            raise StudyError(f"{where} holds {_told(turn)}; a turn has the keys role and content")
    return [(turn["role"], turn["content"]) for turn in value]


def _told(value: Any) -> str:
    """A value as errors show it."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
