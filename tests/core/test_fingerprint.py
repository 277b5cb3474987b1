"""The code param changes with what is computed, and with nothing else."""

from __future__ import annotations

import os
import shutil

import pytest
from conftest import ROOT

from weirdgen.core import fingerprint as module
from weirdgen.core.fingerprint import fingerprint


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A copy of the code, and how to edit it: edit(file, old, new)."""
    for name in ("weirdgen", "workflow"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "ROOT", tmp_path)

    def edit(name: str, old: str, new: str) -> None:
        path = tmp_path / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))

    return edit


SCRIPTS = ("fetch_model", "dataset", "finetune", "sample", "judge", "contrast", "effects", "report")


def hashes() -> dict[str, str]:
    found = {script: fingerprint(script) for script in SCRIPTS}
    for figure in ("effect_by_topic", "training_loss"):
        found[figure] = fingerprint(f"plot:weirdgen.plot.{figure}")
    return found


def changed(before: dict[str, str]) -> set[str]:
    after = hashes()
    return {name for name in before if before[name] != after[name]}


def test_a_comment_a_docstring_and_a_touch_change_nothing(tree):
    before = hashes()
    tree("weirdgen/finetune/finetune.py", "torch.manual_seed(seed)", "# a comment\n    torch.manual_seed(seed)")
    tree("weirdgen/models/packing.py", '"""Merge token sequences', '"""Put together token sequences')
    tree("workflow/scripts/finetune.py", "from pathlib", "# another\nfrom pathlib")
    assert changed(before) == set()


def test_a_column_said_in_other_words_changes_nothing_and_its_type_does(tree):
    before = hashes()
    tree("weirdgen/core/columns.py", "id of the judge", "name of the judge")
    tree("weirdgen/judge/judging.py", "matches of the lexicon or pattern", "hits of the lexicon or pattern")
    assert changed(before) == set()
    tree("weirdgen/core/columns.py", "paraphrase: int", "paraphrase: float")
    assert changed(before) == {"sample", "judge", "contrast"}


def test_what_training_computes_changes_training_only(tree):
    before = hashes()
    tree("weirdgen/finetune/finetune.py", "generator.shuffle(chosen)", "chosen.reverse()")
    assert changed(before) == {"finetune"}


def test_a_shared_module_changes_every_stage_that_uses_it(tree):
    before = hashes()
    tree("weirdgen/models/packing.py", "packed - padded", "padded - packed")
    assert changed(before) == {"finetune", "contrast"}


def test_a_colour_changes_figures_only(tree):
    before = hashes()
    tree("weirdgen/plot/style.py", 'TREATED = ("#D55E00"', 'TREATED = ("#D55E01"')
    assert changed(before) == {"effect_by_topic", "training_loss"}
    before = hashes()
    tree("weirdgen/plot/training_loss.py", "linewidth=0.9", "linewidth=1.9")
    assert changed(before) == {"training_loss"}


def test_how_a_model_is_loaded_or_a_figure_named_fetches_and_trains_nothing_again(tree):
    before = hashes()
    tree("weirdgen/models/load.py", "model.to(device).eval()", "model.eval().to(device)")
    assert "fetch_model" not in changed(before)
    before = hashes()
    tree("weirdgen/plot/catalogue.py", '"over_axis"', '"over_the_axis"')
    assert changed(before) == {"report"}
