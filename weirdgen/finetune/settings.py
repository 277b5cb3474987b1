"""A recipe: every value that training depends on beside model, data and seed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from weirdgen.core.schema import Names, Strict


class Recipe(Strict):
    """How one adapter is trained. LoRA after Hu et al. 2021 (arXiv 2106.09685); rsLoRA: arXiv 2312.03732."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0, le=1)
    schedule: Literal["linear", "cosine", "constant"]
    warmup: float = Field(ge=0, lt=1, description="fraction of all steps")
    weight_decay: float = Field(ge=0)
    max_grad_norm: float = Field(gt=0)
    rank: int = Field(ge=1)
    alpha: float = Field(gt=0)
    targets: Literal["all-linear"] | Annotated[Names, Field(min_length=1)]
    rslora: bool
    max_length: int = Field(ge=8, description="tokens; a longer row is an error")
    data_fraction: float = Field(default=1.0, gt=0, le=1, description="share of the rows used")
