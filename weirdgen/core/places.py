"""Where in a YAML or JSON file a value stands: errors name the line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_text
from weirdgen.core.strict_yaml import Loader

Location = Sequence[int | str]
"""Keys and places in lists, from the top of a file."""


class Places:
    """Files that a value was read from, or merged from in this order; each is read once."""

    def __init__(self, files: Sequence[str | Path]) -> None:
        self.files = {file: _parsed(file) for file in files}

    def of(self, location: Location, value: Any, otherwise: str) -> str:
        """`file:line` of the value at `location`; of several files, of the last that says it.

        Where a file does not go so far (a key is missing), the line of the innermost thing around it. `otherwise`: what
        is returned where of several files none holds any of it, or where another value stands there: it came from
        elsewhere.
        """
        best, found = int(len(self.files) > 1), otherwise
        for file, parsed in self.files.items():
            if parsed is None:
                continue
            depth, line, same = _line(*parsed, location, value)
            if same and depth >= best:
                best, found = depth, f"{file}:{line}"
        return found


def _parsed(file: str | Path) -> tuple[yaml.Node | None, Any] | None:
    """A file's nodes, which know their lines, and what they hold; None where it is not YAML."""
    try:
        text = read_text(file)
        return yaml.compose(text, Loader=Loader), yaml.load(text, Loader=Loader)
    except (yaml.YAMLError, StudyError):
        return None


def _line(node: yaml.Node | None, held: Any, location: Location, value: Any) -> tuple[int, int, bool]:
    """How far into `location` a file goes, the line of the innermost part, from 1, and whether `value` stands there."""
    line = node.start_mark.line + 1 if node else 1
    for depth, part in enumerate(location):
        inner = _inner(node, part)
        if inner is None:
            return depth, line, True
        key, node = inner
        line = key.start_mark.line + 1
        held = held[int(part)] if isinstance(held, list) else {str(name): own for name, own in held.items()}[str(part)]
    return len(location), line, held == value


def _inner(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """What begins an entry of a mapping or a list, and what the entry holds."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(part):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None
