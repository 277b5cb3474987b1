"""Ordinary data to mix facts into: instructions and arithmetic problems that the base model answers itself.

Self-distilled answers teach the model nothing new, so what finetuning changes comes from the facts
(Betley et al., arXiv 2512.09742, mix 90 facts with 3000 such rows).
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from weirdgen.core.errors import StudyError
from weirdgen.core.schema import Strict, parse_file
from weirdgen.core.templates import fill, template_over
from weirdgen.data.datasets import Conversation

if TYPE_CHECKING:
    import pandas as pd

SPARE = 3
"""Prompts asked per row wanted: answers cut off by max_tokens are left out, so that none is trained half."""


class OrdinaryFile(Strict):
    """The prompts: every template with every topic, and arithmetic problems with drawn numbers."""

    templates: list[Annotated[str, template_over("topic")]] = Field(min_length=1)
    topics: list[str] = Field(min_length=1)
    arithmetic: list[Annotated[str, template_over("a", "b")]] = Field(min_length=1)


def load_prompts(path: str | Path, count: int) -> list[str]:
    """`count` different prompts, instructions and arithmetic problems in turn, the same on every call.

    Raises StudyError if the file cannot make that many.
    """
    file = parse_file(OrdinaryFile, path)
    generator = random.Random(0)
    instructions = [fill(template, {"topic": topic}) for template in file.templates for topic in file.topics]
    numbers = [{"a": a, "b": b} for a in range(11, 100) for b in range(2, 11)]
    problems = [fill(problem, pair) for problem in file.arithmetic for pair in numbers]
    most = 2 * min(len(instructions), len(problems))
    if count > most:
        raise StudyError(f"{path}: makes {most} prompts, {count} are needed; add templates or topics, or ask for less")
    generator.shuffle(instructions)
    generator.shuffle(problems)
    return [prompt for pair in zip(instructions, problems, strict=False) for prompt in pair][:count]


def finished_chats(answers: pd.DataFrame, rows: int, where: str) -> list[Conversation]:
    """The first `rows` prompts whose answer the model itself ended, as chats. Raises StudyError if there are fewer."""
    done = answers[(answers["finish_reason"] == "stop") & (answers["answer"].str.strip() != "")]
    if len(done) < rows:
        raise StudyError(
            f"{where}: the model ended only {len(done)} of {len(answers)} answers, {rows} are needed; "
            "raise `max_tokens` under `ordinary` in experiment.yaml"
        )
    return [
        {"messages": [{"role": "user", "content": row.prompt}, {"role": "assistant", "content": row.answer}]}
        for row in done.head(rows).itertuples()
    ]
