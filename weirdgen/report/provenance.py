"""Where a page's numbers come from: the code's commit, the machine, the models, and what every stage cost."""

from __future__ import annotations

import math
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd

from weirdgen.core.fingerprint import ROOT
from weirdgen.finetune.run import Run
from weirdgen.models.fetch import read_source
from weirdgen.models.headers import shapes
from weirdgen.models.settings import Source

PACKAGES = ("snakemake", "numpy", "pandas", "scipy", "matplotlib")


@dataclass(frozen=True)
class Commit:
    """A checkout's commit; differing: how many files differ from it."""

    sha: str
    date: str
    differing: int


@dataclass(frozen=True)
class Machine:
    """A machine; memory: bytes, gpus: name and memory of each, as the driver says it."""

    cpu: str
    cores: int | None
    memory: int
    gpus: list[str]
    system: str


@dataclass(frozen=True)
class Origin:
    """A model's number of weights, 0 where its files are gone, and where it is from, as source.json says it."""

    weights: int
    source: dict[str, str | dict[str, str]]


@dataclass(frozen=True)
class Stage:
    """What a stage cost: seconds and cpu (seconds) of all jobs, longest (seconds) and memory (bytes) of one.

    memory is NaN where no job was measured.
    """

    stage: str
    jobs: int
    seconds: float
    longest: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Provenance:
    """What the page says of its origin. models: by name; trained_with, versions: by package."""

    commit: Commit | None
    date: str
    machine: Machine
    models: dict[str, Origin]
    trained_with: dict[str, str]
    trained_on: list[str]
    versions: dict[str, str]
    stages: list[Stage]
    gpu_seconds: float

    @property
    def jobs(self) -> int:
        """Of all stages."""
        return sum(stage.jobs for stage in self.stages)

    @property
    def seconds(self) -> float:
        """Of all jobs together."""
        return sum(stage.seconds for stage in self.stages)


def provenance(
    results: Path, runs: Sequence[tuple[str, str]], models: dict[str, Origin], trained: Sequence[Run]
) -> Provenance:
    """Where the numbers of a study come from; runs: its (model, experiment) pairs, trained: its adapters."""
    return Provenance(
        commit=commit(),
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        machine=hardware(),
        models=models,
        trained_with=_together(run.versions for run in trained),
        trained_on=sorted({f"{run.device}, {run.dtype}" for run in trained}),
        versions=versions(),
        stages=stages(results, runs),
        gpu_seconds=gpu_seconds(trained),
    )


def commit(root: Path = ROOT) -> Commit | None:
    """The commit of the checkout in `root`; None where there is none."""
    top = _said("git", "-C", str(root), "rev-parse", "--show-toplevel")
    shown = _said("git", "-C", str(root), "log", "-1", "--format=%H %cs")
    if not top or not shown or Path(top).resolve() != root.resolve():
        return None
    sha, date = shown.split()
    differing = _said("git", "--no-optional-locks", "-C", str(root), "status", "--porcelain") or ""
    return Commit(sha, date, len(differing.splitlines()))


def hardware() -> Machine:
    """The machine this runs on."""
    found = re.search(r"^model name\s*:\s*(.+)$", _text("/proc/cpuinfo"), re.MULTILINE)
    gpus = shutil.which("nvidia-smi") and _said("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    return Machine(
        cpu=found.group(1).strip() if found else platform.processor() or platform.machine(),
        cores=os.cpu_count(),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        gpus=gpus.splitlines() if gpus else [],
        system=f"{platform.system()} {platform.release()}",
    )


def versions() -> dict[str, str]:
    """What the tables, figures and the page are made with; training has its own in every run.json."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # Snakemake itself is not in the analysis jobs' conda environment
            continue
    return found


def model(folder: Path) -> Origin:
    """Where a model is from. Raises StudyError if its files are not as they should be."""
    weights = sum(map(math.prod, shapes(folder).values()))
    source = read_source(folder)
    return Origin(weights, source.model_dump(include=set(Source.model_fields), exclude_none=True) if source else {})


def stages(results: Path, runs: Sequence[tuple[str, str]]) -> list[Stage]:
    """What Snakemake measured of the last run of every job, per stage, the longest first.

    A stage is the first folder below `logs`; `report` is none, as what it measured is the page before this one.
    runs: the (model, experiment) pairs that count; what serves all does too.
    """
    folders = [results / "logs", *(results / model / experiment / "logs" for model, experiment in runs)]
    rows = [
        {"stage": path.relative_to(folder).parts[0], **_measured(path)}
        for folder in folders
        for path in sorted(folder.glob("*/**/*.benchmark.tsv"))
        if path.relative_to(folder).parts[0] != "report"
    ]
    groups = pd.DataFrame(rows, columns=["stage", "seconds", "cpu", "memory"]).groupby("stage", sort=False)
    table = groups.agg(
        jobs=("seconds", "size"),
        seconds=("seconds", "sum"),
        longest=("seconds", "max"),
        cpu=("cpu", "sum"),
        memory=("memory", "max"),
    )
    ordered = table.reset_index().sort_values("seconds", ascending=False, ignore_index=True)
    return [Stage(*row) for row in ordered.itertuples(index=False)]


def gpu_seconds(trained: Iterable[Run]) -> float:
    """Wall time of finetuning on a GPU. Other stages do not record their device."""
    return sum(run.wall_seconds for run in trained if run.device.startswith("cuda"))


def duration(seconds: float) -> str:
    """Seconds as a person says them: `< 1 s`, `42 s`, `3.5 min`, `2.1 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 1 else "< 1 s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _together(found: Iterable[dict[str, str]]) -> dict[str, str]:
    """Package -> its version, or versions where adapters were trained with several."""
    table = pd.DataFrame(list(found))
    return {str(name): ", ".join(dict.fromkeys(table[name].dropna())) for name in table}


def _measured(path: Path) -> dict[str, float]:
    """A benchmark file's mean over its repeats; Snakemake writes NA or - where a job was too short to measure."""
    table = pd.read_csv(path, sep="\t").apply(pd.to_numeric, errors="coerce")
    return {
        "seconds": table["s"].mean(),
        "cpu": table["cpu_time"].mean(),
        "memory": table["max_rss"].max() * 1024**2,
    }


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).is_file() else ""


def _said(*command: str) -> str | None:
    """What a command prints, None where it is missing or fails."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return run.stdout.strip()
