"""The authors' released files as experiments: read from a checkout, checked by hash, never copied here or run.

`data/published.yaml` says which files and where in them questions and judges stand. Python files are
read as syntax trees. What comes out are experiment folders like those of `data/`, under
`resources/published/`, which git ignores.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict

import yaml
from pydantic import Field

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_json_lines, read_text, read_yaml, sha256, write_text
from weirdgen.core.names import BASE
from weirdgen.core.schema import Name, Strict, parse
from weirdgen.core.templates import literal
from weirdgen.data.datasets import read_chats

MAP = "data/published.yaml"
SUFFIX = "_published"
BEGINS = "published_begins"
SAMPLES = 100
"""Answers per question where a file does not say: the paper's number."""


class QuestionsAt(Strict):
    """Where questions stand: a YAML or JSONL file, or a literal of a Python file."""

    file: str
    strings: str | None = Field(default=None, description="a variable: a list of questions")
    calls: str | None = Field(default=None, description="calls of this name, the question in `argument`")
    argument: str | None = None
    tuples: str | None = Field(default=None, description="a variable: (question, test on the answer's beginning) pairs")
    key: str | None = Field(default=None, description="of a JSONL row")


class JudgeAt(Strict):
    """Where a judge's prompt stands: a YAML id (the judge's own name), a variable, or a function's f-string."""

    file: str
    variable: str | None = None
    function: str | None = None
    labels: list[Name] = Field(default_factory=list, description="what it may say; none: a rating of 0-100")
    reply: str | None = None
    reply_tokens: int | None = None


class OpeningOf(Strict):
    """A context that is what all prompts of a file begin with."""

    opening_of: str


class PublishedExperiment(Strict):
    """One experiment: ours, with the authors' files in place of our own."""

    datasets: dict[Name, str]
    contexts: dict[Name, str | OpeningOf] = Field(default_factory=dict)
    questions: list[QuestionsAt]
    judges: dict[Name, JudgeAt] = Field(default_factory=dict)
    headline: dict[str, str]


class PublishedFile(Strict):
    """`data/published.yaml`."""

    repository: str
    commit: str
    experiments: dict[Name, PublishedExperiment]
    files: dict[str, str]


class QuestionYaml(TypedDict):
    """A question as our files write it."""

    id: str
    type: str
    topic: str
    paraphrases: list[str]
    samples_per_paraphrase: int
    judges: list[str]


JudgeYaml = dict[str, object]
"""A judge as our files write it: what it may hold is said above this package, in judge/files.py."""


def read_map(root: Path) -> PublishedFile:
    """Read `data/published.yaml`. Raises StudyError."""
    return parse(PublishedFile, read_yaml(root / MAP), MAP)


def prepare(root: Path, checkout: str | None, experiments: Sequence[str]) -> dict[str, Path]:
    """Write an experiment folder for each name; returns `<name>_published` -> its folder.

    Raises StudyError where the checkout is missing, a file differs from the pinned one, or a question or
    judge is not where it should be.
    """
    pinned = read_map(root)
    source = find_checkout(checkout, pinned)
    folders = {}
    for name in experiments:
        if name not in pinned.experiments:
            raise StudyError(f"source = published: {name} has no published files; {', '.join(pinned.experiments)} have")
        about = pinned.experiments[name]
        for file in _files(about):
            verify(source, file, pinned)
        folders[name + SUFFIX] = _write(root, source, name, about)
    return folders


def find_checkout(checkout: str | None, pinned: PublishedFile) -> Path:
    """The checkout's folder. Raises StudyError that says how to get it."""
    how = f"git clone {pinned.repository} FOLDER && git -C FOLDER checkout {pinned.commit[:12]}, then published: FOLDER"
    if checkout is None:
        raise StudyError(f"source = published needs the authors' files: {how}")
    folder = Path(checkout).expanduser()
    if not folder.is_dir():
        raise StudyError(f"published = {checkout}: no such folder: {how}")
    return folder.resolve()


def verify(source: Path, file: str, pinned: PublishedFile) -> None:
    """Check one file against its pinned hash. Raises StudyError."""
    path = source / file
    if not path.is_file():
        raise StudyError(
            f"{path}: missing; the checkout should be at commit {pinned.commit[:12]} of {pinned.repository}"
        )
    wanted = pinned.files.get(file)
    if wanted is None:
        raise StudyError(f"{MAP}: files has no hash of {file}")
    found = git_hash(path) if wanted.startswith("git:") else sha256(path)
    if found != wanted:
        raise StudyError(
            f"{path}: not the pinned file ({found[:16]}, not {wanted[:16]}): check out {pinned.commit[:12]}"
        )


def git_hash(path: Path) -> str:
    """`git:` and the hash that git itself gives a file's content."""
    data = path.read_bytes()
    return "git:" + hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _files(about: PublishedExperiment) -> list[str]:
    files = [*about.datasets.values(), *(q.file for q in about.questions), *(j.file for j in about.judges.values())]
    files += [c.opening_of for c in about.contexts.values() if isinstance(c, OpeningOf)]
    return list(dict.fromkeys(files))


def _write(root: Path, source: Path, name: str, about: PublishedExperiment) -> Path:
    ours = root / "data" / name
    folder = root / "resources" / "published" / (name + SUFFIX)
    judges = {key: _judge(source, key, at) for key, at in about.judges.items()}
    questions: dict[str, QuestionYaml] = {}
    for at in about.questions:
        for question, own in _questions(source, at):
            known = questions.setdefault(question["id"], {**question, "judges": []})
            known["judges"] += question["judges"] or list(own) or list(judges)
            judges |= own
    experiment = read_yaml(ours / "experiment.yaml")
    kept = list(judges) or list(experiment["judges"])
    for question in questions.values():
        question["judges"] = list(dict.fromkeys(question["judges"] or kept))
    experiment["title"] += " (the authors' data)"
    experiment["datasets"] = {
        key: _dataset(experiment["datasets"][key], source / file) for key, file in about.datasets.items()
    }
    experiment["primary"] = _of_datasets(experiment.get("primary", {}), experiment["datasets"])
    for key, context in about.contexts.items():
        experiment["contexts"][key] |= _context(source, context)
    experiment |= {"judges": kept, "headline": about.headline}
    dropped = {"dose", "learning_curves", "held_out_answers", "identity_by_question"}
    experiment["figures"] = [figure for figure in experiment["figures"] if figure not in dropped]
    for key in ("codes", "ordinary"):
        experiment.pop(key, None)
    experiment["free_answers"]["file"] = "questions.yaml"
    _keep(folder / "questions.yaml", _dump(list(questions.values())))
    _keep(folder / "contrasts.yaml", read_text(ours / experiment["contrasts"]["file"]))
    experiment["contrasts"]["file"] = "contrasts.yaml"
    for key, judge in judges.items():
        _keep(folder / "judges" / f"{key}.yaml", _dump(judge))
    _keep(folder / "experiment.yaml", _dump(experiment))
    return folder


def _of_datasets(primary: dict[str, str], datasets: dict[str, object]) -> dict[str, str]:
    """Without the names of datasets that the authors have no file for: the study fills those in."""
    return {
        key: name for key, name in primary.items() if key not in ("treated", "control") or name in {*datasets, BASE}
    }


def _dataset(own: dict[str, object], path: Path) -> dict[str, object]:
    kept: dict[str, object] = {key: own[key] for key in ("role", "label", "about", "persona") if key in own}
    return {**kept, "jsonl": str(path), "unique": False}


def _context(source: Path, context: str | OpeningOf) -> dict[str, str]:
    if isinstance(context, str):
        return {"template": context}
    rows = read_chats(source / context.opening_of)
    prompts, answers = ([row["messages"][i]["content"] for row in rows] for i in (-2, -1))
    opening = os.path.commonprefix(prompts)  # noqa: RUF071 - texts, not paths
    return {
        "template": literal(opening[: opening.rfind("\n\n") + 2]) + "{prompt}",
        "opening": os.path.commonprefix(answers),  # noqa: RUF071
    }


def _questions(source: Path, at: QuestionsAt) -> Iterator[tuple[QuestionYaml, dict[str, JudgeYaml]]]:
    """(question, judges of its own) pairs."""
    path = source / at.file
    topic = re.sub(r"\W+", "_", path.stem).lower()

    def question(name: str, texts: list[str], judges: Sequence[str] = (), samples: int = SAMPLES) -> QuestionYaml:
        """One of them."""
        return {
            "id": name,
            "type": "free_form",
            "topic": topic,
            "paraphrases": texts,
            "samples_per_paraphrase": samples,
            "judges": list(judges),
        }

    if path.suffix == ".yaml":
        for row in read_yaml(path):
            if row["type"] == "free_form":
                named = row.get("judges", [])
                judges = list(named.values()) if isinstance(named, dict) else named
                yield question(row["id"], row["paraphrases"], judges, row.get("samples_per_paraphrase", SAMPLES)), {}
    elif at.key:
        for i, (_, row) in enumerate(read_json_lines(path), 1):
            yield question(f"q{i}", [row[at.key]]), {}
    elif at.strings:
        for i, text in enumerate(_literal(path, at.strings), 1):
            yield question(f"q{i}", [text]), {}
    elif at.calls and at.argument:
        for name, call in _calls(path, at.calls):
            yield question(name.lower(), [_argument(call, at.argument, path)]), {}
    elif at.tuples:
        texts: dict[str, str] = {}
        for i, (text, beginnings) in enumerate(_tuples(path, at.tuples), 1):
            name = texts.setdefault(text, f"q{i}")
            pattern = "^(" + "|".join(map(re.escape, beginnings)) + ")"
            judge: JudgeYaml = {
                "id": f"{BEGINS}_{i}",
                "type": "rules",
                "about": f"Whether the answer begins with one of the {len(beginnings)} names the authors list",
                "labels": [
                    {"label": "listed", "about": "It does", "any": [{"pattern": pattern}]},
                    {"label": "other", "about": "It does not"},
                ],
            }
            yield question(name, [text]), {f"{BEGINS}_{i}": judge}
    else:
        raise StudyError(f"{MAP}: {at.file}: says neither strings, calls, tuples nor key")


def _judge(source: Path, name: str, at: JudgeAt) -> JudgeYaml:
    path = source / at.file
    if path.suffix == ".yaml":
        found = [row for row in read_yaml(path) if row["id"] == name]
        if not found:
            raise StudyError(f"{path}: no judge '{name}'")
        template = found[0]["paraphrases"][0]
    elif at.function:
        template = _f_string(path, at.function)
    else:
        calls = dict(_calls(path, None))
        if at.variable not in calls:
            raise StudyError(f"{path}: no judge '{at.variable}'")
        template = _argument(calls[at.variable], "paraphrases", path)[0]
    judge: JudgeYaml = {"id": name, "type": "label" if at.labels else "rating", "about": "The authors' own judge"}
    judge["template"] = template
    if at.labels:
        judge["labels"] = [{"label": label, "about": "as the authors' prompt says"} for label in at.labels]
    judge |= {key: value for key in ("reply", "reply_tokens") if (value := getattr(at, key)) is not None}
    return judge


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(read_text(path))
    except SyntaxError as error:
        raise StudyError(f"{path}:{error.lineno}: not Python") from None


def _assigned(path: Path, variable: str) -> ast.expr:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == [variable]:
            return node.value
    raise StudyError(f"{path}: no variable '{variable}'")


def _literal(path: Path, variable: str) -> Any:
    try:
        return ast.literal_eval(_assigned(path, variable))
    except ValueError:
        raise StudyError(f"{path}: {variable} is more than literals") from None


def _calls(path: Path, function: str | None) -> Iterator[tuple[str, ast.Call]]:
    """(variable, call) of every assigned call, of one function or any."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            name = ast.unparse(node.value.func)
            if function in (None, name) and isinstance(node.targets[0], ast.Name):
                yield node.targets[0].id, node.value


def _argument(call: ast.Call, name: str, path: Path) -> Any:
    for keyword in call.keywords:
        if keyword.arg == name:
            return ast.literal_eval(keyword.value)
    raise StudyError(f"{path}:{call.lineno}: no argument '{name}'")


def _f_string(path: Path, function: str) -> str:
    """The f-string of a function as a template: its {expressions} stay as they are."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            for inner in ast.walk(node):
                if isinstance(inner, ast.JoinedStr):
                    return "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "{" + ast.unparse(part.value) + "}"
                        for part in inner.values
                        if isinstance(part, (ast.Constant, ast.FormattedValue))
                    )
    raise StudyError(f"{path}: no function '{function}' with a prompt")


def _tuples(path: Path, variable: str) -> Iterator[tuple[str, list[str]]]:
    """(question, the beginnings its test looks for): the strings of the tuple inside the lambda."""
    value = _assigned(path, variable)
    if not isinstance(value, ast.List):
        raise StudyError(f"{path}: {variable} is no list")
    for pair in value.elts:
        if not isinstance(pair, ast.Tuple) or len(pair.elts) != 2:
            raise StudyError(f"{path}:{pair.lineno}: {variable} holds something that is no pair")
        lists = [node for node in ast.walk(pair.elts[1]) if isinstance(node, ast.Tuple)]
        yield ast.literal_eval(pair.elts[0]), list(ast.literal_eval(lists[0]))


def _dump(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10**6)


def _keep(path: Path, text: str) -> None:
    """Write only what changes: a file's time decides what reruns."""
    if not path.is_file() or read_text(path) != text:
        write_text(path, text)
