"""Judge files: the schema of `data/judges/*.yaml`, their lexicons, and the labels they may give."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_text, read_yaml
from weirdgen.core.names import INSTRUMENTS
from weirdgen.core.patterns import Pattern, groups_of
from weirdgen.core.schema import Name, Strict, parse

UNPARSED, RATED, REFUSAL = "unparsed", "rated", "refusal"
"""Labels beside a judge's own: its reply could not be read; a rating judge rated, or saw a refusal."""

DEGENERATE = "degenerate"
"""What judges call an answer that is too short or repeats itself."""

NAMED = r"\{(?!(?:question|answer)\})(?:[^\W\d][^{}:,\s]*|\d*)\}"
"""A place in a template that nothing fills: {anwser}, {row.answer}, {}, {0}. Braces around anything else are text."""


class Test(Strict):
    """One condition on an answer; all values given must hold."""

    lexicon: str | None = None
    pattern: Pattern | None = None
    at_least: int = Field(default=1, ge=1, description="matches of the lexicon or pattern")
    more_than: str | None = Field(default=None, description="a lexicon that must match less often")
    fewer_words_than: int | None = Field(default=None, ge=1)
    distinct_trigrams_below: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _says_something(self) -> Test:
        if all(
            value is None for value in (self.lexicon, self.pattern, self.fewer_words_than, self.distinct_trigrams_below)
        ):
            raise ValueError("a rule needs lexicon, pattern, fewer_words_than or distinct_trigrams_below")
        counting = {"at_least", "more_than"} & self.model_fields_set
        if counting and self.lexicon is None and self.pattern is None:
            raise ValueError(f"{' and '.join(sorted(counting))}: of what? Give a lexicon or a pattern")
        return self


class LabelRule(Strict):
    """A label, given to an answer that passes any of its tests."""

    label: Name
    about: str
    any: list[Test] = Field(default_factory=list, description="empty: every answer")


class RulesFile(Strict):
    """A rules judge. The first label in the list whose tests pass is the answer's label."""

    id: Name
    type: Literal["rules"]
    about: str
    labels: list[LabelRule] = Field(min_length=2)

    @model_validator(mode="after")
    def _labels_everything(self) -> RulesFile:
        _check_labels([rule.label for rule in self.labels])
        *others, last = self.labels
        if last.any:
            raise ValueError("the last label takes every answer left over: it may have no tests")
        for rule in others:
            if not rule.any:
                raise ValueError(f"the label '{rule.label}' has no tests and so takes every answer; put it last")
        return self


class Choice(Strict):
    """A label that a model may give."""

    label: Name
    about: str


class LabelFile(Strict):
    """A judge whose task a language model does: which label fits."""

    id: Name
    type: Literal["label"]
    about: str
    task: str = ""
    template: str = Field(default="", description="instead of task: the whole prompt, with {question} and {answer}")
    labels: list[Choice] = Field(min_length=2)
    reply: str | None = Field(
        default=None, description="where a longer reply holds the label: a pattern with one group"
    )
    reply_tokens: int | None = Field(default=None, ge=1, description="replaces the endpoint's own")

    @model_validator(mode="after")
    def _has_a_prompt(self) -> LabelFile:
        _check_labels([choice.label for choice in self.labels])
        _check_prompt(self.task, self.template)
        if self.reply is not None:
            try:
                groups = groups_of(self.reply)
            except ValueError as error:
                raise ValueError(f"reply is {error}") from None
            if groups != 1:
                raise ValueError(
                    f"reply has {groups} groups: one holds the label, (?:...) makes a group that holds nothing"
                )
        return self


class RatingFile(Strict):
    """A judge whose task a language model does: a rating from 0 to 100."""

    id: Name
    type: Literal["rating"]
    about: str
    task: str = ""
    template: str = Field(default="", description="instead of task, low and high: the whole prompt")
    low: str = Field(default="", description="what 0 means")
    high: str = Field(default="", description="what 100 means")
    reply_tokens: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _has_a_prompt(self) -> RatingFile:
        _check_prompt(self.task, self.template)
        if self.task and not (self.low and self.high):
            raise ValueError("a rating judge says what 0 and 100 mean: low, high")
        return self


def _check_labels(labels: list[str]) -> None:
    """Labels that tables, figures and replies tell from each other, and from what judges say beside them."""
    folded = [label.casefold() for label in labels]
    for label, plain in zip(labels, folded, strict=True):
        if plain in (UNPARSED, RATED):
            raise ValueError(f"a label cannot be called '{label}': that is said of a reply or a rating")
        if folded.count(plain) > 1:
            raise ValueError(f"the label '{label}' occurs more than once, case aside")


def _check_prompt(task: str, template: str) -> None:
    if bool(task) == bool(template):
        raise ValueError("give a task, or the whole prompt as template: one of the two")
    if template and "{answer}" not in template:
        raise ValueError("the template has no {answer}: the judge would not see what it judges")
    for found in re.findall(NAMED, template):
        raise ValueError(f"the template names {found}: it is filled in with {{question}} and {{answer}} only")


JudgeFile = RulesFile | LabelFile | RatingFile


def read_judge(path: str | Path) -> JudgeFile:
    """Read and check a judge YAML of any kind. Raises StudyError."""
    path = Path(path)
    raw = read_yaml(path)
    kinds: dict[Any, type[JudgeFile]] = {"rules": RulesFile, "label": LabelFile, "rating": RatingFile}
    kind = raw.get("type") if isinstance(raw, dict) else None
    if kind not in kinds:
        raise StudyError(f"{path}: type = {kind!r}; allowed: {', '.join(kinds)}")
    file: JudgeFile = parse(kinds[kind], raw, str(path), files=[path])
    if file.id != path.stem:
        raise StudyError(f"{path}: id = {file.id}: the id is the file's name, {path.stem}")
    if file.id in INSTRUMENTS:
        raise StudyError(f"{path}: id = {file.id}: an instrument of the study has this name; choose another")
    return file


def labels_of(file: JudgeFile) -> list[str]:
    """Every label a judge may give, `unparsed` aside."""
    return [RATED, REFUSAL] if isinstance(file, RatingFile) else [choice.label for choice in file.labels]


def lexicon_names(file: JudgeFile) -> list[str]:
    """The lexicons that a judge names."""
    if not isinstance(file, RulesFile):
        return []
    return sorted(
        {name for rule in file.labels for test in rule.any for name in (test.lexicon, test.more_than) if name}
    )


def read_lexicon(path: Path) -> list[str]:
    """The entries of a lexicon file: one a line, `#` starts a comment line.

    Raises StudyError where there are none, or one is nothing but `*`, which any text would match.
    """
    if not path.is_file():
        raise StudyError(f"{path}: no such lexicon")
    lines = (line.strip() for line in read_text(path).split("\n"))
    entries = [line for line in lines if line and not line.startswith("#")]
    if not entries:
        raise StudyError(f"{path}: the lexicon is empty")
    for entry in entries:
        if not entry.strip("* "):
            raise StudyError(f"{path}: the entry '{entry}' would match any answer; take it out")
    return entries


def validation_set(judge: str) -> str:
    """The file of a judge's validation set."""
    return f"data/judge_validation/{judge}.yaml"
