"""Who judges: `judging` of the configuration, and what a job of each kind is told."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from weirdgen.core.schema import Name, Strict
from weirdgen.models.settings import ChatOptions, Load, Serving

JudgeModel = Literal["none", "probe", "vllm", "openai"]

Parameters = dict[str, Any]
"""Of a request, as the server takes them."""


class LocalJudge(Strict):
    """A model of the registry that judges, through vLLM or by its hidden states."""

    model: Name


class Prices(Strict):
    """What a million tokens costs, in any currency: for the estimate."""

    prompt: float = Field(default=0.0, ge=0)
    completion: float = Field(default=0.0, ge=0)


def _check_parameters(parameters: Parameters) -> Parameters:
    """`extra_body` holds what openai-python does not know; all of it goes into the request alike."""
    extra = parameters.get("extra_body") or {}
    if not isinstance(extra, dict):
        raise ValueError("extra_body holds further parameters, by their names")
    for name in [name for name in (*parameters, *extra) if name in ELSEWHERE]:
        raise ValueError(f"{name} is none of them: {ELSEWHERE[name]}")
    for own in (parameters, extra):
        for name in COUNTED & own.keys():
            if type(own[name]) is not int or own[name] < 1:
                raise ValueError(f"{name} is a whole number, 1 or more: the budget counts with it")
    try:
        json.dumps(parameters, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"cannot be sent as JSON: {error}") from None
    return parameters


def _check_address(address: str) -> str:
    try:
        parts = urlsplit(address)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or re.search(r"\s", address):
        raise ValueError("is no address such as https://api.openai.com/v1 or http://127.0.0.1:8000/v1")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("holds more than an address: no user, password, ? or #; the key is read from the environment")
    return address


def _check_variable(name: str) -> str:
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
        raise ValueError("is the name of an environment variable, in capitals; the key itself stays out of every file")
    return name


COUNTED = {"max_tokens", "max_completion_tokens", "n", "best_of"}
"""Parameters that say how many tokens a reply may cost."""

ELSEWHERE = {
    "model": "judging.openai.model says it",
    "messages": "the judges write them",
    "stream": "replies are read whole",
    "extra_headers": "the key is read from the environment, and no more is needed",
    "extra_query": "they go into the request's body",
    "timeout": "judging.openai.timeout says it",
}
"""What is no parameter of a judge's request, and why."""


class Replying(Strict):
    """What decides an endpoint's replies: part of the key under which each is kept."""

    model: str
    reply_tokens: int = Field(default=8, ge=1)
    logprobs: bool = Field(default=True, description="ask for probabilities; false where the server has none")
    parameters: Annotated[Parameters, AfterValidator(_check_parameters)] = Field(
        default_factory=dict, description="further parameters of the request"
    )


class Endpoint(Replying):
    """An OpenAI-compatible endpoint. The key is read from the environment and kept nowhere."""

    base_url: Annotated[str, AfterValidator(_check_address)]
    key: Annotated[str, AfterValidator(_check_variable)] | None = Field(
        default="OPENAI_API_KEY", description="the environment variable; null: no key needed"
    )
    max_requests: int = Field(ge=1, description="hard limit over everything ever asked, retries included")
    max_tokens: int = Field(ge=1, description="the same, prompts and replies together")
    price_per_million: Prices = Prices()
    concurrency: int = Field(default=8, ge=1)
    timeout: float = Field(default=60.0, gt=0, description="seconds until a reply is there as a whole")
    retries: int = Field(default=6, ge=0, description="after 408, 409, 429, 5xx, a time-out, a dropped connection")


class Judging(Strict):
    """Who answers the judges of type label and rating; `rules` judges need nobody."""

    backend: JudgeModel = Field(
        description="none: those judges are left out; probe: those without a training set, and all that rate, are"
    )
    per_judge: dict[Name, JudgeModel] = Field(default_factory=dict)
    probe: LocalJudge | None = None
    vllm: LocalJudge | None = None
    openai: Endpoint | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Judging:
        for backend in {self.backend, *self.per_judge.values()} - {"none"}:
            if getattr(self, backend) is None:
                raise ValueError(f"judging: {backend} is to judge, but the block judging.{backend} is missing")
        return self

    def backend_of(self, judge: str) -> str:
        """Who answers a judge of type label or rating."""
        return self.per_judge.get(judge, self.backend)


class AskedJudge(Strict):
    """A judge of a job: its file, who answers it, and the questions it reads."""

    path: str
    backend: Literal["rules", "probe", "vllm", "openai"]
    probe: str | None = Field(default=None, description="the file of its probe, where one answers")
    questions: list[str] = Field(description="ids; empty where a validation set is judged")


class LocalModel(Strict):
    """A model of the registry as a judge, and what decides its verdicts."""

    name: str
    folder: str
    load: Load
    chat: ChatOptions


class JudgingModels(Strict):
    """The models that judge in a job. What decides a reply of theirs is a param of its own: `local`, and `Replying`."""

    probe: LocalModel | None
    local: LocalModel | None
    serving: Serving | None
    endpoint: Endpoint | None
