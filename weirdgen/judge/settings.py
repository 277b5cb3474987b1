"""Who judges: `judging` of the configuration, and what a job of each kind is told."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from weirdgen.core.schema import Name, Strict
from weirdgen.models.settings import ChatOptions, Load, Serving

JudgeModel = Literal["none", "vllm", "openai"]


class LocalJudge(Strict):
    """A model of the registry that judges through vLLM."""

    model: Name


class Prices(Strict):
    """What a million tokens costs, in any currency: for the estimate."""

    prompt: float = Field(default=0.0, ge=0)
    completion: float = Field(default=0.0, ge=0)


class Replying(Strict):
    """What decides an endpoint's replies: part of the key under which each is kept."""

    model: str
    reply_tokens: int = Field(default=8, ge=1)
    logprobs: bool = Field(default=True, description="ask for probabilities; false where the server has none")
    parameters: dict[str, Any] = Field(default_factory=dict, description="further parameters of the request")


class Endpoint(Replying):
    """An OpenAI-compatible endpoint. The key is read from the environment and kept nowhere."""

    base_url: str
    key: str | None = Field(default="OPENAI_API_KEY", description="the environment variable; null: no key needed")
    max_requests: int = Field(ge=1, description="hard limit over everything kept in resources/replies")
    max_tokens: int = Field(ge=1, description="the same, prompts and replies together")
    price_per_million: Prices = Prices()
    concurrency: int = Field(default=8, ge=1)
    timeout: float = Field(default=60.0, gt=0, description="seconds")
    retries: int = Field(default=6, ge=0, description="after 408, 409, 429, 5xx, a time-out, a dropped connection")
    backoff: float = Field(default=1.0, ge=0, description="seconds; doubled at every retry, drawn at random below that")


class Judging(Strict):
    """Who answers the judges of type label and rating. `rules` judges need nobody."""

    backend: JudgeModel = Field(description="none: those judges are left out")
    per_judge: dict[Name, JudgeModel] = Field(default_factory=dict)
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
    backend: Literal["rules", "vllm", "openai"]
    questions: list[str] = Field(description="ids; empty where a validation set is judged")


class LocalModel(Strict):
    """A model of the registry as a judge, and what decides its verdicts."""

    name: str
    folder: str
    load: Load
    chat: ChatOptions


class JudgingModels(Strict):
    """The models that judge in a job. What decides a reply of theirs is a param of its own: `local`, and `Replying`."""

    local: LocalModel | None
    serving: Serving | None
    endpoint: Endpoint | None
