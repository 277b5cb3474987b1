"""Fetching weights once into an ordinary folder: from a hub, a folder, or a GGUF file."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_json, replacing, sha256, write_json
from weirdgen.core.schema import parse
from weirdgen.models.digests import decisive
from weirdgen.models.gguf import dequantise, obtain
from weirdgen.models.settings import ChatOptions, Fetched, Hub, Source

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
    downloads = folder.with_name(f".download-{name}")
    with replacing(folder) as temporary:
        temporary.mkdir()
        if source.hub is not None:
            _fetch_hub(name, source.hub, temporary, SMALL)
            check_chat(name, temporary, chat or ChatOptions())
            _fetch_hub(name, source.hub, temporary, [f"*{WEIGHTS}"])
        elif source.path is not None:
            _link_folder(name, Path(source.path), temporary)
        elif source.gguf is not None:
            dequantise(obtain(name, source.gguf, downloads), temporary)
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
    shutil.rmtree(downloads, ignore_errors=True)


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
