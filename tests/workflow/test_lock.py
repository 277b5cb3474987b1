"""After a killed run: what `make study` says, and that `make unlock` is all that it wants."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from tree import RESULTS, Tree


@pytest.fixture
def locked(tiny_model, tmp_path) -> Tree:
    """A study with the Makefile, locked as a run leaves it that was killed with a job under way."""
    tree = Tree(tmp_path, tiny_model)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy2(ROOT / name, tree.root / name)
    commands = tree.root / ".venv/bin"
    commands.mkdir(parents=True)
    for name in ("python", "snakemake"):
        (commands / name).symlink_to(Path(sys.executable).with_name(name))
    (tree.root / ".venv/ready").touch()
    locks = tree.root / ".snakemake/locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text(f"{card(tree)}\n")
    return tree


def card(tree: Tree) -> Path:
    return RESULTS / "datasets/old_audubon.jsonl"


def make(tree: Tree, *arguments: str) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MAKEFLAGS")}
    return subprocess.run(["make", *arguments], cwd=tree.root, env=environment, capture_output=True, text=True)


def test_a_locked_folder_is_told_in_one_line_and_freed(locked):
    target = f"ARGS={card(locked)} --configfile tiny.yaml"
    refused = make(locked, "study", target)
    assert refused.returncode != 0
    told = [line for line in refused.stdout.splitlines() if line.startswith("Error: this folder is locked")]
    assert len(told) == 1
    assert "make unlock, then make study" in told[0]
    assert not (locked.root / card(locked)).exists()
    assert make(locked, "unlock").returncode == 0
    going_on = make(locked, "study", target)
    assert going_on.returncode == 0, going_on.stdout + going_on.stderr
    assert (locked.root / card(locked)).is_file()
    assert "is locked" not in going_on.stdout


def test_a_job_that_fails_is_not_taken_for_a_lock(locked):
    assert make(locked, "unlock").returncode == 0
    locked.spoil("old_audubon")
    failed = make(locked, "study", f"ARGS={card(locked)} --configfile tiny.yaml")
    assert failed.returncode != 0
    assert "answers occur more than once" in failed.stdout + failed.stderr
    assert "is locked" not in failed.stdout
