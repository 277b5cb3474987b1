"""What a page says of its origin: the commit, the models, what stages cost."""

from __future__ import annotations

import json
import math
import subprocess

import pytest
from small_study import a_run

from weirdgen.core.names import BASE_ADAPTER
from weirdgen.report import provenance


def git(root, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


def test_the_commit_and_whether_anything_changed_since(tmp_path):
    assert provenance.commit(tmp_path) is None
    git(tmp_path, "init")
    assert provenance.commit(tmp_path) is None
    (tmp_path / "code").mkdir()
    (tmp_path / "code/a.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    found = provenance.commit(tmp_path)
    assert len(found.sha) == 40
    assert found.differing == 0
    assert provenance.commit(tmp_path / "code") is None  # a folder inside somebody's repository is not its checkout
    (tmp_path / "code/a.py").write_text("2")
    (tmp_path / "b.py").write_text("3")
    assert provenance.commit(tmp_path).differing == 2


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.commit() is None
    assert provenance.hardware().gpus == []


def test_this_machine_has_a_processor_and_memory():
    found = provenance.hardware()
    assert found.cpu
    assert found.cores >= 1
    assert found.memory > 2**28


def test_versions_of_what_is_not_there_are_left_out(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package"))
    assert list(provenance.versions()) == ["python", "numpy"]


def test_a_model_s_weights_are_counted_from_its_files(tmp_path):
    header = {"__metadata__": {"format": "pt"}, "a": {"shape": [3, 4]}, "b": {"shape": [5]}}
    text = json.dumps(header).encode()
    (tmp_path / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * 68)
    hub = {"repository": "a/b", "revision": "r"}
    source = {"hub": hub, "weights_sha256": {"f": "0"}, "files_sha256": {"g": "1"}}
    (tmp_path / "source.json").write_text(json.dumps(source))
    assert provenance.model(tmp_path) == provenance.Origin(17, {"hub": hub})
    assert provenance.model(tmp_path / "gone") == provenance.Origin(0, {})


def test_stages_sum_the_benchmarks_of_the_runs_shown(tmp_path):
    files = {
        "m/birds/logs/finetune/old/default/seed-0": "60\t100\t30",
        "m/birds/logs/finetune/old/default/seed-1": "90\t300\tNA",
        "m/birds/logs/plot/training_loss": "2\t50\t1",
        "m/birds/logs/analyse/effects": "5\t70\t4",
        "logs/plot/atlas": "1\t60\t1",
        "logs/models/m": "7\t-\t-",
        "other/birds/logs/analyse/effects": "1000\t1\t1",
    }
    for name, row in files.items():
        path = tmp_path / f"{name}.benchmark.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tmax_rss\tcpu_time\n{row}\n")
    found = provenance.stages(tmp_path, [("m", "birds")])
    assert [(stage.stage, stage.jobs, stage.seconds, stage.longest) for stage in found] == [
        ("finetune", 2, 150, 90),
        ("models", 1, 7, 7),
        ("analyse", 1, 5, 5),
        ("plot", 2, 3, 2),
    ]
    assert (found[0].cpu, found[0].memory) == (30, 300 * 2**20)
    assert [math.isnan(stage.memory) for stage in found] == [False, True, False, False]


def test_no_benchmarks_are_no_stages(tmp_path):
    assert provenance.stages(tmp_path, []) == []


def test_only_training_on_a_gpu_counts_as_gpu_time(tmp_path):
    run = a_run(tmp_path, BASE_ADAPTER)
    runs = [run.model_copy(update={"device": device, "wall_seconds": 5.0}) for device in ("cuda:0", "cpu")]
    assert provenance.gpu_seconds(runs) == 5


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "< 1 s"), (89, "89 s"), (90, "1.5 min"), (5399, "90.0 min"), (7200, "2.0 h")]
)
def test_durations_are_said_as_people_say_them(seconds, words):
    assert provenance.duration(seconds) == words
