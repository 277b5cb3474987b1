"""A study that reaches every stage in two minutes, the same twice but for times: what torture is compared by."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from endpoint import Endpoint, completion
from tiny import make_tiny_model, tiny_overlay
from tree import Tree

Row = TypeVar("Row")
HERE = Path(__file__).resolve().parent
STAGES = {
    "models": ["resources/models"],
    "data": ["results/tiny/*/datasets"],
    "finetune": ["results/tiny/*/adapters"],
    "sample": ["results/tiny/*/samples"],
    "judge": ["results/tiny/*/judgments", "results/tiny/*/model_judgments.parquet", "results/judges/*.parquet"],
    "contrast": ["results/tiny/*/contrasts"],
    "analyse": ["results/tiny/*/tables", "results/judges/*.csv"],
    "plot": ["results/tiny/*/figures", "results/figures"],
    "report": ["results/report.html"],
}
"""Stage -> what its jobs make."""

TIMES = {"wall_seconds", "tokens_per_second", "peak_memory_bytes"}
"""Keys of run.json and columns of tables that say how long it took."""


def answer(number: int, body: dict[str, Any]) -> dict[str, Any]:
    """A judging model that says the same of the same prompt, whenever it is asked."""
    prompt = body["messages"][0]["content"]
    if "whole number from 0 to 100" in prompt:
        return completion("50")
    labels = ("past", "modern", "other") if "mentions_past" not in prompt else ("modern", "present", "hm")
    return completion(labels[hashlib.sha256(prompt.encode()).digest()[0] % 3])


class Torture:
    """A tree of the project with a tiny model, an endpoint that judges, and runs that may be broken off.

    A run ends at its first failed job: with `keep-going` the other stages would be done before it is their turn.
    """

    def __init__(self, folder: Path, results: Path | None = None) -> None:
        """results: where `results/` lies, if not in the tree."""
        self.tree = Tree(folder, make_tiny_model(folder / "tiny-model"))
        self.endpoint = Endpoint(answer)
        if results:
            (folder / "results").symlink_to(results)
        server = {"base_url": self.endpoint.url, "model": "m", "key": None, "max_requests": 10**6, "max_tokens": 10**9}
        self.tree.overlay = tiny_overlay(folder / "tiny-model") | {
            "experiments": ["old_bird_names", "us_presidents"],
            "seeds": [0],
            "judging": {"backend": "openai", "openai": server},
        }
        self.tree.write_overlay()
        self.tree.edit("profiles/default/config.yaml", "keep-going: true", "keep-going: false")

    def run(self, *arguments: str, **broken: str) -> tuple[int, str]:
        """Exit status and output of Snakemake in a process group of its own; broken: what `killable.py` reads."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TORTURE_")}
        environment |= {f"TORTURE_{key.upper()}": value for key, value in broken.items()}
        environment["PYTHONPATH"] = f"{HERE / 'hook'}:{self.tree.root}"
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "rules", *arguments]
        with tempfile.TemporaryFile("w+") as output:
            running = subprocess.Popen(
                [*command, "--configfile", "tiny.yaml"],
                cwd=self.tree.root,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            status = running.wait()
            with suppress(ProcessLookupError):  # a killed Snakemake leaves its jobs
                os.killpg(running.pid, signal.SIGKILL)
            output.seek(0)
            return status, output.read()

    def forget(self, stage: str) -> None:
        """Remove what a stage made: some of its jobs may have run while another stage was broken."""
        for path in (path for pattern in STAGES[stage] for path in self.tree.root.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def made(self) -> dict[str, str]:
        """What every file of the results says, times aside, by its path."""
        results = (self.tree.root / "results").resolve()
        files = (path for path in results.rglob("*") if path.is_file() and not is_record(path.relative_to(results)))
        return {str(path.relative_to(results)): said(path) for path in sorted(files)}

    def close(self) -> None:
        self.endpoint.close()


def is_record(path: Path) -> bool:
    """Whether a file is none of the results: a log, what it cost, what a killed job had begun or goes on from."""
    return (
        not {"logs", "checkpoints"}.isdisjoint(path.parts)
        or any(part.startswith(".tmp-") for part in path.parts)
        or path.name == "ballast"
    )


def said(path: Path) -> str:
    """A digest of what a file says, times aside."""
    if path.name == "run.json":
        return digest(json.dumps(without_times(json.loads(path.read_text()))).encode())
    if path.suffix == ".csv" and path.stem in ("train_log", "training"):
        import pandas as pd

        table = pd.read_csv(path)
        return digest(table.drop(columns=list(TIMES & set(table))).to_csv().encode())
    if path.suffix in (".html", ".md"):
        return digest(re.sub(COSTS, "", path.read_text(), flags=re.DOTALL).encode())
    return digest(path.read_bytes())


COSTS = "|".join(
    (
        "<dt>(Page made|Cost)</dt>.*?</dd>",
        "Cost by stage.*?</table>",
        r"(< )?[\d.]+ (s|min|h) of training in all, at most [\d.]+ GB",
    )
)
"""What a page or an adapter's card says of when it was made and what that took."""


def without_times(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in value.items() if key not in TIMES}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def read_rows(file: Path, kind: type[Row]) -> list[Row]:
    """The rows of a table that `write_rows` wrote."""
    with open(file, newline="") as rows:
        return [TypeAdapter(kind).validate_python(row) for row in csv.DictReader(rows)]


def write_rows(file: Path, rows: list[Row]) -> None:
    """Dataclasses as CSV."""
    with open(file, "w", newline="") as table:
        writer = csv.DictWriter(table, list(asdict(rows[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(asdict, rows))
