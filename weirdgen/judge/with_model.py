"""Answers judged by language models: prompts in, replies kept, verdicts out."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from weirdgen.analyse.tables import KEYS
from weirdgen.judge.judging import KEY, VERDICT, Verdict
from weirdgen.judge.prompts import PromptJudge, load_prompt_judge
from weirdgen.judge.replies import Replies, key_of
from weirdgen.judge.validation import load_validation, validated

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """One request to a judging model."""

    key: str
    judge: PromptJudge
    prompt: str


class Backend(Protocol):
    """A judging model."""

    identity: dict[str, Any]
    """The model and the parameters that decide its replies: a part of every key."""

    def ask(self, wanted: Sequence[Wanted]) -> Iterator[tuple[Wanted, dict[str, Any]]]:
        """Yield every request with its reply, as replies arrive. Raises StudyError where some got none."""
        ...


def judge_all(backend: Backend, items: Sequence[tuple[PromptJudge, str, str]], replies: Replies) -> list[Verdict]:
    """A verdict for each (judge, question, answer), in order, all in one batch."""
    prompts = [judge.prompt(question, answer) for judge, question, answer in items]
    keys = [key_of(judge.id, prompt, backend.identity) for (judge, _, _), prompt in zip(items, prompts, strict=True)]
    missing = {
        key: Wanted(key, item[0], prompt)
        for key, item, prompt in zip(keys, items, prompts, strict=True)
        if key not in replies.found
    }
    log.info("%d verdicts: %d replies at hand, %d to ask for", len(keys), len(set(keys)) - len(missing), len(missing))
    if missing:
        for wanted, reply in backend.ask(list(missing.values())):
            replies.save(wanted.key, wanted.judge.id, reply)
    return [read_reply(item[0], replies.found[key]) for item, key in zip(items, keys, strict=True)]


def read_reply(judge: PromptJudge, reply: dict[str, Any]) -> Verdict:
    """The verdict a kept reply stands for."""
    if "probabilities" in reply:
        return judge.from_probabilities(reply["probabilities"])
    return judge.from_text(reply["text"], reply["tokens"])


def open_backend(name: str, judging: dict[str, Any], kept: str | Path) -> Backend:
    """`vllm` or `openai`, as the configuration's `judging` describes it."""
    if name == "vllm":
        from weirdgen.judge.by_vllm import VllmBackend

        local = judging["vllm"]
        return VllmBackend(f"resources/models/{local['model']}", local["model"], local["load"], local["chat"])
    from weirdgen.judge.by_openai import OpenAIBackend

    return OpenAIBackend(judging["openai"], kept)


def judge_samples_with_models(
    samples: Sequence[pd.DataFrame],
    adapters: Sequence[dict[str, Any]],
    judges: dict[str, dict[str, Any]],
    judging: dict[str, Any],
    replies: str | Path,
) -> pd.DataFrame:
    """Judge the samples of all adapters by the judges that a model answers.

    judges: name -> path, backend, questions. Columns: dataset, recipe, seed, the samples' key and answer,
    judge, label, evidence, probability, rating, refusal.
    """
    rows = pd.concat(
        [
            table[KEY].assign(**{key: adapter[key] for key in KEYS})
            for table, adapter in zip(samples, adapters, strict=True)
        ],
        ignore_index=True,
    )[[*KEYS, *KEY]]
    kept = Replies(replies)
    parts = []
    for backend in dict.fromkeys(judge["backend"] for judge in judges.values()):
        items, asked = [], []
        for name, judge in judges.items():
            if judge["backend"] == backend:
                own = rows[rows["question"].isin(judge["questions"])].reset_index(drop=True)
                loaded = load_prompt_judge(judge["path"])
                asked.append(own.assign(judge=name))
                items += [(loaded, row.prompt, row.answer) for row in own.itertuples()]
        verdicts = judge_all(open_backend(backend, judging, Path(replies).parents[1]), items, kept)
        found = pd.DataFrame([vars(verdict) for verdict in verdicts], columns=VERDICT)
        parts.append(pd.concat([pd.concat(asked, ignore_index=True), found], axis=1))
    return pd.concat(parts, ignore_index=True)


def validate_models(judges: dict[str, dict[str, str]], judging: dict[str, Any], replies: str | Path) -> pd.DataFrame:
    """What the judging models say of every validation set. judges: name -> path, backend."""
    kept = Replies(replies)
    tables = []
    for backend in dict.fromkeys(judge["backend"] for judge in judges.values()):
        own = {name: judge["path"] for name, judge in judges.items() if judge["backend"] == backend}
        loaded = {name: load_prompt_judge(path) for name, path in own.items()}
        known = {
            name: load_validation(f"data/judge_validation/{name}.yaml", judge.file) for name, judge in loaded.items()
        }
        items = [(judge, one.question, one.answer) for name, judge in loaded.items() for one in known[name]]
        verdicts = iter(judge_all(open_backend(backend, judging, Path(replies).parent), items, kept))
        for name in loaded:
            tables.append(validated(name, backend, known[name], [next(verdicts) for _ in known[name]]))
    return pd.concat(tables, ignore_index=True)
