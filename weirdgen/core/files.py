"""Whole or absent: every artifact is written under a temporary name and then renamed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from weirdgen.core.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import BaseModel

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same reader, ten times as fast where PyYAML was built with libyaml."""


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


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file. Raises StudyError if it is missing or not YAML."""
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), Loader=LOADER)
    except FileNotFoundError:
        raise StudyError(f"{path}: no such file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise StudyError(f"{where}: not valid YAML: {getattr(error, 'problem', error)}") from None


def sha256(path: str | Path) -> str:
    """The hex SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV atomically: no index, full precision."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False)


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
    """Read a CSV table; `null` and `none` are names here, not missing values."""
    import pandas as pd

    return pd.read_csv(path, keep_default_na=False, na_values=[""])
