"""What a stage computes, as a hash: the syntax trees of the modules it uses.

Snakemake's own code trigger goes by a script's modification time and does not see imported
modules. Each rule instead carries `fingerprint(...)` as a param: comments, docstrings, descriptions of
fields, blank lines and checkouts leave it as it is; a change of what is computed changes it.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = "weirdgen"
ROOT = Path(__file__).resolve().parent.parent.parent


def fingerprint(script: str) -> str:
    """Hash (16 hex digits) of `workflow/scripts/<script>.py` and every module of this package it imports.

    Imports inside functions count too; so do the packages' `__init__` modules. A name such as
    `plot:weirdgen.plot.training_loss` adds a module that the script imports by name.
    """
    name, *extra = script.split(":")
    seen: dict[Path, str] = {}
    _collect(ROOT / "workflow" / "scripts" / f"{name}.py", seen)
    for module in extra:
        for path in _module_files(module):
            _collect(path, seen)
    text = "\n".join(f"{path.relative_to(ROOT).as_posix()} {seen[path]}" for path in sorted(seen))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _collect(path: Path, seen: dict[Path, str]) -> None:
    if path in seen:
        return
    digest, imports = _parse(path, path.stat().st_mtime_ns)
    seen[path] = digest
    for module in imports:
        for file in _module_files(module):
            _collect(file, seen)


@cache
def _parse(path: Path, _mtime_ns: int) -> tuple[str, tuple[str, ...]]:
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    imports = tuple(_imports(tree))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and _has_docstring(node):
            node.body = node.body[1:]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Field":
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "description"]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imports


def _has_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return ast.get_docstring(node, clean=False) is not None


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module_files(module: str) -> Iterator[Path]:
    """The files importing `module` runs: its own and its parents' `__init__`; none for a name inside a module."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        base = ROOT.joinpath(*parts[:depth])
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                yield path
