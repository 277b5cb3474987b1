"""Where a page's numbers come from: the code's commit, the machine, the models, and what every stage cost."""

from __future__ import annotations

import json
import math
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from weirdgen.core.fingerprint import ROOT
from weirdgen.plot.catalogue import FIGURES

PACKAGES = ("snakemake", "numpy", "pandas", "scipy", "matplotlib")


def commit(root: Path = ROOT) -> dict[str, Any] | None:
    """The commit of the checkout in `root`, its date, and how many files differ from it; None where there is none."""
    top = _said("git", "-C", str(root), "rev-parse", "--show-toplevel")
    shown = _said("git", "-C", str(root), "log", "-1", "--format=%H %cs")
    if not top or not shown or Path(top).resolve() != root.resolve():
        return None
    sha, date = shown.split()
    differing = _said("git", "--no-optional-locks", "-C", str(root), "status", "--porcelain") or ""
    return {"sha": sha, "date": date, "differing": len(differing.splitlines())}


def hardware() -> dict[str, Any]:
    """The machine this runs on: cpu, cores, memory (bytes), gpus (name and memory, as the driver says it)."""
    found = re.search(r"^model name\s*:\s*(.+)$", _text("/proc/cpuinfo"), re.MULTILINE)
    gpus = shutil.which("nvidia-smi") and _said("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    return {
        "cpu": found.group(1).strip() if found else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "gpus": gpus.splitlines() if gpus else [],
        "system": f"{platform.system()} {platform.release()}",
    }


def versions() -> dict[str, str]:
    """What the tables, figures and the page are made with; training has its own in every run.json."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # Snakemake itself is not in the analysis jobs' conda environment
            continue
    return found


def model(folder: Path) -> dict[str, Any]:
    """A model's number of weights (0 where its files are gone) and what its source.json says of its origin."""
    weights = 0
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        weights += sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    source = json.loads(_text(str(folder / "source.json")) or "{}")
    return {"weights": weights, "source": {key: value for key, value in source.items() if key != "weights_sha256"}}


def stages(results: Path, runs: Sequence[Sequence[str]]) -> pd.DataFrame:
    """What Snakemake measured of the last run of every job, per stage, the longest first.

    Columns: stage, jobs, seconds (all jobs together), longest (seconds), cpu (seconds), memory (bytes, the most that
    one job held). All figures are one stage. runs: the (model, experiment) pairs that count; what serves all does too.
    """
    folders = [results / "logs", *(results / model / experiment / "logs" for model, experiment in runs)]
    files = [path for folder in folders for path in sorted(folder.rglob("*.benchmark.tsv"))]
    rows = [{"stage": _stage(path), **_measured(path)} for path in files]
    columns = ["stage", "seconds", "cpu", "memory"]
    groups = pd.DataFrame(rows, columns=columns).groupby("stage", sort=False)
    table = groups.agg(
        jobs=("seconds", "size"),
        longest=("seconds", "max"),
        seconds=("seconds", "sum"),
        cpu=("cpu", "sum"),
        memory=("memory", "max"),
    )
    return table.reset_index().sort_values("seconds", ascending=False, ignore_index=True)


def gpu_seconds(trained: Iterable[dict[str, Any]]) -> float:
    """Wall time of finetuning on a GPU; trained: the adapters' run.json. Other stages do not record their device."""
    return sum(run["wall_seconds"] for run in trained if run["device"].startswith("cuda"))


def duration(seconds: float) -> str:
    """Seconds as a person says them: `< 1 s`, `42 s`, `3.5 min`, `2.1 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 1 else "< 1 s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _stage(path: Path) -> str:
    """The first name after `logs`: the rule of nearly every job."""
    name = path.parts[len(path.parts) - path.parts[::-1].index("logs")].removesuffix(".benchmark.tsv")
    return "figures" if name in FIGURES or name == "atlas" else name.replace("_", " ")


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
