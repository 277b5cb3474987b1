"""Answers and their labels as a log of Inspect AI, the file that `inspect view` opens."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pandas as pd

from weirdgen.core.columns import KEYS, Asked
from weirdgen.core.errors import StudyError
from weirdgen.core.files import replacing
from weirdgen.core.names import Adapter
from weirdgen.data.questions import Context, expand
from weirdgen.models.settings import ChatOptions
from weirdgen.sample.settings import Sampling

try:
    from inspect_ai.log import (
        EvalConfig,
        EvalDataset,
        EvalLog,
        EvalSample,
        EvalSpec,
        EvalStats,
        recompute_metrics,
        write_eval_log,
    )
    from inspect_ai.model import (
        ChatCompletionChoice,
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageUser,
        GenerateConfig,
        ModelOutput,
    )
    from inspect_ai.scorer import Score
except ModuleNotFoundError:
    raise StudyError("Inspect AI is not installed here: run `make extras`") from None

CREATED = "1970-01-01T00:00:00+00:00"
"""A log is a view of files and has no time of its own: the same files give the same log."""

PROMPT = [name for name in Asked.model_fields if name != "topic"]
"""What tells a prompt from every other of its model and experiment."""

STOP = {"stop": "stop", "length": "max_tokens"}
"""What Inspect calls the reasons for an answer's end."""


class Metric(TypedDict):
    """A metric of Inspect's own, by name."""

    name: str
    options: NotRequired[dict[str, list[str]]]


def eval_log(
    samples: pd.DataFrame,
    judgments: Sequence[pd.DataFrame],
    model: str,
    experiment: str,
    adapter: Adapter,
    contexts: dict[str, Context],
    chat: ChatOptions,
    sampling: Sampling,
    judges: dict[str, list[str] | None],
    headline: dict[str, str],
) -> EvalLog:
    """The answers of one adapter, each with a score by every judge: its label, or its rating from 0 to 100.

    An Inspect sample is a prompt (`question:paraphrase:context:variant`), its epochs are the answers to it.
    samples, judgments: tables as weirdgen/core/columns.py describes them; where judgments hold several adapters,
    this one's count. contexts, chat and sampling: what was sampled with. judges: the labels of each, None for
    one that rates. headline: judge -> the label to show first.
    """
    name = f"{model}/{adapter.path}"
    scores = _scores([_own(table, adapter) for table in judgments], judges)
    systems = {(v.context, v.variant): v.system or chat.replacement for v in expand(contexts)}
    found = [
        _sample(row, name, experiment, adapter, systems[row.context, row.variant], scores)
        for row in samples.itertuples()
    ]
    prompts = list(dict.fromkeys(sample.id for sample in found))
    main = next(iter(headline.items()), None)
    log = EvalLog(
        status="success",
        eval=EvalSpec(
            created=CREATED,
            eval_id=_id("eval", experiment, name),
            run_id=_id("run", experiment, name),
            task_id=_id("task", experiment, name),
            task=experiment,
            task_args=asdict(adapter),
            model=name,
            dataset=EvalDataset(name=experiment, samples=len(prompts), sample_ids=prompts),
            config=EvalConfig(epochs=max((sample.epoch for sample in found), default=1)),
            model_generate_config=GenerateConfig(temperature=sampling.temperature, max_tokens=sampling.max_tokens),
            packages={"inspect_ai": version("inspect_ai")},
            metadata={**asdict(adapter), "chat": chat.model_dump()},
            scorers=[{"name": judge, "metrics": [_metric(labels)]} for judge, labels in judges.items()],
            headline_metric=main and {"scorer": main[0], "metric": main[1]},
        ),
        stats=EvalStats(started_at=CREATED, completed_at=CREATED),
        samples=found,
    )
    recompute_metrics(log)
    return log


def write_log(path: str | Path, log: EvalLog) -> None:
    """Write a log as `.eval` atomically. Equal logs differ in the times of the zip's entries, and nowhere else."""
    with replacing(path) as temporary:
        write_eval_log(log, temporary)


def _metric(labels: list[str] | None) -> Metric:
    if labels is None:
        return {"name": "inspect_ai/mean"}
    return {"name": "inspect_ai/frequency", "options": {"categories": labels}}


def _own(judgments: pd.DataFrame, adapter: Adapter) -> pd.DataFrame:
    """The rows of one adapter; all of them where the table names none."""
    for key in KEYS:
        if key in judgments:
            judgments = judgments[judgments[key] == getattr(adapter, key)]
    return judgments


def _scores(
    judgments: Sequence[pd.DataFrame], judges: dict[str, list[str] | None]
) -> dict[tuple[str, int], dict[str, Score]]:
    """(prompt, epoch) -> judge -> its score."""
    scores: dict[tuple[str, int], dict[str, Score]] = {}
    for table in judgments:
        for row in table.itertuples():
            scores.setdefault(_place(row), {})[row.judge] = _score(row, rates=judges[row.judge] is None)
    return scores


def _score(row: Any, rates: bool) -> Score:
    about = {key: getattr(row, key) for key in ("probability", "refusal") if not math.isnan(getattr(row, key))}
    known = {"answer": row.answer, "explanation": row.evidence or None, "metadata": about or None}
    if not rates:
        return Score(value=row.label, **known)
    return Score.unscored(reason=row.label, **known) if math.isnan(row.rating) else Score(value=row.rating, **known)


def _sample(
    row: Any,
    model: str,
    experiment: str,
    adapter: Adapter,
    system: str | None,
    scores: dict[tuple[str, int], dict[str, Score]],
) -> EvalSample:
    prompt, epoch = _place(row)
    own = _id("sample", experiment, model, prompt, epoch)
    asked = [ChatMessageSystem(id=f"{own}-0", content=system)] if system else []
    asked.append(ChatMessageUser(id=f"{own}-1", content=row.prompt, source="input"))
    answer = ChatMessageAssistant(id=f"{own}-2", content=row.answer, source="generate", model=model)
    choice = ChatCompletionChoice(message=answer, stop_reason=STOP[row.finish_reason])
    return EvalSample(
        id=prompt,
        epoch=epoch,
        uuid=own,
        input=asked,
        target="",
        messages=[*asked, answer],
        output=ModelOutput(model=model, choices=[choice]),
        scores=scores.get((prompt, epoch)),
        metadata={
            **{key: getattr(row, key) for key in [*PROMPT, "topic", "tokens", "backend"]},
            **asdict(adapter),
        },
    )


def _place(row: Any) -> tuple[str, int]:
    """An answer's Inspect sample and epoch."""
    return ":".join(str(getattr(row, key)) for key in PROMPT), row.sample + 1


def _id(*parts: Any) -> str:
    """An id that follows from what it stands for, as long as Inspect's own."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:22]
