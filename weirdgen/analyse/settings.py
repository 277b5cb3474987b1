"""What tables and effects depend on beside the numbers."""

from __future__ import annotations

from pydantic import Field

from weirdgen.core.schema import Name, Strict


class Statistics(Strict):
    """How uncertain a number is said to be."""

    resamples: int = Field(ge=100)
    seed: int = Field(ge=0)


class Measures(Strict):
    """What an experiment measures."""

    probability: bool = Field(description="also how likely an answer is to begin with a typical one")
    aside: list[Name] = Field(description="topics left out of the mean over all")
    pooled: dict[Name, list[Name]] = Field(description="further topics: others together")
    trigger: list[str] | None = Field(description="contexts with the trigger and without, as asked: `<name>=<value>`")
