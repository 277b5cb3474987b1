"""`--logger rich` beside the default profile: a bar per stage on a terminal, whole lines elsewhere, errors in both."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest
from tree import RESULTS, Tree

pytest.importorskip("snakemake_logger_plugin_rich")
TARGETS = [str(RESULTS / f"datasets/{name}.jsonl") for name in ("old_audubon", "modern_audubon", "modern_american")]


@pytest.fixture
def tree(tmp_path, tiny_model) -> Tree:
    """The project."""
    return Tree(tmp_path, tiny_model)


def on_a_terminal(tree: Tree, *arguments: str) -> str:
    """What a run writes to a terminal, control sequences left out."""
    shown, terminal = pty.openpty()
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments, "--configfile", "tiny.yaml"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    with subprocess.Popen(command, cwd=tree.root, env=environment, stdout=terminal, stderr=terminal) as run:
        os.close(terminal)
        text = b""
        while True:
            try:
                part = os.read(shown, 65536)
            except OSError:  # the other end is closed
                break
            text += part
    os.close(shown)
    assert run.returncode == 0, text.decode()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.decode())


def test_a_terminal_shows_a_bar_per_stage(tree):
    text = on_a_terminal(tree, *TARGETS, "--logger", "rich")
    assert re.search(r"Total Progress +━+ +100%", text)
    assert re.search(r"dataset +━+ +100%", text)
    assert all((tree.root / target).is_file() for target in TARGETS)


def test_a_failed_job_shows_its_log_and_the_others_go_on(tree):
    """`show-failed-logs` and `keep-going` of profiles/default hold."""
    tree.spoil("old_audubon")
    run = tree.snakemake(*TARGETS, "--logger", "rich", "--jobs", "1")
    assert run.returncode == 1
    output = run.stdout + run.stderr
    assert "Failed dataset" in output
    assert "Error: old_audubon: answers occur more than once" in output
    assert "ERROR old_audubon: " in output
    assert "Traceback" not in output
    assert [(tree.root / target).is_file() for target in TARGETS] == [False, True, True]
