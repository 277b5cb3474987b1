"""What a model's files of weights hold, from their first bytes: no weights are read, and no library is loaded."""

from __future__ import annotations

import json
from pathlib import Path

from weirdgen.core.errors import StudyError
from weirdgen.models.fetch import WEIGHTS


def shapes(folder: Path) -> dict[str, list[int]]:
    """The shape of every tensor of a model folder; none where the folder has no weights.

    Raises StudyError for a file that does not begin as safetensors do (8 bytes of length, then JSON).
    """
    found: dict[str, list[int]] = {}
    for path in sorted(folder.glob(f"*{WEIGHTS}")):
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = file.read(min(length, path.stat().st_size))  # of another kind of file it is any number
        try:
            tensors = json.loads(header)
            found |= {name: tensor["shape"] for name, tensor in tensors.items() if name != "__metadata__"}
        except (ValueError, AttributeError, KeyError, TypeError):
            raise StudyError(f"{path}: not a safetensors file, or cut short; fetch the model again") from None
    return found


def check_targets(targets: list[str], folder: Path, where: str) -> None:
    """Whether a model has the modules that a recipe trains, as far as the names of its weights tell.

    Of experts they do not: the library puts those together under other names. Raises StudyError.
    """
    modules = {name.removesuffix(".weight") for name, shape in shapes(folder).items() if len(shape) == 2}
    if not modules or any(".experts." in name for name in modules):
        return
    for target in targets:
        if not any(name == target or name.endswith(f".{target}") for name in modules):
            known = ", ".join(sorted({name.rpartition(".")[2] for name in modules}))
            raise StudyError(f"{where}: targets names '{target}'; the model has: {known}")
