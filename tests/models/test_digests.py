"""What a model folder holds, without reading gigabytes twice."""

from __future__ import annotations

import os

import pytest

from weirdgen.core.files import sha256
from weirdgen.models import digests as module
from weirdgen.models.digests import digests

FILES = {"model.safetensors": "w", "config.json": "c", "tokenizer.json": "t", "chat_template.jinja": "j"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A model folder; `read` lists what was hashed since it was emptied."""
    read: list[str] = []
    monkeypatch.setattr(module, "sha256", lambda path: read.append(path.name) or sha256(path))
    for name, text in {**FILES, "README.md": "r", "source.json": "s", "notes.pdf": "p"}.items():
        (tmp_path / name).write_text(text)
    return tmp_path, read


def test_every_file_that_loading_depends_on_counts_and_no_other(folder, tmp_path_factory):
    path, _ = folder
    memory = tmp_path_factory.mktemp("memory") / "digests.json"
    assert digests(path, memory) == {name: sha256(path / name) for name in sorted(FILES)}


def test_a_file_is_read_again_only_where_its_size_or_time_changed(folder, tmp_path_factory):
    path, read = folder
    memory = tmp_path_factory.mktemp("memory") / "digests.json"
    before = digests(path, memory)
    assert sorted(read) == sorted(FILES)
    read.clear()
    assert digests(path, memory) == before
    assert read == []
    os.utime(path / "config.json", ns=(1, 1))
    assert digests(path, memory) == before
    assert read == ["config.json"]
    read.clear()
    (path / "model.safetensors").write_text("other")
    after = digests(path, memory)
    assert read == ["model.safetensors"]
    assert {name for name in before if before[name] != after[name]} == {"model.safetensors"}


def test_a_memory_that_cannot_be_read_costs_time_only(folder, tmp_path_factory):
    path, _ = folder
    memory = tmp_path_factory.mktemp("memory") / "digests.json"
    before = digests(path, memory)
    memory.write_text("{")
    assert digests(path, memory) == before


def test_a_folder_that_is_not_there_has_no_files(tmp_path):
    assert digests(tmp_path / "none", tmp_path / "digests.json") == {}
    assert not (tmp_path / "digests.json").exists()
