"""What every job does around its work: a mistake or a full disk is one line, anything else a traceback in the log."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from weirdgen.core.errors import StudyError, no_space
from weirdgen.core.files import replacing, write_csv, write_json, write_json_lines, write_parquet, write_text
from weirdgen.core.job import job

FULL = "no space left on the disk"


class SafetensorError(Exception):
    """Named as safetensors' own, which is no OSError."""


def wrapped(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def while_handling(error: Exception, context: Exception) -> Exception:
    error.__context__ = context
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), FULL),
        (OSError(errno.ENOSPC, "No space left on device", "results/a.csv"), f"{FULL} of results/a.csv"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk quota is used up"),
        (SafetensorError("I/O error: No space left on device (os error 28)"), FULL),
        (SafetensorError("Error while serializing: I/O error: Quota exceeded (os error 122)"), FULL),
        (sqlite3.OperationalError("database or disk is full"), FULL),
        (OSError("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"), FULL),
        (wrapped(RuntimeError("cannot save"), OSError(errno.ENOSPC, "No space left on device", "x")), f"{FULL} of x"),
        (while_handling(ValueError("closed file"), sqlite3.OperationalError("database or disk is full")), FULL),
        (RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0: disk full"), FULL),
    ],
)
def test_a_full_disk_is_known_whoever_says_it(error, said):
    found = no_space(error)
    assert found.startswith(said + ";")
    assert found.endswith("make room and run again: what is finished is kept")
    assert "\n" not in found


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EACCES, "Permission denied", "no space left"),
        OSError(errno.EIO, "Input/output error"),
        ValueError("no such column"),
        MemoryError(),
        sqlite3.OperationalError("database is locked"),
    ],
)
def test_any_other_error_is_another(error):
    assert no_space(error) is None


def test_an_error_that_causes_itself_ends():
    one, two = ValueError("a"), ValueError("b")
    one.__cause__, two.__cause__ = two, one
    assert no_space(one) is None


@pytest.mark.parametrize("log", ["job.log", "/dev/full"])
def test_a_full_disk_ends_a_job_in_one_line(tmp_path, capsys, log):
    with pytest.raises(SystemExit) as ended, job(SimpleNamespace(threads=1, log=[str(tmp_path / log)])):
        raise OSError(errno.ENOSPC, "No space left on device", "results/x")
    told = capsys.readouterr()
    assert ended.value.code == 1
    assert (
        told.err == "Error: no space left on the disk of results/x; make room and run again: what is finished is kept\n"
    )


def test_a_log_that_finds_no_room_ends_a_job_in_one_line(capsys):
    with pytest.raises(SystemExit), job(SimpleNamespace(threads=1, log=["/dev/full"])) as log:
        log.info("this line is not written")
    told = capsys.readouterr()
    assert told.err.startswith(f"Error: {FULL}")
    assert told.err.count("\n") == 1


def test_a_mistake_is_one_line_and_any_other_error_a_traceback_in_the_log(tmp_path, capsys):
    snakemake = SimpleNamespace(threads=1, log=[str(tmp_path / "job.log")])
    with pytest.raises(SystemExit), job(snakemake):
        raise StudyError("data/x.csv: line 3: no name")
    assert capsys.readouterr().err == "Error: data/x.csv: line 3: no name\n"
    assert "Traceback" not in (tmp_path / "job.log").read_text()
    with pytest.raises(ZeroDivisionError), job(snakemake):
        _ = 1 / 0
    assert "ZeroDivisionError" in (tmp_path / "job.log").read_text()


def csv(path: Path) -> None:
    import pandas as pd

    write_csv(path, pd.DataFrame({"question": ["a"], "mean": [0.5]}))


def parquet(path: Path) -> None:
    import pandas as pd

    from weirdgen.core.columns import Score

    values = {name: ["a"] if field.annotation is str else [1] for name, field in Score.model_fields.items()}
    write_parquet(path, pd.DataFrame(values).astype({"log_prob": float}), Score)


def figure(path: Path) -> None:
    from matplotlib.figure import Figure

    from weirdgen.plot.style import save

    save(Figure(), [f"{path}.{ending}" for ending in ("png", "svg", "pdf")])


WRITERS = {
    "text": lambda path: write_text(path, "words"),
    "json": lambda path: write_json(path, {"a": 1}),
    "json lines": lambda path: write_json_lines(path, [{"a": 1}]),
    "csv": csv,
    "parquet": parquet,
    "figure": figure,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_says_that_there_is_no_room_and_leaves_nothing(name, tmp_path, monkeypatch):
    """The temporary file is the device that is always full."""
    device = replacing.__wrapped__

    def on_a_full_disk(path):
        for temporary in device(path):
            temporary.symlink_to("/dev/full")
            yield temporary

    from contextlib import contextmanager

    for module in ("weirdgen.core.files", "weirdgen.plot.style"):
        monkeypatch.setattr(f"{module}.replacing", contextmanager(on_a_full_disk))
    with pytest.raises(Exception) as error:  # noqa: PT011, each library has its own
        WRITERS[name](tmp_path / "made")
    assert no_space(error.value), repr(error.value)
    assert list(tmp_path.iterdir()) == []
