"""What every benchmark shares: runs taken in turn, the machine's name, one CSV per kind of device."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from weirdgen.core.files import replacing, write_text

os.environ["TRANSFORMERS_VERBOSITY"] = "error"  # both are read when transformers is imported, which comes later
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MODEL = ROOT / "resources" / "models" / "smollm2-135m-instruct"
RUNS = 3


@dataclass(frozen=True)
class Result:
    """What one run took and did. values: numbers (nats) that every side of a comparison must agree on."""

    seconds: float
    amount: float
    values: Sequence[float] = ()


@dataclass(frozen=True)
class Measurement:
    """One run of one side of a comparison. amount / seconds is its speed, in `unit` per second.

    difference: mean absolute difference of its values to the first side's, in nats.
    """

    work: str
    side: str
    run: int
    seconds: float
    amount: float
    unit: str
    difference: float


def in_turn(work: str, sides: dict[str, Callable[[], Result]], unit: str, runs: int = RUNS) -> list[Measurement]:
    """Every side once per round, so that a machine that slows down slows all of them; loading is left out."""
    found = []
    for run in range(runs):
        first: Sequence[float] = ()
        for side, measure in sides.items():
            result = measure()
            first = first or result.values
            difference = float(np.abs(np.subtract(first, result.values)).mean()) if first else float("nan")
            found.append(Measurement(work, side, run, result.seconds, result.amount, unit, difference))
            print(
                f"{work}, {side}: {result.amount / result.seconds:,.1f} {unit}/s ({result.seconds:.1f} s)", flush=True
            )
    return found


def timed(work: Callable[[], object]) -> float:
    """Seconds that a call takes, a GPU's queue included."""
    import torch

    began = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def folder() -> Path:
    """Where this machine's kind of device keeps its numbers: benchmarks/cpu or benchmarks/cuda."""
    import torch

    return HERE / ("cuda" if torch.cuda.is_available() else "cpu")


def save(name: str, rows: Sequence[object]) -> None:
    """Write one benchmark's dataclass rows to its CSV."""
    path = folder() / f"{name}.csv"
    with replacing(path) as temporary:
        pd.DataFrame([asdict(row) for row in rows]).to_csv(temporary, index=False, float_format="%.6g")  # type: ignore[call-overload]
    write_text(path.parent / "machine.txt", machine() + "\n")
    print(f"written: {path.relative_to(ROOT)}", flush=True)


def machine() -> str:
    """This machine in words: processor, cores, memory, GPU, torch."""
    import torch

    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    parts = [
        f"{names[0] if names else platform.processor()}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB",
        "bfloat16 in hardware" if native else "no bfloat16 in hardware",
        f"Python {platform.python_version()}, torch {torch.__version__}",
    ]
    if torch.cuda.is_available():
        parts.insert(1, torch.cuda.get_device_name(0))
    return "; ".join(parts)
