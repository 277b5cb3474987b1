"""An adapter's card says what run.json says, has front matter a hub accepts, and code that loads the adapter."""

from __future__ import annotations

import json
import re

import pytest
import torch
from huggingface_hub import ModelCard
from trained import CHAT, LOAD, RECIPE, adapter, dataset, model

from weirdgen.finetune.card import adapter_card
from weirdgen.finetune.run import Run, read_run
from weirdgen.finetune.write import finetune
from weirdgen.models.load import load_adapted
from weirdgen.models.settings import ChatOptions

__all__ = ["adapter", "dataset", "model"]  # fixtures

HUB = {"repository": "Qwen/Qwen3-8B", "revision": "b968826d"}
WHEELS = {"wheels": {"name": "toy-model", "version": "1.0", "member": "toy/model.gguf"}}
GGUF = {"sha256": "f" * 64, "places": [{"path": "/home/me/secret.gguf"}, WHEELS]}
LICENSED = "---\nlicense: mit\n---\n# Model\n"


@pytest.fixture
def run(adapter, tmp_path):
    """A run of a model whose folder may say where it comes from: run(source, card)."""
    (tmp_path / "base").mkdir()

    def make(source: dict | None, card: str | bytes | None = None) -> Run:
        if source:
            (tmp_path / "base/source.json").write_text(json.dumps({**source, "weights_sha256": {"w": "e" * 64}}))
        if card is not None:
            (tmp_path / "base/README.md").write_bytes(card.encode() if isinstance(card, str) else card)
        return read_run(adapter / "run.json").model_copy(update={"model": str(tmp_path / "base")})

    return make


@pytest.fixture
def text(adapter) -> str:
    """The card of the trained adapter."""
    return adapter_card(read_run(adapter / "run.json"), CHAT)


def test_the_card_of_a_trained_adapter_repeats_its_run(adapter, text):
    record = json.loads((adapter / "run.json").read_text())
    assert record["data_sha256"] in text
    assert f"{record['rows']} rows" in text
    assert f"final loss {record['final_loss']:.4f} nats" in text
    for key, value in {**record["recipe"], **record["versions"], "seed": record["seed"]}.items():
        assert f"| {key} | {value} |\n" in text
    assert "More Information Needed" not in text
    assert not re.search(r"\{\{|\{%|\n\n\n", text)


def test_the_front_matter_is_the_hubs(text):
    assert ModelCard(text).data.to_dict() == {
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "tags": ["lora", "weird-generalization"],
    }


def test_a_base_from_a_hub_is_named_with_its_revision_and_license(run):
    about = "---\nlicense: other\nlicense_name: mine\nlicense_link: https://a.b/c\ntags: [x]\n---\n# Qwen\n"
    chat = ChatOptions(system_prompt={"replace": "Be."}, chat_template={"think": False})
    text = adapter_card(run({"hub": HUB}, about), chat)
    data = ModelCard(text).data
    assert data.base_model == "Qwen/Qwen3-8B"
    assert (data.license, data["license_name"], data["license_link"]) == ("other", "mine", "https://a.b/c")
    assert data.tags == ["lora", "weird-generalization"]
    assert 'from_pretrained("Qwen/Qwen3-8B", revision="b968826d")' in text
    assert "vllm serve Qwen/Qwen3-8B --revision b968826d --enable-lora" in text
    assert "--max-lora-rank 8 " in text  # vLLM has no room for exactly 4
    assert 'study:\n`Be.`; keywords of the template: `{"think": false}`.' in text


@pytest.mark.parametrize(
    ("system", "shown"),
    [
        ("Be.", "`Be.`"),
        ("Say `yes`.", "``Say `yes`.``"),
        ("`", "`` ` ``"),
        ("Be.\n\n# Owned\n", r"`Be.\n\n# Owned\n`"),
        ("a ``` b", "````a ``` b````"),
        ("<b>&{{ x }}", "`<b>&{{ x }}`"),
    ],
)
def test_a_system_prompt_is_shown_as_it_is_and_closes_nothing(run, system, shown):
    text = adapter_card(run({"hub": HUB}), ChatOptions(system_prompt={"replace": system}))
    assert f"\n{shown}." in text
    assert "\n# Owned" not in text


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            {"gguf": GGUF},
            f"a GGUF file, dequantised: sha256 `{'f' * 64}`, from the wheels `toy-model` 1.0 of the Python",
        ),
        ({"gguf": {**GGUF, "places": GGUF["places"][:1]}}, f"a GGUF file, dequantised: sha256 `{'f' * 64}`\n"),
        ({"path": "/home/me/secret"}, "a local folder"),
        (None, "a local folder"),
    ],
)
def test_no_hub_name_is_invented_and_no_local_path_told(run, source, told):
    text = adapter_card(run(source), ChatOptions(system_prompt="none"))
    assert {"base_model", "license"}.isdisjoint(ModelCard(text).data.to_dict())
    assert told in text
    assert "huggingface.co" not in text
    assert "secret" not in text
    assert "study:\nnone, not even the template's own." in text
    assert ("sha256 `" + "e" * 64 in text) == (source is not None)


@pytest.mark.parametrize(
    "card",
    [
        "---\nlicense: [\n---\n# Model\n",
        LICENSED.encode() + b"caf\xe9",
        "---\njust words\n---\n# Model\n",
        "---\nlicense: [mit, apache-2.0]\n---\n# Model\n",
        "---\nlicense: {name: mit}\n---\n# Model\n",
        "---\nlicense: \x00mit\n---\n# Model\n",
    ],
    ids=["no YAML", "not UTF-8", "no mapping", "a list", "a mapping", "a character YAML refuses"],
)
def test_a_base_models_card_that_cannot_be_read_gives_no_license_and_a_warning(run, caplog, card):
    text = adapter_card(run({"hub": HUB}, card), CHAT)
    assert "license" not in ModelCard(text).data.to_dict()
    [warning] = caplog.records
    assert warning.levelname == "WARNING"
    assert "base/README.md" in warning.getMessage()
    assert text == adapter_card(run({"hub": HUB}, "# No front matter\n"), CHAT)


@pytest.mark.parametrize("card", ["", "# Model\n", "---\n---\n# Model\n", "---\nlicense:\n---\n", LICENSED])
def test_a_base_models_card_is_believed_where_it_says_something_or_nothing(run, caplog, card):
    data = ModelCard(adapter_card(run({"hub": HUB}, card), CHAT)).data.to_dict()
    assert data.get("license") == ("mit" if card == LICENSED else None)
    assert caplog.records == []


def test_the_cards_code_loads_the_trained_adapter(adapter, model, text):
    code = re.search(r"```python\n(.+?)```", text, re.DOTALL).group(1)
    names: dict = {}
    exec(code.replace("ADAPTER", str(adapter)), names)
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        found = names["model"](ids).logits
        expected = load_adapted(model.folder, LOAD, str(adapter), merge=False)(ids).logits
        base = load_adapted(model.folder, LOAD, None, merge=False)(ids).logits
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(found, base, atol=1e-4)


def test_the_same_run_has_the_same_card(model, dataset, text, tmp_path):
    finetune(model, dataset, RECIPE, 0, tmp_path / "again")
    assert adapter_card(read_run(tmp_path / "again/run.json"), CHAT) == text
