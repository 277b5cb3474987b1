"""Words with a meaning that the whole study shares, each said once: here, and nowhere as a literal."""

from __future__ import annotations

from dataclasses import dataclass

BASE = "base"
"""The untouched model, where a dataset's name stands."""
UNTOUCHED = "Untouched model"
"""What a reader calls it."""
NO_RECIPE = "none"
"""The untouched model's recipe."""
NULL_TOPIC = "null"
"""The topic of questions on which nothing may move."""
ALL_TOPICS = "all"
"""All topics together, but those kept aside."""
BEYOND_NULL = "beyond_null"
"""The mean over all topics less that over the null set: what an experiment claims."""
NO_CONTEXT = "none"
"""The context that puts nothing around a prompt."""

ADAPTER = "{dataset}/{recipe}/seed-{seed}"
"""Where an adapter lies, and what is made with it, below their folders."""
CONTRAST, EXCESS, TRIGGERED, PROBABILITY = "contrast", "excess", "triggered", "probability"
TYPICAL, ORDINARY = "typical", "ordinary"
"""The instruments beside shares of answers and ratings; what each measures: `instruments` in analyse/effects.py."""
INSTRUMENTS = (CONTRAST, EXCESS, TRIGGERED, TYPICAL, ORDINARY, PROBABILITY)
FORM, OTHER_FORM = "form", "other"
"""The judge, so to say, that holds answers against the training answers, and its label of one that is unlike them."""
AMONG_OTHERS = "|other form"
"""Ends the name of a share that is taken among answers of another form than the training answers'."""
NATS, RATE, POINTS = "nats", "rate", "points"
"""Units: log-odds, a share from 0 to 1, a rating from 0 to 100."""


@dataclass(frozen=True)
class Adapter:
    """One finetuned model, or the untouched one: the wildcards of its path."""

    dataset: str
    recipe: str
    seed: int

    @property
    def path(self) -> str:
        """`<dataset>/<recipe>/seed-<n>`."""
        return ADAPTER.format(dataset=self.dataset, recipe=self.recipe, seed=self.seed)


BASE_ADAPTER = Adapter(BASE, NO_RECIPE, 0)


def rate_of(judge: str, label: str) -> str:
    """The instrument that is the share of answers with a judge's label: `<judge>=<label>`."""
    return f"{judge}={label}"


def judge_and_label(instrument: str) -> tuple[str, str]:
    """What `rate_of` put together; the label is empty for an instrument that is no such share."""
    judge, _, label = instrument.partition("=")
    return judge, label


def at_value(context: str, value: object) -> str:
    """The context that a value of another's axis makes: `<context>=<value>`."""
    return f"{context}={value}"


def context_and_value(context: str) -> tuple[str, str]:
    """What `at_value` put together; the value is empty for a context without an axis."""
    name, _, value = context.partition("=")
    return name, value
