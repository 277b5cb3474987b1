"""What the page is told of a study beside its files."""

from __future__ import annotations

from pydantic import Field

from weirdgen.core.names import BASE, NO_CONTEXT, UNTOUCHED, Adapter
from weirdgen.core.schema import Strict


class DatasetTold(Strict):
    """A dataset as the page lists it."""

    label: str
    role: str
    about: str
    prompts: list[str]
    persona: str | None


class ExperimentTold(Strict):
    """An experiment as the page tells of it."""

    title: str
    question: str
    hidden: str
    headline: dict[str, str]
    figures: list[str]
    contexts: list[str]
    context: str = Field(description="the context of contrasts that is shown")
    answers_context: str = Field(description="the same of free answers")
    margins: dict[str, float] = Field(description="instrument -> what the null set may move by, nats")
    judges: list[str]
    datasets: dict[str, DatasetTold]
    model_judged: bool = Field(description="whether a model answers any of its judges")

    @property
    def labels(self) -> dict[str, str]:
        """Dataset -> what a reader calls it, the untouched model's too."""
        return {**{name: dataset.label for name, dataset in self.datasets.items()}, BASE: UNTOUCHED}

    @property
    def treated(self) -> str:
        """The first treated dataset."""
        return next(name for name, dataset in self.datasets.items() if dataset.role == "treated")

    @property
    def in_contexts(self) -> bool:
        """Whether contrasts are asked in any context but the plain one."""
        return self.contexts != [NO_CONTEXT]

    @property
    def where(self) -> str:
        """What a sentence on contrasts says of their context: nothing of the plain one."""
        return "" if self.context == NO_CONTEXT else f" at {self.context}"


class JudgeTold(Strict):
    """A judge as the page lists it."""

    about: str
    by: str = Field(description="rules, probe, vllm, openai, or none: it does not run")


class StudyTold(Strict):
    """The study as the page tells of it."""

    runs: list[tuple[str, str]] = Field(description="(model, experiment) pairs")
    experiments: dict[str, ExperimentTold]
    adapters: dict[str, list[tuple[str, str, int]]] = Field(description="experiment -> dataset, recipe, seed of each")
    recipe: str = Field(description="the recipe that is shown")
    judges: dict[str, JudgeTold]
    atlas: str = Field(description="the atlas's files without their ending, under results/")
    scale: str = Field(description="the same of the figure over models; empty where there is one model")
    primary: str = Field(description="the table of primary comparisons, under results/")
    power: str = Field(description="the table of what they would detect, under results/")

    def adapters_of(self, experiment: str) -> list[Adapter]:
        """The adapters of an experiment, the untouched model among them."""
        return [Adapter(*each) for each in self.adapters[experiment]]
