"""Reading and writing files: what is written is whole or absent; what is read is what stands there, or an error."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from weirdgen.core.columns import TYPES
from weirdgen.core.errors import StudyError
from weirdgen.core.strict_yaml import Loader

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import BaseModel


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes the place of `path`, on error it is removed.

    Works for a file or a folder, whichever the caller creates there. What a killed job left under
    the temporary name is removed first.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: savefig and others choose the format by it.
    temporary = path.with_name(f".tmp-{path.name}")
    _remove(temporary)
    try:
        yield temporary
        if temporary.is_dir():
            _remove(path)
        os.replace(temporary, path)
    except BaseException:
        _remove(temporary)
        raise


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write indented JSON atomically; keys stay in the order given."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file as it stands, without a byte-order mark. Raises StudyError where it cannot be read."""
    try:
        return decoded(Path(path).read_bytes(), str(path))
    except FileNotFoundError:
        raise StudyError(f"{path}: no such file") from None
    except OSError as error:
        raise StudyError(f"{path}: cannot be read: {error.strerror}") from None


def decoded(data: bytes, where: str, line: int = 1) -> str:
    """UTF-8 without a byte-order mark; line: where the data begins. Raises StudyError naming the line that is not."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line += data.count(b"\n", 0, error.start)
        raise StudyError(f"{where}: line {line}: not UTF-8 text (byte 0x{data[error.start]:02x}); save it so") from None
    if "\0" in text:
        line += text.count("\n", 0, text.index("\0"))
        raise StudyError(f"{where}: line {line}: holds a NUL character; save it as UTF-8 text")
    return text


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file. Raises StudyError if it is missing, is not YAML, or holds what it does not seem to."""
    try:
        return yaml.load(read_text(path), Loader=Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise StudyError(f"{where}: not valid YAML: {getattr(error, 'problem', error)}") from None


def read_json_lines(path: str | Path, where: str | None = None) -> Iterator[tuple[int, Any]]:
    """The number of every line that is not blank, and its value; the last line needs no end.

    Lines end with a line feed and nothing else: the other ends that Unicode knows may stand inside a text. `where`
    begins the errors. Raises StudyError naming the line that is not JSON in UTF-8, or says a key twice.
    """
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            text = decoded(line, where or str(path), number)
            if text.strip(" \t\r\n"):
                try:
                    value = json.loads(text, object_pairs_hook=each_once)
                except (ValueError, RecursionError) as error:
                    problem = getattr(error, "msg", error)
                    raise StudyError(f"{where or path}: line {number}: not JSON: {problem}") from None
                yield number, value


def each_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """A JSON object. Raises ValueError for a key that stands there twice, of which `json` keeps the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key '{next(name for name in names if names.count(name) > 1)}' occurs twice")
    return found


def write_json_lines(path: str | Path, rows: Iterable[Any]) -> None:
    """Write one JSON value a line atomically, in UTF-8: what `datasets`, TRL, axolotl and OpenAI read."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def sha256(path: str | Path) -> str:
    """The hex SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV atomically: no index, full precision.

    Raises ValueError for a column of numbers that core/columns.py does not name: it would be read back as text.
    """
    for name in table.select_dtypes(["number", "bool"]):
        if name not in TYPES:
            raise ValueError(f"{path}: '{name}' holds numbers; core/columns.py does not name it")
    # A carriage return ends a line to most readers unless it stands in quotes, which pandas leaves out.
    returns = any("\r" in str(text) for name in table.select_dtypes(["object", "str"]) for text in table[name])
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, quoting=csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL)


def write_parquet(path: str | Path, table: pd.DataFrame, columns: type[BaseModel]) -> None:
    """Write a table as Parquet atomically: no index, types and meanings as `columns` has them (core/columns.py).

    Raises ValueError if the table's columns are others.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    types: dict[Any, Any] = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    fields = columns.model_fields
    if list(table) != list(fields):
        raise ValueError(f"{path}: has {', '.join(table)}; {columns.__name__} describes {', '.join(fields)}")
    schema = pa.schema(
        [pa.field(name, types[f.annotation], metadata={"description": f.description}) for name, f in fields.items()],
        metadata={"description": columns.__doc__},
    )
    found = pa.Table.from_pandas(table, schema, preserve_index=False)
    with replacing(path) as temporary, pq.ParquetWriter(temporary, found.schema) as file:
        if len(table):  # Hugging Face's `datasets` cannot read a row group without rows
            file.write_table(found)


def read_csv(path: str | Path) -> pd.DataFrame:
    """Read a table that `write_csv` wrote: types are those of core/columns.py, any other column is text."""
    import pandas as pd

    types: defaultdict[str, Any] = defaultdict(lambda: str, TYPES)
    missing = {name: [""] for name, kind in TYPES.items() if kind is float}
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=missing)
