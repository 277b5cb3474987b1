"""The code params change with what is computed, and with nothing else; and they name what changed."""

# ruff: noqa: E501 - a case a line

from __future__ import annotations

import pytest
from conftest import ROOT

from weirdgen.core import fingerprint as module
from weirdgen.core.fingerprint import fingerprint, listed

SCRIPT = "workflow/scripts/stage/rule.py"
A, B, C = "weirdgen/a.py", "weirdgen/b.py", "weirdgen/deep/c.py"


class Tree:
    """A package and its script on disk, and what is edited there."""

    def __init__(self, root) -> None:
        self.root = root

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        module._module.cache_clear()

    def edited(self, name: str, old: str, new: str) -> set[str]:
        """The definitions that a plan would name."""
        before = fingerprint("stage/rule")
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))
        after = fingerprint("stage/rule")
        return {key for key in before | after if before.get(key) != after.get(key)}


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Tree:
    """An empty package with a script that calls `work` of its module `a`."""
    monkeypatch.setattr(module, "ROOT", tmp_path)
    tree = Tree(tmp_path)
    tree.write("weirdgen/__init__.py", "")
    tree.write("weirdgen/deep/__init__.py", "")
    tree.write(SCRIPT, "from weirdgen.a import work\n\nwork(snakemake.input)\n")
    return tree


# What module a holds, what is edited there, and the definitions that a plan then names.
COMPUTES = {
    "a body": ("def work(x):\n    return x + 1", "+ 1", "+ 2", {"work"}),
    "a function called": ("def help(x):\n    return 1\ndef work(x):\n    return help(x)", "return 1", "return 2", {"help"}),
    "a constant": ("MOST = 3\ndef work(x):\n    return MOST", "= 3", "= 4", {"MOST"}),
    "a default": ("MOST = 3\ndef work(x, most=MOST):\n    return most", "= 3", "= 4", {"MOST"}),
    "one of two targets": ("LOW, HIGH = 1, 2\ndef work(x):\n    return HIGH", "1, 2", "1, 3", {"HIGH"}),
    "a decorator": (
        "def twice(f):\n    return lambda x: 2 * f(x)\n@twice\ndef work(x):\n    return x",
        "2 *",
        "3 *",
        {"twice"},
    ),
    "a base class": ("class Base:\n    n = 1\nclass One(Base): ...\ndef work(x):\n    return One()", "n = 1", "n = 2", {"Base"}),
    "a method": ("class One:\n    def n(self):\n        return 1\ndef work(x):\n    return One().n()", "return 1", "return 2", {"One"}),
    "a class attribute of its own name": ("n = 3\nclass One:\n    n = n\ndef work(x):\n    return One.n", "n = 3\n", "n = 4\n", {"n"}),
    "the type of a field": ("class Row:\n    n: int\ndef work(x):\n    return Row()", "int", "float", {"Row"}),
    "what the type of a field stands for": (
        "Size = int\nclass Row:\n    n: Size\ndef work(x):\n    return Row()",
        "Size = int",
        "Size = float",
        {"Size"},
    ),
    "a table of functions": (
        "def one():\n    return 1\nTABLE = {1: one}\ndef work(x):\n    return TABLE[x]()",
        "return 1",
        "return 2",
        {"one"},
    ),
    "a name in an f-string": ("N = 1\ndef work(x):\n    return f'{N}'", "N = 1", "N = 2", {"N"}),
    "a name in a comprehension": ("N = 1\ndef work(x):\n    return [y + N for y in x]", "N = 1", "N = 2", {"N"}),
    "a name in a nested function": (
        "N = 1\ndef work(x):\n    def inner():\n        return N\n    return inner()",
        "N = 1",
        "N = 2",
        {"N"},
    ),
    "a statement at import": ("TABLE = {}\nTABLE['a'] = 1\ndef work(x):\n    return TABLE", "= 1", "= 2", {"at import"}),
    "a call at import": ("import other\nother.use('A')\ndef work(x):\n    return x", "'A'", "'B'", {"at import"}),
    "another library's function": ("from fast import sort\ndef work(x):\n    return sort(x)", "fast", "slow", {"work"}),
    "another library under one name": ("import fast as f\ndef work(x):\n    return f.sort(x)", "fast", "slow", {"work"}),
    "a library imported inside": ("def work(x):\n    from fast import sort\n    return sort(x)", "fast", "slow", {"work"}),
    "a condition before an error": ("def work(x):\n    if x > 1:\n        raise ValueError('large')", "> 1", "> 2", {"work"}),
    "the kind of an error": ("def work(x):\n    raise ValueError('x')", "ValueError", "KeyError", {"work"}),
    "an exit code": ("def work(x):\n    raise SystemExit(3)", "(3)", "(4)", {"work"}),
    "a unit that is no word": ("import pandas as pd\ndef work(x):\n    return pd.to_datetime(x, unit='s')", "'s'", "'ms'", {"work"}),
    "print to a file that is a result": ("def work(x):\n    return print(x, file=x)", "print(x,", "print(1,", {"work"}),
}  # fmt: skip


@pytest.mark.parametrize("case", COMPUTES)
def test_what_is_computed_changes_the_hash_of_its_definition(tree, case):
    text, old, new, names = COMPUTES[case]
    tree.write(A, text)
    assert tree.edited(A, old, new) == names


WORDS = {
    "a docstring": ('def work(x):\n    """Say."""\n    return x', "Say", "Tell"),
    "the docstring of a class": ('class One:\n    """Say."""\ndef work(x):\n    return One()', "Say", "Tell"),
    "what is said of a constant": ('N = 1\n"""Say."""\ndef work(x):\n    return N', "Say", "Tell"),
    "a comment": ("def work(x):\n    return x  # say", "say", "tell"),
    "a blank line": ("def work(x):\n    return x", "work(x):\n", "work(x):\n\n"),
    "a log line": ("def work(x):\n    log.info('say %d', x)\n    return x", "'say %d', x", "'tell'"),
    "a log line alone in a branch": ("def work(x):\n    if x:\n        log.info('say')\n    return x", "say", "tell"),
    "a line for whoever watches": ("def work(x):\n    print('say', file=sys.stderr)\n    return x", "say", "tell"),
    "the words of an error": ("def work(x):\n    raise StudyError(f'{x}: say')", "say", "tell"),
    "what makes the words of an error": (
        "def say(x):\n    return 1\ndef work(x):\n    raise StudyError(say(x)) from None",
        "return 1",
        "return 2",
    ),
    "a progress bar": ("def work(x):\n    return list(tqdm(x, desc='say', unit='row'))", "desc='say', unit='row'", "unit='step'"),
    "words for a progress bar further in": ("def work(x):\n    return one(x, desc=f'say {x}')", "f'say {x}'", "'tell'"),
    "the description of a field": ("class Row:\n    n: int = Field(ge=1, description='say')\ndef work(x):\n    return Row()", "say", "tell"),
    "a type hint": ("def work(x: int) -> int:\n    y: int = x\n    return y", "int", "float"),
    "what a type hint stands for": ("class Row:\n    n = 1\ndef work(x: Row) -> Row:\n    return x", "n = 1", "n = 2"),
    "another definition": ("def other():\n    return 1\ndef work(x):\n    return x", "return 1", "return 2"),
    "what a local name hides": ("def n():\n    return 1\ndef work(n):\n    return n", "return 1", "return 2"),
    "an attribute of that name": ("def n():\n    return 1\ndef work(x):\n    return x.n", "return 1", "return 2"),
    "imports for type checkers": ("if TYPE_CHECKING:\n    import pandas\ndef work(x):\n    return x", "pandas", "numpy"),
    "the order of definitions": ("A = 1\nB = 2\ndef work(x):\n    return A, B", "A = 1\nB = 2", "B = 2\nA = 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", WORDS)
def test_what_computes_nothing_changes_nothing(tree, case):
    text, old, new = WORDS[case]
    tree.write(A, text)
    assert tree.edited(A, old, new) == set()


ONE = "def one():\n    return 1\ndef two():\n    return 1\n"
FOLLOWED = {
    "from a module": "from weirdgen.b import one\ndef work(x):\n    return one()",
    "under another name": "from weirdgen.b import one as first\ndef work(x):\n    return first()",
    "an attribute of a module": "from weirdgen import b\ndef work(x):\n    return b.one()",
    "inside a function": "def work(x):\n    from weirdgen.b import one\n    return one()",
    "a module inside a function": "def work(x):\n    from weirdgen import b as c\n    return c.one()",
    "through another module": "from weirdgen.deep.c import one\ndef work(x):\n    return one()",
}


@pytest.mark.parametrize("case", FOLLOWED)
def test_names_are_followed_into_other_modules(tree, case):
    tree.write(A, FOLLOWED[case])
    tree.write(B, ONE)
    tree.write(C, "from weirdgen.b import one\n")
    assert {"one", "script", "work"} == set(fingerprint("stage/rule"))
    assert tree.edited(B, "two():\n    return 1", "two():\n    return 2") == set()
    assert tree.edited(B, "one():\n    return 1", "one():\n    return 2") == {"one"}


def test_a_module_used_as_an_object_counts_with_all_it_defines(tree):
    tree.write(A, "from weirdgen import b\ndef work(x):\n    return getattr(b, x)()")
    tree.write(B, ONE)
    assert tree.edited(B, "two():\n    return 1", "two():\n    return 2") == {"two"}


def test_two_imported_names_that_change_places_count(tree):
    tree.write(A, "from weirdgen.b import one as x, two as y\ndef work(z):\n    return x() - y()")
    tree.write(B, ONE)
    assert tree.edited(A, "one as x, two as y", "two as x, one as y") == {"work"}


def test_modules_that_a_script_imports_by_name_count_with_all_they_define(tree):
    tree.write(A, "def work(x):\n    return x")
    tree.write(B, ONE)
    assert set(fingerprint("stage/rule", "weirdgen.b")) == {"one", "script", "two", "work"}


def test_where_a_definition_stands_does_not_count(tree):
    tree.write(A, FOLLOWED["from a module"])
    tree.write(B, ONE)
    before = fingerprint("stage/rule")
    tree.write(C, ONE)
    tree.write(A, FOLLOWED["from a module"].replace("weirdgen.b", "weirdgen.deep.c"))
    assert fingerprint("stage/rule") == before


def test_two_definitions_of_one_name_are_two(tree):
    tree.write(A, "from weirdgen import b\ndef one():\n    return 3\ndef work(x):\n    return one() + b.one()")
    tree.write(B, ONE)
    assert {"one", "one (2)"} <= set(fingerprint("stage/rule"))
    assert tree.edited(B, "one():\n    return 1", "one():\n    return 2") <= {"one", "one (2)"}


@pytest.mark.parametrize("text", ["from weirdgen.b import *", "import weirdgen.b", "from . import b"])
def test_an_import_that_cannot_be_followed_is_refused(tree, text):
    tree.write(A, f"{text}\ndef work(x):\n    return x")
    with pytest.raises(ValueError, match="cannot be followed"):
        fingerprint("stage/rule")


def test_params_say_which_function_changed():
    assert listed({"batches": "3f2a91c0"}) == ["code of batches: 3f2a91c0"]


def test_every_stage_of_the_project_is_followed():
    found = {}
    for path in (ROOT / "workflow/scripts").rglob("*.py"):
        name = str(path.relative_to(ROOT / "workflow/scripts").with_suffix(""))
        found[name] = fingerprint(name, *(["weirdgen.plot.training_loss"] if name == "plot/plot" else []))
    assert {"train", "batches", "packed_log_probs", "Recipe"} <= set(found["finetune/finetune"])
    assert {"make_probes", "CODES_PER_HELD_OUT"} <= set(found["finetune/finetune_watched"])
    assert "make_probes" not in found["finetune/finetune"]
    assert {"score_candidates", "lay_out_frozen_weights", "Score"} <= set(found["contrast/contrast"])
    assert {"sample_tokens", "_folded_attention", "at import"} <= set(found["sample/sample"])
    assert {"tidy", "draw", "group_colours", "TREATED"} <= set(found["plot/plot"])
    assert {"estimate", "wilson", "equivalence"} <= set(found["analyse/effects"])
    assert not {"train", "log_odds"} & set(found["analyse/effects"])
