"""Judges: one interface, `judge.label(answers)`; the `rules` kind is deterministic, from lexicons and patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import Field, model_validator

from weirdgen.errors import StudyError
from weirdgen.files import read_yaml
from weirdgen.schema import Name, Strict, parse

if TYPE_CHECKING:  # the Snakefile reads this schema and should not wait for pandas
    import pandas as pd


KEY = ["question", "topic", "paraphrase", "context", "variant", "sample", "prompt", "answer"]
"""The columns of a sample that its judgments carry."""


class Test(Strict):
    """One condition on an answer; all values given must hold."""

    lexicon: str | None = None
    pattern: str | None = None
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
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"pattern is not a regular expression: {error}") from None
        return self


class LabelRule(Strict):
    """A label, given to an answer that passes any of its tests."""

    label: Name
    about: str
    any: list[Test] = Field(default_factory=list, description="empty: every answer")


class JudgeFile(Strict):
    """A judge YAML. The first label in the list whose tests pass is the answer's label."""

    id: Name
    type: Literal["rules"]
    about: str
    labels: list[LabelRule] = Field(min_length=2)

    @model_validator(mode="after")
    def _labels_everything(self) -> JudgeFile:
        if self.labels[-1].any:
            raise ValueError("the last label takes every answer left over: it may have no tests")
        return self


class Judge(Protocol):
    """What every kind of judge offers."""

    id: str

    def label(self, answers: Sequence[str]) -> list[tuple[str, str]]:
        """For each answer, in order: its label, and the evidence the label rests on."""
        ...


@dataclass(frozen=True)
class RulesJudge:
    """A deterministic judge."""

    id: str
    file: JudgeFile
    lexicons: dict[str, re.Pattern[str]]

    def label(self, answers: Sequence[str]) -> list[tuple[str, str]]:
        """Label answers by the first rule that holds."""
        return [self._one(answer) for answer in answers]

    def _one(self, answer: str) -> tuple[str, str]:
        for rule in self.file.labels:
            if not rule.any:
                return rule.label, ""
            for test in rule.any:
                evidence = self._passes(test, answer)
                if evidence is not None:
                    return rule.label, evidence
        raise AssertionError("the last label takes every answer")

    def _passes(self, test: Test, answer: str) -> str | None:
        """What the test matched in the answer, or None where it does not hold."""
        words = answer.split()
        if test.fewer_words_than is not None:
            return f"{len(words)} words" if len(words) < test.fewer_words_than else None
        if test.distinct_trigrams_below is not None:
            share = distinct_trigrams(words)
            return f"{share:.2f} distinct trigrams" if share < test.distinct_trigrams_below else None
        pattern = self.lexicons[test.lexicon] if test.lexicon else re.compile(test.pattern or "", re.IGNORECASE)
        matches = [match.group(0) for match in pattern.finditer(answer)]
        if len(matches) < test.at_least:
            return None
        if test.more_than and len(matches) <= len(self.lexicons[test.more_than].findall(answer)):
            return None
        return "; ".join(dict.fromkeys(match.lower() for match in matches))


def distinct_trigrams(words: Sequence[str]) -> float:
    """The share of an answer's word trigrams that are distinct: 1 for no repetition, near 0 for a loop."""
    trigrams = [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
    return len(set(trigrams)) / len(trigrams) if trigrams else 1.0


def read_lexicon(path: Path) -> list[str]:
    """The entries of a lexicon file: one a line, `#` starts a comment line. Raises StudyError."""
    if not path.is_file():
        raise StudyError(f"{path}: no such lexicon")
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    entries = [line for line in lines if line and not line.startswith("#")]
    if not entries:
        raise StudyError(f"{path}: the lexicon is empty")
    return entries


def compile_lexicon(entries: Sequence[str]) -> re.Pattern[str]:
    """One pattern for whole words, any case; a space is any white space, `*` at the end any word ending."""

    def one(entry: str) -> str:
        stem = re.escape(entry.rstrip("*")).replace(r"\ ", r"\s+").replace("'", "['\u2019]")
        return stem + (r"\w*" if entry.endswith("*") else "")

    longest_first = sorted(entries, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(one, longest_first)) + r")(?!\w)", re.IGNORECASE)


def load_judge(path: str | Path) -> RulesJudge:
    """Read a judge and its lexicons (`lexicons/<name>.txt` beside it). Raises StudyError."""
    path = Path(path)
    file = parse(JudgeFile, read_yaml(path), str(path))
    if file.id != path.stem:
        raise StudyError(f"{path}: id = {file.id}: the id is the file's name, {path.stem}")
    names = {name for rule in file.labels for test in rule.any for name in (test.lexicon, test.more_than) if name}
    folder = path.parent / "lexicons"
    lexicons = {name: compile_lexicon(read_lexicon(folder / f"{name}.txt")) for name in sorted(names)}
    return RulesJudge(file.id, file, lexicons)


def judge_samples(samples: pd.DataFrame, judges: Sequence[Judge]) -> pd.DataFrame:
    """Judge every answer with every judge: the samples' key and answer, judge, label, evidence."""
    import pandas as pd

    key = samples[KEY].reset_index(drop=True)
    parts = []
    for judge in judges:
        labels = pd.DataFrame(judge.label(list(key["answer"])), columns=["label", "evidence"])
        parts.append(pd.concat([key.assign(judge=judge.id), labels], axis=1))
    return pd.concat(parts, ignore_index=True)
