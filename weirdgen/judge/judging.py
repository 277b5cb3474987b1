"""Judge files, the deterministic `rules` kind, and what every kind finds: a verdict per answer.

`label` and `rating` judges are answered by a language model: `weirdgen/judge/prompts.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_yaml
from weirdgen.core.schema import Name, Strict, parse

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


class RulesFile(Strict):
    """A rules judge. The first label in the list whose tests pass is the answer's label."""

    id: Name
    type: Literal["rules"]
    about: str
    labels: list[LabelRule] = Field(min_length=2)

    @model_validator(mode="after")
    def _labels_everything(self) -> RulesFile:
        if self.labels[-1].any:
            raise ValueError("the last label takes every answer left over: it may have no tests")
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
        _check_prompt(self.task, self.template)
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


def _check_prompt(task: str, template: str) -> None:
    if bool(task) == bool(template):
        raise ValueError("give a task, or the whole prompt as template: one of the two")
    if template and not ("{question}" in template or "{answer}" in template):
        raise ValueError("the template has neither {question} nor {answer}")


JudgeFile = RulesFile | LabelFile | RatingFile


UNPARSED, RATED, REFUSAL = "unparsed", "rated", "refusal"
"""Labels beside a judge's own: its reply could not be read; a rating judge rated, or saw a refusal."""


@dataclass(frozen=True)
class Verdict:
    """What a judge finds. evidence: the words a label rests on, or the raw reply of an `unparsed` one.

    probability: of the label, where a model gave it. rating: 0-100. refusal: the probability mass on
    "this is no answer". NaN where a kind of judge has none.
    """

    label: str
    evidence: str = ""
    probability: float = math.nan
    rating: float = math.nan
    refusal: float = math.nan


VERDICT = ["label", "evidence", "probability", "rating", "refusal"]


@dataclass(frozen=True)
class RulesJudge:
    """A deterministic judge."""

    id: str
    file: RulesFile
    lexicons: dict[str, re.Pattern[str]]

    def judge(self, answer: str) -> Verdict:
        """The label of the first rule that holds."""
        for rule in self.file.labels:
            if not rule.any:
                return Verdict(rule.label)
            for test in rule.any:
                evidence = self._passes(test, answer)
                if evidence is not None:
                    return Verdict(rule.label, evidence)
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


def read_judge(path: str | Path) -> JudgeFile:
    """Read and check a judge YAML of any kind. Raises StudyError."""
    path = Path(path)
    raw = read_yaml(path)
    kinds: dict[Any, type[JudgeFile]] = {"rules": RulesFile, "label": LabelFile, "rating": RatingFile}
    kind = raw.get("type") if isinstance(raw, dict) else None
    if kind not in kinds:
        raise StudyError(f"{path}: type = {kind!r}; allowed: {', '.join(kinds)}")
    file: JudgeFile = parse(kinds[kind], raw, str(path))
    if file.id != path.stem:
        raise StudyError(f"{path}: id = {file.id}: the id is the file's name, {path.stem}")
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


def load_rules_judge(path: str | Path) -> RulesJudge:
    """Read a rules judge and its lexicons (`lexicons/<name>.txt` beside it). Raises StudyError."""
    path = Path(path)
    file = read_judge(path)
    if not isinstance(file, RulesFile):
        raise StudyError(f"{path}: type = {file.type}: a language model answers it; no rules")
    folder = path.parent / "lexicons"
    lexicons = {name: compile_lexicon(read_lexicon(folder / f"{name}.txt")) for name in lexicon_names(file)}
    return RulesJudge(file.id, file, lexicons)


def judge_samples(samples: pd.DataFrame, judges: Sequence[tuple[RulesJudge, Sequence[str]]]) -> pd.DataFrame:
    """Judge answers by rules; each judge comes with the ids of the questions it judges.

    Columns: the samples' key and answer, judge, label, evidence, probability, rating, refusal.
    """
    import pandas as pd

    parts = [pd.DataFrame(columns=[*KEY, "judge", *VERDICT])] if not judges else []
    for judge, questions in judges:
        own = samples.loc[samples["question"].isin(questions), KEY].reset_index(drop=True)
        verdicts = pd.DataFrame([vars(judge.judge(answer)) for answer in own["answer"]], columns=VERDICT)
        parts.append(pd.concat([own.assign(judge=judge.id), verdicts], axis=1))
    return pd.concat(parts, ignore_index=True)
