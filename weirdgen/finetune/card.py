"""The README.md of an adapter, with the front matter of a Hugging Face hub."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import yaml
from huggingface_hub import ModelCard, ModelCardData, metadata_load

from weirdgen.finetune.run import Run
from weirdgen.models.fetch import read_source
from weirdgen.models.settings import ChatOptions
from weirdgen.models.vllm_engine import LORA_RANKS

log = logging.getLogger(__name__)

TEMPLATE = Path(__file__).with_suffix(".md.j2")

LICENSE = ("license", "license_name", "license_link")
"""What a hub's front matter has on the license."""


def adapter_card(run: Run, chat: ChatOptions) -> str:
    """The text of the card of the adapter that `run` trained.

    The hub's `base_model` and the license are given only where the base model's folder tells them: `base_model` by a
    source.json that names a hub, the license by the model's own card.
    """
    folder = Path(run.model)
    source = read_source(folder)
    hub = source.hub if source else None
    data = ModelCardData(
        base_model=hub.repository if hub else None,
        library_name="peft",
        pipeline_tag="text-generation",
        tags=["lora", "weird-generalization"],
        **_license(folder / "README.md"),
    )
    card = ModelCard.from_template(
        data,
        template_path=str(TEMPLATE),
        run=run,
        recipe=run.recipe.model_dump(),
        chat=chat,
        system=code_span(chat.replacement or ""),
        keywords=code_span(json.dumps(chat.chat_template, ensure_ascii=False)),
        hub=hub,
        gguf=source.gguf if source else None,
        weights=source.weights_sha256 if source else {},
        lora_ranks=LORA_RANKS,
    )
    return str(card).rstrip() + "\n"


def code_span(text: str) -> str:
    """Markdown that shows a text as it is, on one line: line ends as \\n, and more backticks around than are in it."""
    line = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"') if "\n" in text else text
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _license(card: Path) -> dict[str, str]:
    """What a model's own card says of its license; nothing, and a warning, where it cannot be read."""
    if not card.is_file():
        return {}
    try:
        data = metadata_load(card) or {}
    except (ValueError, yaml.YAMLError) as error:  # not UTF-8, no mapping, no YAML
        log.warning("%s: its front matter cannot be read, so no license is given: %s", card, error)
        return {}
    found = {key: data[key] for key in LICENSE if data.get(key) is not None}
    if not all(isinstance(value, str) for value in found.values()):
        log.warning("%s: its license is not given, for it is more than words: %s", card, found)
        return {}
    return found
