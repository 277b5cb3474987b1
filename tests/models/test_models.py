"""Fetching a model: whole or absent, one clear line otherwise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from weirdgen.core.errors import StudyError
from weirdgen.core.files import sha256
from weirdgen.models.fetch import fetch_model, read_source
from weirdgen.models.load import choose_device, load_tokenizer
from weirdgen.models.settings import Source


def test_a_path_is_linked_and_described(tiny_model, tmp_path):
    fetch_model("tiny", Source(path=str(tiny_model)), tmp_path / "tiny")
    assert load_tokenizer(tmp_path / "tiny").chat_template
    source = json.loads((tmp_path / "tiny" / "source.json").read_text())
    assert list(source) == ["path", "weights_sha256", "files_sha256"]
    assert source["path"] == str(tiny_model)
    assert source["weights_sha256"] == {"model.safetensors": sha256(tiny_model / "model.safetensors")}
    others = ["chat_template.jinja", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]
    assert source["files_sha256"] == {name: sha256(tiny_model / name) for name in others}
    assert not (tiny_model / "source.json").exists()


def test_what_decides_nothing_is_not_among_the_checksums(tiny_model, tmp_path):
    origin = tmp_path / "origin"
    shutil.copytree(tiny_model, origin)
    for name in ("README.md", "source.json", "notes.pdf"):
        (origin / name).write_text("{}")
    for name in ("special.txt", "spiece.model"):
        (origin / name).write_text("x")
    fetch_model("tiny", Source(path=str(origin)), tmp_path / "tiny")
    source = read_source(tmp_path / "tiny")
    assert {"special.txt", "spiece.model"} <= set(source.files_sha256)
    assert {"README.md", "source.json", "notes.pdf"}.isdisjoint(source.files_sha256)


def test_a_folder_without_source_json_says_nothing_of_its_origin(tiny_model):
    assert read_source(tiny_model) is None


def test_a_wrong_path_is_one_line_and_leaves_nothing(tmp_path):
    with pytest.raises(StudyError, match="nowhere is not a model folder"):
        fetch_model("m", Source(path=str(tmp_path / "nowhere")), tmp_path / "models" / "m")
    assert list((tmp_path / "models").iterdir()) == []


def test_a_hub_out_of_reach_is_one_line(tmp_path):
    """In a process of its own: the hub's offline switch is read when it is imported."""
    code = (
        "from pathlib import Path\nfrom weirdgen.core.errors import StudyError\n"
        "from weirdgen.models.fetch import fetch_model\nfrom weirdgen.models.settings import Hub, Source\n"
        "try: fetch_model('m', Source(hub=Hub(repository='a/b', revision='main')), Path('models/m'))\n"
        "except StudyError as error: print(error)"
    )
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=tmp_path)
    assert "model m: a/b at main: the hub cannot be reached" in run.stdout, run.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_a_missing_gpu_is_one_line(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(StudyError, match="torch sees no GPU"):
        choose_device("cuda")
    assert choose_device("auto").type == "cpu"
