"""What a fetched model's weights are, whatever they are called."""

from __future__ import annotations

from pathlib import Path

from weirdgen.core.errors import StudyError
from weirdgen.models.fetch import SOURCE, read_source


def weights_of(folder: Path) -> dict[str, str]:
    """File name -> sha256 of each file of weights, as source.json has them. Raises StudyError where it is missing."""
    source = read_source(folder)
    if source is None:
        raise StudyError(f"{folder / SOURCE}: no such file; fetch the model again: its weights are not known")
    return source.weights_sha256
