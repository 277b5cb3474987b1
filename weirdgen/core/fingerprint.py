"""What a stage computes, as hashes: one per function, class or constant of this package that its script reaches.

Snakemake's own code trigger goes by a script's modification time and does not see imported modules. Each rule instead
carries these as params: a change of what is computed changes one of them, and a plan names it. What computes nothing is
left out: comments, docstrings, descriptions of fields, type hints, log lines, the words of progress bars (`desc=`) and
of raised errors, what other definitions of a module say, and where in the tree a module lies.

A name is followed to what defines it, through imports; a class counts with all its methods, a module used as an object
with all it defines. Not seen is what only a decorator or a string leads to: no stage here registers functions that way.
"""

from __future__ import annotations

import ast
import hashlib
import os
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

PACKAGE = "weirdgen"
ROOT = Path(__file__).resolve().parent.parent.parent

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
WORDS = {"Field": ("description",), "tqdm": ("desc", "unit")}
"""What is called -> the keywords that hold words; `desc` does everywhere."""

Import = tuple[str, str]
"""A module, and the name in it; empty for the module itself."""


def fingerprint(script: str, *modules: str) -> dict[str, str]:
    """Definition -> hash (8 hex digits) of all that `workflow/scripts/<script>.py` reaches; itself is `script`.

    modules: modules of this package that the script imports by a name made at run time: all they define counts.
    Definitions of the same name are `name`, `name (2)` ... Raises ValueError for an import that cannot be followed.
    """
    start = Definition("script", _parse(ROOT / "workflow" / "scripts" / f"{script}.py"), {})
    waiting = [start, *(each for module in modules for each in _everything(module))]
    reached: dict[int, Definition] = {}
    while waiting:
        one = waiting.pop()
        if id(one) not in reached:
            reached[id(one)] = one
            waiting += one.reaches
    named: dict[str, list[str]] = {}
    for one in reached.values():
        named.setdefault(one.name, []).append(one.digest)
    return {
        name if i == 0 else f"{name} ({i + 1})": digest[:8]
        for name in sorted(named)
        for i, digest in enumerate(sorted(named[name]))
    }


def listed(code: dict[str, str]) -> list[str]:
    """The params that hold hashes, one per definition: Snakemake prints those that changed."""
    return [f"code of {name}: {digest}" for name, digest in code.items()]


@dataclass(eq=False)
class Definition:
    """A statement of a module's top level, named for what it defines."""

    name: str
    node: ast.AST
    around: dict[str, Import]
    """What the module's imports bind."""
    module: str = ""

    @cached_property
    def imports(self) -> dict[str, Import]:
        """What imports inside of it bind."""
        return _imports(self.node)

    @cached_property
    def plain(self) -> ast.AST:
        """It without what computes nothing."""
        return ast.fix_missing_locations(_Plain().visit(self.node))

    @cached_property
    def uses(self) -> dict[str, set[str]]:
        """The names it takes from outside, with the attributes taken of each."""
        imports = self.imports  # read before `plain` leaves them out
        free = _globals(self.plain) | imports.keys()
        return {name: attributes for name, attributes in _uses(self.plain).items() if name in free}

    @cached_property
    def reaches(self) -> list[Definition]:
        """The definitions of this package that it uses itself."""
        return [other for name in self.uses for other in _resolve(self, name)]

    @cached_property
    def digest(self) -> str:
        """What an imported name stands for counts; where in this package it comes from does not."""
        known = {**self.around, **self.imports}
        bound = sorted(f"{name} = {_origin(known[name])}" for name in self.uses if name in known)
        return hashlib.sha256("\n".join([*_written(self.plain), *bound]).encode()).hexdigest()


@dataclass
class Module:
    """The top level of a file: what its names stand for, and what is executed when it is imported."""

    names: dict[str, list[Definition]] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
    effects: list[Definition] = field(default_factory=list)


def _resolve(one: Definition, name: str) -> Iterator[Definition]:
    """The definitions behind a name that a definition uses."""
    module = _module(one.module)
    bound = one.imports.get(name) or (module.imports.get(name) if module and name not in module.names else None)
    if bound:
        yield from _imported(bound, one.uses[name])
    elif module:
        yield from module.names.get(name, ())
        yield from module.effects


def _imported(bound: Import, attributes: set[str]) -> Iterator[Definition]:
    """The definitions behind an imported name; of a module those of the attributes used, or all."""
    where, name = bound
    if where.split(".")[0] != PACKAGE:
        return
    inner = f"{where}.{name}" if name else where
    module = _module(inner)
    if module is not None:
        for attribute in attributes - {""}:
            yield from _imported((inner, attribute), {""})
        yield from _everything(inner) if "" in attributes else module.effects
    elif (holder := _module(where)) is not None:
        yield from holder.names.get(name, ())
        yield from holder.effects
        if name in holder.imports:
            yield from _imported(holder.imports[name], attributes)


def _everything(name: str) -> Iterator[Definition]:
    module = _module(name)
    if module is None:
        raise ValueError(f"{name}: no such module")
    for definitions in module.names.values():
        yield from definitions
    yield from module.effects


@cache
def _module(name: str) -> Module | None:
    """A module of this package; None for a name inside one, and for the script, which is no module.

    A plan is one process, and reads a file once.
    """
    base = os.path.join(ROOT, *name.split("."))
    for path in (f"{base}.py", os.path.join(base, "__init__.py")):
        if name and os.path.isfile(path):
            return _read(name, path)
    return None


def _parse(path: str | Path) -> ast.Module:
    return ast.parse(Path(path).read_text(encoding="utf-8"), filename=str(path))


def _read(name: str, path: str) -> Module:
    module = Module()
    statements = [node for node in _parse(path).body if not _typing_only(node) and not _is_text(node)]
    for node in statements:
        module.imports |= _imports(node)
    for node in statements:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        simple = isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Assign, ast.AnnAssign))
        binds = _binds(node)
        one = Definition(binds[0] if binds else "at import", node, module.imports, name)
        for bound in binds:
            module.names.setdefault(bound, []).append(one)
        if not simple or not binds:
            module.effects.append(one)
    return module


def _origin(bound: Import) -> str:
    """A library's name in full; of this package a definition's own name, and of a module nothing: it may move."""
    where, name = bound
    if where.split(".")[0] != PACKAGE:
        return f"{where}.{name}"
    return "" if _module(f"{where}.{name}" if name else where) else name


def _imports(node: ast.AST) -> dict[str, Import]:
    """Every name that an import inside a statement binds. Raises ValueError for those that cannot be followed."""
    found: dict[str, Import] = {}
    for each in ast.walk(node):
        if isinstance(each, ast.ImportFrom):
            if each.level or any(alias.name == "*" for alias in each.names):
                raise ValueError(f"line {each.lineno}: a relative import, or of `*`, cannot be followed")
            found |= {alias.asname or alias.name: (each.module or "", alias.name) for alias in each.names}
        elif isinstance(each, ast.Import):
            for alias in each.names:
                if alias.name.split(".")[0] == PACKAGE and not alias.asname:
                    raise ValueError(f"line {each.lineno}: `import {alias.name}` cannot be followed: use `from`")
                found[alias.asname or alias.name.split(".")[0]] = (alias.name, "")
    return found


def _binds(node: ast.stmt) -> list[str]:
    """The names that a statement of the top level gives a value."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Expr):
        return []
    table = symtable.symtable(ast.unparse(node), "", "exec")
    return sorted(symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned())


def _globals(node: ast.AST) -> set[str]:
    """The names that a statement takes from its module: what it binds for itself is not among them."""
    waiting, found = [symtable.symtable(ast.unparse(node), "", "exec")], set()
    found = {symbol.get_name() for symbol in waiting[0].get_symbols() if symbol.is_referenced()}
    while waiting:
        table = waiting.pop()
        # What a class binds it may have read from outside before: `size = size`.
        inside = table.get_type() == "class"
        found |= {
            each.get_name() for each in table.get_symbols() if each.is_global() or (inside and each.is_referenced())
        }
        waiting += table.get_children()
    return found


def _uses(node: ast.AST) -> dict[str, set[str]]:
    """Name -> the attributes taken of it; the empty one where it is used as a whole."""
    taken = {
        id(each.value): each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name)
    }
    found: dict[str, set[str]] = {}
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            found.setdefault(each.id, set()).add(taken.get(id(each), ""))
    return found


def _written(node: object) -> Iterator[str]:
    """A tree in one form whatever the version of Python: no places, nothing that is empty."""
    if isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name, value in ast.iter_fields(node):
            if value is not None and value != [] and name not in ("ctx", "type_comment"):
                yield f"{name}="
                yield from _written(value)
        yield ")"
    elif isinstance(node, list):
        for each in node:
            yield from _written(each)
    else:
        yield f"{type(node).__name__}:{node!r}"


class _Plain(ast.NodeTransformer):
    """Leaves out what computes nothing."""

    in_class = False

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                kept = [each for each in statements if not _is_text(each) and not _tells(each)]
                emptied = name == "body" and not kept and isinstance(node, ast.stmt | ast.excepthandler)
                setattr(node, name, [ast.Pass()] if emptied else kept)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        around, self.in_class = self.in_class, False
        self.generic_visit(node)
        self.in_class = around
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        around, self.in_class = self.in_class, True
        self.generic_visit(node)
        self.in_class = around
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """A variable's type is no part of what is computed; a field's of a class may be."""
        self.generic_visit(node)
        return node if self.in_class or node.value is None else ast.Assign([node.target], node.value)

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        kept = [alias for alias in node.names if alias.name.split(".")[0] != PACKAGE]
        return ast.Import(kept) if kept else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if (node.module or "").split(".")[0] == PACKAGE else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        words = WORDS.get(_called(node), ("desc",))
        node.keywords = [keyword for keyword in node.keywords if keyword.arg not in words]
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call) and _called(node.exc) != "SystemExit":
            node.exc = node.exc.func
        return self.generic_visit(node)


def _called(node: ast.Call) -> str:
    """The name of what is called, without what it is an attribute of."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _tells(node: ast.stmt) -> bool:
    """Whether a statement only says something: to the log, or to whoever watches."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return False
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        return call.func.value.id == "log"
    return _called(call) == "print" and any(keyword.arg == "file" for keyword in call.keywords)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _typing_only(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
