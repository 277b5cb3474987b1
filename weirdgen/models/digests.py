"""What a model folder's files hold, by their sha256, remembered so that a plan does not read gigabytes twice."""

from __future__ import annotations

import os
from pathlib import Path

from weirdgen.core.files import read_json, sha256, write_json

ENDINGS = (".safetensors", ".json", ".jinja", ".model", ".txt")
"""Of the files that loading a model depends on."""


def decisive(folder: Path) -> list[Path]:
    """The files of a model folder that decide what a model computes; source.json and its card are not among them."""
    files = (path for path in folder.iterdir() if path.suffix in ENDINGS and path.name != "source.json")
    return sorted(path for path in files if path.is_file())


def digests(folder: Path, memory: Path) -> dict[str, str]:
    """File name -> sha256 of every decisive file; nothing for a folder that is not there.

    memory: a JSON file of what was read before, by size, time and inode; a file that still has all three is not
    read again.
    """
    if not folder.is_dir():
        return {}
    try:
        known: dict[str, list[str]] = read_json(memory)
    except (FileNotFoundError, ValueError):
        known = {}
    found, remembered = {}, dict(known)
    for path in decisive(folder):
        place, stamp = str(path.resolve()), _stamp(path)
        if known.get(place, [""])[0] != stamp:
            remembered[place] = [stamp, sha256(path)]
        found[path.name] = remembered[place][1]
    if remembered != known:
        write_json(memory, remembered)
    return found


def _stamp(path: Path) -> str:
    status = os.stat(path)
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"
