"""A copy of the project in which the workflow runs on a tiny model."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT
from tiny import tiny_overlay

RESULTS = Path("results/tiny/old_bird_names")
TREE = ("Snakefile", "config.yaml", "rules", "profiles", "envs", "data", "weirdgen", "workflow")


class Tree:
    """A copy of the project in which things may be changed and runs are cheap."""

    def __init__(self, root: Path, model: Path) -> None:
        self.root = root
        for name in TREE:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, root / name)
        self.overlay = tiny_overlay(model)
        self.write_overlay()

    def write_overlay(self, **changes) -> None:
        (self.root / "tiny.yaml").write_text(json.dumps({**self.overlay, **changes}))

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments, "--configfile", "tiny.yaml"]
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True)

    def planned(self, *arguments: str) -> dict[str, int]:
        """What a dry run would do: rule -> number of jobs."""
        run = self.snakemake("-n", *arguments)
        assert run.returncode == 0, run.stdout + run.stderr
        stats = re.search(r"Job stats:\njob +count\n[- ]+\n(.*?)\n\n", run.stdout + run.stderr + "\n\n", re.DOTALL)
        rows = [line.split() for line in stats.group(1).splitlines()] if stats else []
        return {name: int(count) for name, count in rows if name not in ("all", "total")}

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text()
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, 1))

    def spoil(self, dataset: str) -> None:
        """Let the job of one dataset fail at an error that no plan can see."""
        failing = f'    check_unique("{dataset}", ["one"] * 2 * ("/{dataset}." in snakemake.output[0]))\n'
        head = "with job(snakemake) as log:\n"
        self.edit("workflow/scripts/data/dataset.py", head, head + failing)

    def restore(self, name: str) -> None:
        """Put a file back as a checkout would: same content, new time."""
        shutil.copyfile(ROOT / name, self.root / name)

    def copied(self, root: Path) -> Tree:
        """The same with everything in it, results and what Snakemake remembers too, in another place."""
        shutil.copytree(self.root, root, symlinks=True)
        tree = copy.copy(self)
        tree.root = root
        return tree
