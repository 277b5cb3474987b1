"""train_log.csv: what each step of training did."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """One line of train_log.csv. loss: nats per answer token; tokens: of the padded-free rows, prompt and answer."""

    step: int
    epoch: int
    loss: float
    learning_rate: float
    tokens: int
    tokens_per_second: float


def write_train_log(path: Path, steps: Sequence[Step]) -> None:
    """Write the steps, one line each."""
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Step)])
        writer.writeheader()
        writer.writerows(asdict(step) for step in steps)
