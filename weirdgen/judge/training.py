"""`data/judge_training/<judge>.yaml`: labelled answers that a probe learns a judge's labels from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from weirdgen.core.errors import StudyError
from weirdgen.core.schema import Name, Strict, parse_file
from weirdgen.judge.files import LabelFile, labels_of


class Answered(Strict):
    """A question, and answers to it under their labels."""

    question: str
    answers: dict[Name, list[str]] = Field(min_length=1)


class TrainingFile(Strict):
    """The whole file."""

    judge: Name
    questions: list[Answered] = Field(min_length=2)


@dataclass(frozen=True)
class Example:
    """A labelled answer."""

    question: str
    answer: str
    label: str


def training_set(judge: str) -> str:
    """The file of a judge's training set."""
    return f"data/judge_training/{judge}.yaml"


def load_training(path: str | Path, judge: LabelFile) -> list[Example]:
    """Read a judge's training set: every label is one of the judge's, and all of them occur. Raises StudyError."""
    path = Path(path)
    file = parse_file(TrainingFile, path)
    if file.judge != judge.id:
        raise StudyError(f"{path}: judge = {file.judge}: the judge is the file's name, {judge.id}")
    allowed = labels_of(judge)
    found: list[Example] = []
    questions: set[str] = set()
    for asked in file.questions:
        if asked.question in questions:
            raise StudyError(f"{path}: the question '{asked.question}' occurs twice; put its answers together")
        questions.add(asked.question)
        for label, answers in asked.answers.items():
            if label not in allowed:
                raise StudyError(f"{path}: '{asked.question}': label '{label}'; {judge.id} has: {', '.join(allowed)}")
            found += [Example(asked.question, answer, label) for answer in answers]
    for label in allowed:
        if len({example.question for example in found if example.label == label}) < 2:
            raise StudyError(f"{path}: the label '{label}' has answers to fewer than two questions")
    return found
