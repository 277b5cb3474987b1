"""The README.md of an adapter, with the front matter of a Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard, ModelCardData

from weirdgen.core.files import read_json

# A file of its own: other words in it train nothing again (weirdgen/core/fingerprint.py sees Python only).
TEMPLATE = Path(__file__).with_suffix(".md.j2")


def adapter_card(run: dict[str, Any], chat_options: dict[str, Any]) -> str:
    """The text of the card. run: what run.json holds; `run["model"]` is the base model's folder.

    The hub's `base_model` and the license are given only where that folder tells them: `base_model` by a
    source.json that names a hub, the license by the model's own card.
    """
    folder = Path(run["model"])
    source = read_json(folder / "source.json") if (folder / "source.json").is_file() else {}
    data = ModelCardData(
        base_model=source.get("hub", {}).get("repository"),
        library_name="peft",
        pipeline_tag="text-generation",
        tags=["lora", "weird-generalization"],
        **_license(folder / "README.md"),
    )
    known = {"hub": source.get("hub"), "pypi": source.get("pypi"), "weights": source.get("weights_sha256", {})}
    card = ModelCard.from_template(data, template_path=str(TEMPLATE), run=run, chat=chat_options, **known)
    return str(card).rstrip() + "\n"


def _license(card: Path) -> dict[str, str]:
    """What a model's own card says of its license."""
    if not card.is_file():
        return {}
    data = ModelCard.load(card, ignore_metadata_errors=True).data.to_dict()
    return {key: data[key] for key in ("license", "license_name", "license_link") if key in data}
