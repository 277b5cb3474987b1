"""How answers are sampled."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PlainValidator

from weirdgen.core.schema import Strict

Backend = Literal["auto", "transformers", "vllm"]


def _number_or_auto(value: object) -> object:
    if value == "auto" or (type(value) is int and value >= 1):
        return value
    raise ValueError("allowed: auto, or a number from 1")


BatchSize = Annotated[int | Literal["auto"], PlainValidator(_number_or_auto)]


class Sampler(Strict):
    """`sampler` of the configuration."""

    backend: Backend = Field(description="auto: vLLM where it and CUDA are there")
    batch_size: BatchSize = Field(
        description="answers sampled at once by transformers; auto: as many as the device is best with"
    )
    samples_per_paraphrase: int | None = Field(default=None, ge=1, description="replaces the questions' own")
    max_tokens: int | None = Field(default=None, ge=1, description="replaces the experiment's own")


class Sampling(Strict):
    """What decides an answer beside model, prompt and seed.

    The batch size is among it: answers sampled together share one stream of random numbers.
    """

    backend: Backend
    batch_size: BatchSize
    max_tokens: int = Field(ge=1)
    temperature: float = Field(gt=0)


class OrdinaryJob(Strict):
    """How many rows of ordinary data there are to be, and how they are sampled."""

    rows: int = Field(ge=1)
    sampling: Sampling
