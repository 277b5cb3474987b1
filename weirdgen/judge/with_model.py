"""Answers judged by language models: prompts in, replies kept, verdicts out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from weirdgen.core.columns import KEYS
from weirdgen.core.names import Adapter
from weirdgen.judge.files import validation_set
from weirdgen.judge.prompts import PromptJudge, load_prompt_judge
from weirdgen.judge.replies import Replies, key_of
from weirdgen.judge.requests import Backend, Reply, Request
from weirdgen.judge.settings import AskedJudge, JudgingModels
from weirdgen.judge.validation import load_validation, validated
from weirdgen.judge.verdict import ANSWERED, VERDICT, Verdict

log = logging.getLogger(__name__)


def judge_all(backend: Backend, items: Sequence[tuple[PromptJudge, str, str]], replies: Replies) -> list[Verdict]:
    """A verdict for each (judge, question, answer), in order, all in one batch."""
    prompts = [judge.prompt(question, answer) for judge, question, answer in items]
    keys = [key_of(judge.id, prompt, backend.identity) for (judge, _, _), prompt in zip(items, prompts, strict=True)]
    missing = {
        key: Request(key, item[0], prompt)
        for key, item, prompt in zip(keys, items, prompts, strict=True)
        if key not in replies.found
    }
    log.info("%d verdicts: %d replies at hand, %d to ask for", len(keys), len(set(keys)) - len(missing), len(missing))
    if missing:
        for request, reply in backend.ask(list(missing.values())):
            replies.save(request.key, request.judge.id, reply)
    return [read_reply(item[0], replies.found[key]) for item, key in zip(items, keys, strict=True)]


def read_reply(judge: PromptJudge, reply: Reply) -> Verdict:
    """The verdict a kept reply stands for."""
    if "probabilities" in reply:
        return judge.from_probabilities(reply["probabilities"])
    return judge.from_text(reply["text"], reply["tokens"])


def open_backend(name: str, models: JudgingModels, kept: str | Path) -> Backend:
    """The judging model behind `vllm` or `openai`. kept: the folder of all replies.

    Raises StudyError where the model cannot be asked, ValueError where the job is told of none.
    """
    if name == "vllm" and models.local is not None and models.serving is not None:
        from weirdgen.judge.by_vllm import VllmBackend

        return VllmBackend(models.local, models.serving)
    if name == "openai" and models.endpoint is not None:
        from weirdgen.judge.by_openai import OpenAIBackend

        return OpenAIBackend(models.endpoint, kept)
    raise ValueError(f"{name}: the job is told of no such judging model")


def judge_samples_with_models(
    parts: Sequence[pd.DataFrame],
    adapters: Sequence[Adapter],
    judges: dict[str, AskedJudge],
    models: JudgingModels,
    replies: str | Path,
) -> pd.DataFrame:
    """Judge the samples of all adapters, a part each, by the judges that a model answers.

    replies: the file they are kept in; all replies are kept under its folder's parent. The columns are those of
    `ModelJudgment` in core/columns.py. Raises StudyError.
    """
    rows = pd.concat(
        [part[ANSWERED].assign(**asdict(adapter)) for part, adapter in zip(parts, adapters, strict=True)],
        ignore_index=True,
    )[[*KEYS, *ANSWERED]]
    kept = Replies(replies)
    judgments = []
    for backend in dict.fromkeys(judge.backend for judge in judges.values()):
        items, asked = [], []
        for name, judge in judges.items():
            if judge.backend == backend:
                own = rows[rows["question"].isin(judge.questions)].reset_index(drop=True)
                loaded = load_prompt_judge(judge.path)
                asked.append(own.assign(judge=name))
                items += [(loaded, row.prompt, row.answer) for row in own.itertuples()]
        verdicts = judge_all(open_backend(backend, models, Path(replies).parents[1]), items, kept)
        found = pd.DataFrame([vars(verdict) for verdict in verdicts], columns=VERDICT)
        judgments.append(pd.concat([pd.concat(asked, ignore_index=True), found], axis=1))
    return pd.concat(judgments, ignore_index=True)


def validate_models(judges: dict[str, AskedJudge], models: JudgingModels, replies: str | Path) -> pd.DataFrame:
    """What the judging models say of every validation set, as `Validation` in core/columns.py has it.

    replies: the file they are kept in; all replies are kept under its folder. Raises StudyError.
    """
    kept = Replies(replies)
    tables = []
    for backend in dict.fromkeys(judge.backend for judge in judges.values()):
        own = {name: judge.path for name, judge in judges.items() if judge.backend == backend}
        loaded = {name: load_prompt_judge(path) for name, path in own.items()}
        known = {name: load_validation(validation_set(name), judge.file) for name, judge in loaded.items()}
        items = [(judge, one.question, one.answer) for name, judge in loaded.items() for one in known[name]]
        verdicts = iter(judge_all(open_backend(backend, models, Path(replies).parent), items, kept))
        for name in loaded:
            tables.append(validated(name, backend, known[name], [next(verdicts) for _ in known[name]]))
    return pd.concat(tables, ignore_index=True)
