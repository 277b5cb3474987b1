"""run.json: how an adapter came about."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from weirdgen.core.files import read_json, write_json
from weirdgen.core.schema import Strict, parse
from weirdgen.finetune.settings import Recipe


class Run(Strict):
    """The whole record of one training run."""

    dataset: str
    data_sha256: str
    rows: int = Field(description="of the dataset, before `data_fraction`")
    model: str = Field(description="folder of the base model")
    recipe: Recipe
    seed: int
    steps: int
    packed: bool = Field(description="whether shared prefixes were computed once")
    final_loss: float = Field(description="of the last step, in nats per answer token")
    tokens: int = Field(description="prompt and answer tokens of all steps")
    wall_seconds: float
    peak_memory_bytes: int
    device: str
    dtype: str = Field(description="of the base model")
    threads: int
    versions: dict[str, str]


def write_run(path: str | Path, run: Run) -> None:
    """Write run.json atomically."""
    write_json(path, run.model_dump())


def read_run(path: str | Path) -> Run:
    """Read run.json. Raises StudyError if it lacks a value or has one too many."""
    return parse(Run, read_json(path), str(path))
