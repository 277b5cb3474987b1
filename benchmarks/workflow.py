"""The workflow as a user runs it, in a clone: `make study`, nothing to do, one figure again, plans; peak memory.

.venv/bin/python benchmarks/workflow.py [study] [plans]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from measure import ROOT, RUNS, Measurement, save

FIGURE = "results/smollm2-135m-instruct/old_bird_names/figures/effect_by_topic.png"


def seconds(command: str, folder: Path, project: Path) -> float:
    """Seconds of a command in a folder, with the environment of a project. Raises CalledProcessError if it fails."""
    began = time.perf_counter()
    path = f"{project / '.venv' / 'bin'}:{os.environ['PATH']}"
    subprocess.run(command, shell=True, cwd=folder, check=True, env={**os.environ, "PATH": path}, capture_output=True)
    return time.perf_counter() - began


def measured(work: str, side: str, run: int, taken: float) -> Measurement:
    """One row, told on the way."""
    print(f"{work}, {side}: {taken:.1f} s", flush=True)
    return Measurement(work, side, run, taken, 1, "runs", float("nan"))


def peak_memory(results: Path) -> list[Measurement]:
    """The largest job of each stage in GiB, from the workflow's own benchmark files."""
    peaks: dict[str, float] = {}
    for path in results.rglob("*.benchmark.tsv"):
        parts = path.relative_to(results).parts
        stage = parts[parts.index("logs") + 1].removesuffix(".benchmark.tsv")
        largest = pd.read_csv(path, sep="\t", na_values="-")["max_rss"].max() / 1024
        peaks[stage] = max(peaks.get(stage, 0), float(largest))
    nan = float("nan")
    return [Measurement("peak memory", stage, 0, nan, peak, "GiB", nan) for stage, peak in sorted(peaks.items())]


def plans(folder: Path) -> list[Measurement]:
    """Planning the paper's study, and the laptop's with more and more seeds."""
    rows = []
    for run in range(RUNS):
        taken = seconds("snakemake -n --quiet all --configfile studies/paper.yaml", folder, ROOT)
        rows.append(measured("plan", "studies/paper.yaml", run, taken))
        for seeds in (3, 12, 48):
            overlay = folder / f"seeds-{seeds}.json"
            overlay.write_text(json.dumps({"seeds": list(range(seeds))}))
            taken = seconds(f"snakemake -n --quiet all --configfile {overlay.name}", folder, ROOT)
            rows.append(measured("plan", f"{seeds} seeds", run, taken))
    return rows


def study(clone: Path) -> list[Measurement]:
    """`make study` once (its parts are measured in rounds elsewhere), then RUNS times what is left to do after it."""
    rows = [measured("make study", "from a clone", 0, seconds("make study", clone, clone))]
    rows += peak_memory(clone / "results")
    for run in range(RUNS):
        rows.append(measured("make study", "nothing to do", run, seconds("make study", clone, clone)))
        (clone / FIGURE).unlink()
        taken = seconds(f"snakemake --cores 1 {FIGURE}", clone, clone)
        rows.append(measured("make study", "one figure again", run, taken))
    return rows


if __name__ == "__main__":
    works = {"study": study, "plans": plans}
    for name in sys.argv[1:] or works:
        with tempfile.TemporaryDirectory(prefix="weirdgen-bench-") as folder:
            subprocess.run(["git", "clone", "--quiet", ROOT, f"{folder}/clone"], check=True)
            save(name, works[name](Path(folder, "clone")))
