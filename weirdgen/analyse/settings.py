"""What tables and effects depend on beside the numbers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from weirdgen.core.names import CONTRAST, EXCESS, TRIGGERED
from weirdgen.core.schema import Name, Strict


class Statistics(Strict):
    """How the intervals of mended rates are drawn; all others have a closed form."""

    resamples: int = Field(ge=100)
    seed: int = Field(ge=0)


MARGINS = {CONTRAST: 0.4, EXCESS: 0.1, TRIGGERED: 0.4}
"""Nats: 0.4 makes odds of 1 to 1 into 3 to 2; excesses, differences of differences, are some four times smaller."""


class Primary(Strict):
    """The one comparison by which an experiment is judged, named before it is run."""

    treated: Name
    control: Name
    instrument: Literal["contrast", "excess", "triggered"] = "contrast"
    topic: Name
    context: str = Field(description="as asked: `<name>=<value>` on an axis; of `triggered` `<with>-<without>`")


class Measures(Strict):
    """What an experiment measures."""

    probability: bool = Field(description="also how likely an answer is to begin with a typical one")
    aside: list[Name] = Field(description="topics left out of the mean over all")
    pooled: dict[Name, list[Name]] = Field(description="further topics: others together")
    margins: dict[str, float] = Field(
        description="instrument -> what the null set may move by and count as still, nats"
    )
    trigger: list[str] | None = Field(description="contexts with the trigger and without, as asked: `<name>=<value>`")
