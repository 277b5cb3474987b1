"""Answers judged by language models: prompts in, replies kept, verdicts out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from weirdgen.core.columns import KEYS
from weirdgen.core.names import Adapter
from weirdgen.judge.files import UNPARSED, validation_set
from weirdgen.judge.prompts import PromptJudge, load_prompt_judge
from weirdgen.judge.requests import Backend, Reply, Request, key_of
from weirdgen.judge.settings import AskedJudge, JudgingModels
from weirdgen.judge.store import Replies
from weirdgen.judge.take_over import take_over
from weirdgen.judge.validation import load_validation, validated
from weirdgen.judge.verdict import ANSWERED, VERDICT, Verdict

log = logging.getLogger(__name__)


def judge_all(backend: Backend, items: Sequence[tuple[PromptJudge, str, str]], replies: Replies) -> list[Verdict]:
    """A verdict for each (judge, question, answer), in order, all in one batch."""
    keys, missing = [], {}
    for judge, question, answer in items:
        prompt = backend.prompt(judge, question, answer)
        keys.append(key_of(judge.id, prompt, backend.identity(judge)))
        if keys[-1] not in missing and keys[-1] not in replies:
            missing[keys[-1]] = Request(keys[-1], judge, prompt)
    by_judge = dict(Counter(request.judge.id for request in missing.values()))
    log.info("%d verdicts, of %d different requests; to ask for: %s", len(keys), len(set(keys)), by_judge or "none")
    if missing:
        backend.ask(list(missing.values()), lambda request, reply: replies.save(request.key, request.judge.id, reply))
    return [read_reply(item[0], replies[key]) for item, key in zip(items, keys, strict=True)]


def read_reply(judge: PromptJudge, reply: Reply) -> Verdict:
    """The verdict a kept reply stands for."""
    if "probabilities" in reply:
        return judge.from_probabilities(reply["probabilities"])
    if "refused" in reply:
        return Verdict(UNPARSED, evidence=f"refused by the judging model's server: {reply['refused']}")
    return judge.from_text(reply["text"], reply.get("tokens"))


def open_replies(path: str | Path) -> Replies:
    """The replies at hand, those of JSON-lines files among them. Raises StudyError."""
    replies = Replies(path)
    take_over(replies)
    return replies


def open_backend(name: str, models: JudgingModels, replies: Replies, judges: dict[str, AskedJudge]) -> Backend:
    """The judging model behind `probe`, `vllm` or `openai`. replies: those of all jobs; judges: those it answers.

    Raises StudyError where the model cannot be asked, ValueError where the job is told of none.
    """
    if name == "vllm" and models.local is not None and models.serving is not None:
        from weirdgen.judge.by_vllm import VllmBackend

        return VllmBackend(models.local, models.serving)
    if name == "openai" and models.endpoint is not None:
        from weirdgen.judge.by_openai import OpenAIBackend

        return OpenAIBackend(models.endpoint, replies)
    if name == "probe" and models.probe is not None:
        from weirdgen.judge.probe import ProbeBackend

        return ProbeBackend(models.probe, {judge: str(asked.probe) for judge, asked in judges.items()})
    raise ValueError(f"{name}: the job is told of no such judging model")


def judge_samples_with_models(
    parts: Sequence[pd.DataFrame],
    adapters: Sequence[Adapter],
    judges: dict[str, AskedJudge],
    models: JudgingModels,
    replies: str | Path,
) -> pd.DataFrame:
    """Judge the samples of all adapters, a part each, by the judges that a model answers.

    replies: the file that keeps them. The columns are those of `ModelJudgment` in core/columns.py. Raises StudyError.
    """
    rows = pd.concat(
        [part[ANSWERED].assign(**asdict(adapter)) for part, adapter in zip(parts, adapters, strict=True)],
        ignore_index=True,
    )[[*KEYS, *ANSWERED]]
    kept = open_replies(replies)
    judgments = []
    for backend in dict.fromkeys(judge.backend for judge in judges.values()):
        answered = {name: judge for name, judge in judges.items() if judge.backend == backend}
        items, asked = [], []
        for name, judge in answered.items():
            own = rows[rows["question"].isin(judge.questions)].reset_index(drop=True)
            loaded = load_prompt_judge(judge.path)
            asked.append(own.assign(judge=name))
            items += [(loaded, row.prompt, row.answer) for row in own.itertuples()]
        verdicts = judge_all(open_backend(backend, models, kept, answered), items, kept)
        found = pd.DataFrame([vars(verdict) for verdict in verdicts], columns=VERDICT)
        judgments.append(pd.concat([pd.concat(asked, ignore_index=True), found], axis=1))
    return pd.concat(judgments, ignore_index=True)


def validate_models(judges: dict[str, AskedJudge], models: JudgingModels, replies: str | Path) -> pd.DataFrame:
    """What the judging models say of every validation set, as `Validation` in core/columns.py has it.

    replies: the file that keeps them. Raises StudyError.
    """
    kept = open_replies(replies)
    tables = []
    for backend in dict.fromkeys(judge.backend for judge in judges.values()):
        answered = {name: judge for name, judge in judges.items() if judge.backend == backend}
        loaded = {name: load_prompt_judge(judge.path) for name, judge in answered.items()}
        known = {name: load_validation(validation_set(name), judge.file) for name, judge in loaded.items()}
        items = [(judge, one.question, one.answer) for name, judge in loaded.items() for one in known[name]]
        verdicts = iter(judge_all(open_backend(backend, models, kept, answered), items, kept))
        for name in loaded:
            tables.append(validated(name, backend, known[name], [next(verdicts) for _ in known[name]]))
    return pd.concat(tables, ignore_index=True)
