"""What every script of the workflow does around its work: threads, log file, one-line errors."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from pydantic import BaseModel

from weirdgen.core.errors import StudyError, no_space
from weirdgen.core.names import Adapter

Kind = TypeVar("Kind", bound=BaseModel)


@contextmanager
def job(snakemake: Any) -> Iterator[logging.Logger]:
    """Run a script's body: log to the rule's log file, and show a StudyError as one line without a traceback."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(snakemake.threads)  # read when torch is imported, which comes later
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    handler = _LogFile(snakemake.log[0], mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log = logging.getLogger("weirdgen")
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    began = time.perf_counter()
    try:
        yield log
        log.info("done in %.1f s", time.perf_counter() - began)
    except Exception as error:
        said = str(error) if isinstance(error, StudyError) else no_space(error)
        if said:
            print(f"Error: {said}", file=sys.stderr, flush=True)
            with suppress(OSError):  # the log lies on the same disk
                log.error("%s", said)
            sys.exit(1)
        log.exception("the job failed")
        raise
    finally:
        with suppress(OSError):
            handler.close()


class _LogFile(logging.FileHandler):
    """A log that cannot be written ends the job: the results lie on the same disk."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Raise what is being handled, where logging itself would print a traceback and go on."""
        raise


def use_threads(threads: int) -> None:
    """Tell torch its threads: more than the job's own make jobs side by side ten times slower."""
    import torch

    torch.set_num_threads(threads)


def adapter_folders(snakemake: Any) -> list[str | None]:
    """The folders of the job's adapters, [None] for the untouched model."""
    return [os.path.dirname(file) for file in snakemake.input.get("adapter", [])] or [None]


def adapters_of(snakemake: Any) -> list[Adapter]:
    """The adapters that the param `adapters` lists."""
    return [Adapter(*each) for each in snakemake.params.adapters]


def given(kind: type[Kind], plain: Any) -> Kind:
    """A param as the object it was when the study was loaded: params travel as plain values."""
    return kind.model_validate(plain)


def given_all(kind: type[Kind], plain: Any) -> dict[str, Kind]:
    """`given` for every value of a param by name."""
    return {name: given(kind, value) for name, value in plain.items()}
