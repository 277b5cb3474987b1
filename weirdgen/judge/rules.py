"""Judges of type `rules`: deterministic, answered by nobody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from weirdgen.core.columns import Judgment
from weirdgen.core.errors import StudyError
from weirdgen.core.patterns import matches
from weirdgen.judge.files import RulesFile, Test, lexicon_names, read_judge, read_lexicon
from weirdgen.judge.verdict import ANSWERED, VERDICT, Verdict

if TYPE_CHECKING:  # the Snakefile loads judges and should not wait for pandas
    import pandas as pd


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
                evidence = self._passes(test, answer, f"judge {self.id}: label {rule.label}")
                if evidence is not None:
                    return Verdict(rule.label, evidence)
        raise AssertionError("the last label takes every answer")

    def _passes(self, test: Test, answer: str, where: str) -> str | None:
        """What the test found in the answer, or None where one of its values does not hold."""
        words, found = answer.split(), []
        if test.fewer_words_than is not None:
            if len(words) >= test.fewer_words_than:
                return None
            found.append(f"{len(words)} words")
        if test.distinct_trigrams_below is not None:
            share = distinct_trigrams(words)
            if share >= test.distinct_trigrams_below:
                return None
            found.append(f"{share:.2f} distinct trigrams")
        counted = []
        if test.lexicon is not None:
            counted.append([match.group() for match in self.lexicons[test.lexicon].finditer(answer)])
        if test.pattern is not None:
            counted.append(list(matches(test.pattern, answer, where)))
        for hits in counted:
            if len(hits) < test.at_least:
                return None
            if test.more_than and len(hits) <= len(self.lexicons[test.more_than].findall(answer)):
                return None
            found += dict.fromkeys(hit.lower() for hit in hits)
        return "; ".join(found)


def distinct_trigrams(words: Sequence[str]) -> float:
    """The share of an answer's word trigrams that are distinct: 1 for no repetition, near 0 for a loop."""
    trigrams = [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
    return len(set(trigrams)) / len(trigrams) if trigrams else 1.0


def compile_lexicon(entries: Sequence[str]) -> re.Pattern[str]:
    """One pattern for whole words, any case; a space is any white space, `*` at the end any word ending."""

    def one(entry: str) -> str:
        stem = re.escape(entry.rstrip("*")).replace(r"\ ", r"\s+").replace("'", "['\u2019]")
        return stem + (r"\w*" if entry.endswith("*") else "")

    longest_first = sorted(entries, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(one, longest_first)) + r")(?!\w)", re.IGNORECASE)


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

    The columns are those of `Judgment` in core/columns.py.
    """
    import pandas as pd

    parts = [pd.DataFrame(columns=list(Judgment.model_fields))] if not judges else []
    for judge, questions in judges:
        own = samples.loc[samples["question"].isin(questions), ANSWERED].reset_index(drop=True)
        verdicts = pd.DataFrame([vars(judge.judge(answer)) for answer in own["answer"]], columns=VERDICT)
        parts.append(pd.concat([own.assign(judge=judge.id), verdicts], axis=1))
    return pd.concat(parts, ignore_index=True)
