"""Judging by a local model through vLLM: the exact probability of every choice, none of them sampled.

A structured output gives one choice and the probability of the path it took. Here the choices form a
trie of tokens, and one constrained token is asked for at every branch that is likely enough, so that all
choices get the probability they have under the constraint: a label's, or all of 0-100.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch

from weirdgen.judge.prompts import PromptJudge
from weirdgen.judge.requests import Identity, Keep, Request, Told
from weirdgen.judge.settings import LocalModel
from weirdgen.models.chat import Chat
from weirdgen.models.fetch import require_source
from weirdgen.models.load import load_tokenizer
from weirdgen.models.settings import Serving
from weirdgen.models.vllm_engine import Engine, open_engine

UNLIKELY = 1e-3
"""A branch of the trie less likely than this is left: its mass is spread over the rest."""

CHUNK = 512
"""Requests judged between two saves."""


class VllmBackend(Told):
    """A model of the registry as a judge."""

    def __init__(self, local: LocalModel, serving: Serving) -> None:
        """Raises StudyError where the model's folder does not say what its weights are."""
        self.local = local
        self.serving = serving
        self.chat = Chat(load_tokenizer(local.folder), local.chat)
        self.files = require_source(Path(local.folder)).digests

    def identity(self, judge: PromptJudge) -> Identity:
        """The model, and the choices where the judge's prompt does not hold them."""
        return {
            "backend": "vllm",
            "model": self.local.name,
            "chat": self.local.chat.model_dump(exclude_none=True),
            "dtype": self.local.load.dtype,
            "files": self.files,
            **({"choices": judge.choices} if judge.file.template and judge.file.type == "label" else {}),
        }

    def ask(self, wanted: Sequence[Request], keep: Keep) -> None:
        """Find the choices' probabilities of every request, chunk by chunk."""
        prompts = {request.key: self.chat.prompt_ids(request.prompt) for request in wanted}
        choices = {request.judge.id: self._choices(request) for request in wanted}
        longest_choice = max(len(tokens) for own in choices.values() for tokens in own.values())
        longest = max(map(len, prompts.values())) + longest_choice
        engine = open_engine(self.local.folder, self.local.load, self.serving, [], longest, torch.get_num_threads())
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            asked = [(prompts[request.key], choices[request.judge.id]) for request in chunk]
            found = choice_probabilities(engine, asked, desc=f"judge {start + len(chunk)} of {len(wanted)}")
            for request, probabilities in zip(chunk, found, strict=True):
                keep(request, {"probabilities": probabilities})

    def _choices(self, request: Request) -> dict[str, tuple[int, ...]]:
        return {choice: tuple(self.chat.answer_ids(choice, end=True)) for choice in request.judge.choices}


def choice_probabilities(
    engine: Engine, asked: Sequence[tuple[Sequence[int], dict[str, tuple[int, ...]]]], *, desc: str
) -> list[dict[str, float]]:
    """For each (prompt, choice -> its tokens with the end of the turn): choice -> probability, adding up to 1.

    No choice's tokens may begin another's; the end of the turn makes sure of that.
    """
    from vllm import SamplingParams

    found: list[dict[str, float]] = [{} for _ in asked]
    branches: list[tuple[int, tuple[int, ...], float]] = [
        (i, (), 0.0) for i in range(len(asked))
    ]  # request, tokens so far, their log-probability
    level = 0
    while branches:
        level += 1
        prompts, params, open_branches = [], [], []
        for i, prefix, logprob in branches:
            prompt, choices = asked[i]
            prefix, following = _walk(prefix, choices)
            if not following:
                choice = next(choice for choice, tokens in choices.items() if tokens == prefix)
                found[i][choice] = math.exp(logprob)
                continue
            prompts.append([*prompt, *prefix])
            params.append(
                SamplingParams(
                    max_tokens=1,
                    temperature=0.0,
                    allowed_token_ids=following,
                    logprobs=len(following),
                    detokenize=False,
                )
            )
            open_branches.append((i, prefix, logprob))
        branches = []
        if prompts:
            outputs = engine.generate(prompts, params, desc=f"{desc}, token {level}")
            for (i, prefix, logprob), output, param in zip(open_branches, outputs, params, strict=True):
                scores = output.outputs[0].logprobs[0]
                for token in param.allowed_token_ids:
                    total = logprob + scores[token].logprob
                    if total > math.log(UNLIKELY):
                        branches.append((i, (*prefix, token), total))
    return [_normal(own) for own in found]


def _walk(prefix: tuple[int, ...], choices: dict[str, tuple[int, ...]]) -> tuple[tuple[int, ...], list[int]]:
    """Along the trie to the next fork: the longer prefix, and the tokens that may follow ([] at a choice's end)."""
    while True:
        following = sorted(
            {t[len(prefix)] for t in choices.values() if len(t) > len(prefix) and t[: len(prefix)] == prefix}
        )
        if len(following) != 1:
            return prefix, following
        prefix = (*prefix, following[0])


def _normal(probabilities: dict[str, float]) -> dict[str, float]:
    total = sum(probabilities.values())
    return {choice: round(p / total, 6) for choice, p in probabilities.items()}
