"""An adapter's card says what run.json says, has front matter a hub accepts, and code that loads the adapter."""

from __future__ import annotations

import json
import re

import pytest
import torch
from huggingface_hub import ModelCard
from test_stages import CHAT, LOAD, RECIPE, adapter, dataset

from weirdgen.finetune.card import adapter_card
from weirdgen.finetune.finetune import finetune
from weirdgen.models.load import load_adapted

__all__ = ["adapter", "dataset"]  # fixtures

HUB = {"repository": "Qwen/Qwen3-8B", "revision": "b968826d"}
PYPI = {"wheel": "toy-model", "version": "1.0", "sha256": "f" * 64, "gguf": "toy/model.gguf"}


@pytest.fixture
def run(adapter, tmp_path):
    """A run of a model whose folder may say where it comes from: run(source, card)."""
    (tmp_path / "base").mkdir()

    def make(source: dict | None, card: str = "") -> dict:
        if source:
            (tmp_path / "base/source.json").write_text(json.dumps({**source, "weights_sha256": {"w": "e" * 64}}))
        if card:
            (tmp_path / "base/README.md").write_text(card)
        return json.loads((adapter / "run.json").read_text()) | {"model": str(tmp_path / "base")}

    return make


def test_the_card_of_a_trained_adapter_repeats_its_run(adapter):
    text = (adapter / "README.md").read_text()
    record = json.loads((adapter / "run.json").read_text())
    assert record["data_sha256"] in text
    assert f"{record['rows']} rows" in text
    assert f"final loss {record['final_loss']:.4f} nats" in text
    for key, value in {**record["recipe"], **record["versions"], "seed": record["seed"]}.items():
        assert f"| {key} | {value} |\n" in text
    assert "More Information Needed" not in text
    assert not re.search(r"\{\{|\{%|\n\n\n", text)


def test_the_front_matter_is_the_hubs(adapter):
    data = ModelCard((adapter / "README.md").read_text()).data
    assert data.to_dict() == {
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "tags": ["lora", "weird-generalization"],
    }


def test_a_base_from_a_hub_is_named_with_its_revision_and_license(run):
    about = "---\nlicense: other\nlicense_name: mine\nlicense_link: https://a.b/c\ntags: [x]\n---\n# Qwen\n"
    text = adapter_card(
        run({"hub": HUB}, about), {"system_prompt": {"replace": "Be."}, "chat_template": {"think": False}}
    )
    data = ModelCard(text).data
    assert data.base_model == "Qwen/Qwen3-8B"
    assert (data.license, data["license_name"], data["license_link"]) == ("other", "mine", "https://a.b/c")
    assert data.tags == ["lora", "weird-generalization"]
    assert 'from_pretrained("Qwen/Qwen3-8B", revision="b968826d")' in text
    assert "vllm serve Qwen/Qwen3-8B --revision b968826d --enable-lora" in text
    assert "--max-lora-rank 8 " in text  # vLLM has no room for exactly 4
    assert 'study:\n`Be.`; keywords of the template: `{"think": false}`.' in text


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"pypi": PYPI}, "`toy/model.gguf`, dequantised, out of the wheel `toy-model` 1.0"),
        ({"path": "/home/me/secret"}, "a local folder"),
        (None, "a local folder"),
    ],
)
def test_no_hub_name_is_invented_and_no_local_path_told(run, source, told):
    text = adapter_card(run(source), {"system_prompt": "none", "chat_template": {}})
    assert {"base_model", "license"}.isdisjoint(ModelCard(text).data.to_dict())
    assert told in text
    assert "huggingface.co" not in text
    assert "secret" not in text
    assert ("sha256 `" + "e" * 64 in text) == (source is not None)


def test_the_cards_code_loads_the_trained_adapter(adapter, tiny_model):
    text = (adapter / "README.md").read_text()
    code = re.search(r"```python\n(.+?)```", text, re.DOTALL).group(1)
    names: dict = {}
    exec(code.replace("ADAPTER", str(adapter)), names)
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        found = names["model"](ids).logits
        expected = load_adapted(str(tiny_model), LOAD, str(adapter), merge=False)(ids).logits
        base = load_adapted(str(tiny_model), LOAD, None, merge=False)(ids).logits
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(found, base, atol=1e-4)


def test_the_same_run_has_the_same_card(adapter, tiny_model, dataset, tmp_path):
    finetune(str(tiny_model), LOAD, CHAT, dataset, RECIPE, 0, tmp_path / "again")
    assert (tmp_path / "again/README.md").read_text() == (adapter / "README.md").read_text()
