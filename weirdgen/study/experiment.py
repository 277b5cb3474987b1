"""The schema of `data/<experiment>/experiment.yaml`: what is trained, asked, judged and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from weirdgen.analyse.settings import MARGINS
from weirdgen.core.errors import StudyError
from weirdgen.core.names import BASE, CONTRAST, EXCESS, NO_RECIPE, TRIGGERED
from weirdgen.core.patterns import Pattern
from weirdgen.core.schema import EachOnce, Name, Names, Strict, Values, parse_file
from weirdgen.data.questions import Context
from weirdgen.data.settings import Codes, Dataset, Ordinary, Rendering
from weirdgen.finetune.settings import Recipe
from weirdgen.plot.catalogue import FIGURES

Instrument = Literal["free_answers", "contrasts"]


def _check_figure(name: str) -> str:
    if name not in FIGURES:
        raise ValueError(f"no such figure; there are: {', '.join(FIGURES)}")
    return name


Figure = Annotated[str, AfterValidator(_check_figure)]


class Evaluation(Strict):
    """A question file, asked in each of these contexts."""

    file: str
    contexts: Names = Field(min_length=1)
    values: dict[Name, dict[str, Values]] = Field(
        default_factory=dict, description="context -> variable -> values asked at here instead of the context's own"
    )


class Contrasts(Evaluation):
    """Exact log-odds: ours. `probability` also reports how likely an answer is to begin with a typical one."""

    probability: bool = False


class FreeAnswers(Evaluation):
    """Sampled answers: the paper's instrument."""

    max_tokens: int = Field(ge=1)
    temperature: float = Field(gt=0)


class PrimaryRow(Strict):
    """What of `Primary` is written down; the rest follows from the experiment."""

    treated: Name | None = Field(default=None, description="default: the first treated dataset")
    control: Name | None = Field(default=None, description="default: the first control, or the untouched model")
    instrument: Literal["contrast", "excess", "triggered"] = "contrast"
    topic: Name | None = Field(
        default=None, description="default: beyond_null where null questions are asked there, else all"
    )
    context: str | None = Field(default=None, description="default: the context that figures show")


class Margins(Strict):
    """What the null set may move by and still count as still: nats."""

    contrast: float = Field(default=MARGINS[CONTRAST], gt=0)
    excess: float = Field(default=MARGINS[EXCESS], gt=0)
    triggered: float = Field(default=MARGINS[TRIGGERED], gt=0)


class Experiment(Strict):
    """`data/<experiment>/experiment.yaml`."""

    title: str
    question: str
    hidden: str = Field(description="the hidden persona in a word or two, for figures: '19th century'")
    datasets: dict[Name, Dataset] = Field(min_length=1)
    leak_cues: dict[str, list[Pattern]] = Field(default_factory=dict, description="kind -> regular expressions")
    ordinary: Ordinary | None = None
    codes: Codes | None = None
    contexts: dict[Name, Context]
    recipes: dict[Name, Recipe]
    free_answers: FreeAnswers
    contrasts: Contrasts
    control_topics: Names = Field(default_factory=list, description="topics left out of `all`, as `null` is")
    pooled_topics: dict[Name, Names] = Field(default_factory=dict, description="further topics: others together")
    trigger_contexts: Names | None = Field(
        default=None, min_length=2, max_length=2, description="with the trigger, without: their difference is measured"
    )
    primary: PrimaryRow = Field(default_factory=PrimaryRow, description="the comparison the experiment is judged by")
    margins: Margins = Field(default_factory=Margins)
    judges: Names
    headline: dict[str, str] = Field(min_length=1, description="the judge and label whose rate the findings quote")
    headline_context: str | None = Field(default=None, description="the context figures show; default: the first")
    figures: Annotated[list[Figure], EachOnce]

    @model_validator(mode="after")
    def _fits_together(self) -> Experiment:
        for name in self.datasets:
            if name == BASE:
                raise ValueError(f"a dataset cannot be called '{BASE}': that is the untouched model")
        if "default" not in self.recipes:
            raise ValueError("recipes: 'default' is missing")
        if NO_RECIPE in self.recipes:
            raise ValueError(f"a recipe cannot be called '{NO_RECIPE}': that is the untouched model's")
        if not any(d.role == "treated" for d in self.datasets.values()):
            raise ValueError("datasets: at least one needs 'role: treated'")
        known = ", ".join(self.contexts)
        for evaluation in (self.free_answers, self.contrasts):
            for context in evaluation.contexts:
                if context not in self.contexts:
                    raise ValueError(f"{evaluation.file} asks in context '{context}'; known: {known}")
            for context, values in evaluation.values.items():
                if context not in evaluation.contexts:
                    raise ValueError(f"{evaluation.file} has values for '{context}'; it asks in: {known}")
                own = self.contexts[context].values
                for name, asked_at in values.items():
                    if name not in own:
                        raise ValueError(f"{evaluation.file} has values for '{name}'; {context} has: {', '.join(own)}")
                    if not asked_at:
                        raise ValueError(f"{evaluation.file}: values.{context}.{name} must list at least one value")
        for name, dataset in self.datasets.items():
            if dataset.context is not None and dataset.context not in self.contexts:
                raise ValueError(f"datasets.{name}.context is '{dataset.context}'; known: {known}")
        for name, dataset in self.datasets.items():
            if dataset.ordinary and self.ordinary is None:
                raise ValueError(
                    f"datasets.{name} mixes in ordinary data; the key 'ordinary' says which, and is missing"
                )
            if (dataset.code is None) != (self.codes is None):
                raise ValueError(f"datasets.{name}: 'code' and the experiment's 'codes' go together, for all datasets")
        asked = self.asked("contrasts")
        for context in self.trigger_contexts or []:
            if context not in asked:
                raise ValueError(f"trigger_contexts names '{context}'; asked: {', '.join(asked)}")
        self.asked("free_answers")
        if self.headline_context is not None and self.headline_context not in asked:
            raise ValueError(f"headline_context is '{self.headline_context}'; asked: {', '.join(asked)}")
        return self

    def trained_on(self, names: Sequence[str] | None, where: str) -> Experiment:
        """The experiment with these datasets, or with all that are not `on_demand`, in its own order.

        Raises StudyError, which `where` begins, for a name that it does not know, and where too few are left.
        """
        for name in names or []:
            if name not in self.datasets:
                raise StudyError(f"{where} names '{name}'; there are: {', '.join(self.datasets)}")
        own = {
            name: dataset
            for name, dataset in self.datasets.items()
            if (not dataset.on_demand if names is None else name in names)
        }
        if not any(dataset.role == "treated" for dataset in own.values()):
            raise StudyError(f"{where}: none of them is treated")
        for needed in (self.primary.treated, self.primary.control):
            if needed in self.datasets and needed not in own:
                raise StudyError(f"{where} leaves out '{needed}', which the experiment's primary comparison needs")
        return self.model_copy(update={"datasets": own})

    def rendering(self, dataset: str) -> Rendering:
        """What a dataset's JSONL depends on."""
        own = self.datasets[dataset]
        context = self.contexts[own.context] if own.context else Context()
        shared = own.model_dump(include=Rendering.model_fields.keys() & Dataset.model_fields.keys())
        return Rendering.model_validate({**shared, "template": context.template, "system": context.system})

    def contexts_of(self, instrument: Instrument) -> dict[str, Context]:
        """The contexts an instrument asks in, with the values it asks at."""
        evaluation: Evaluation = getattr(self, instrument)
        return {
            name: self.contexts[name].model_copy(
                update={"values": {**self.contexts[name].values, **evaluation.values.get(name, {})}}
            )
            for name in evaluation.contexts
        }

    def asked(self, instrument: Instrument) -> list[str]:
        """The contexts an instrument asks in, axes expanded, each once."""
        contexts = self.contexts_of(instrument)
        return list(dict.fromkeys(v.context for name, context in contexts.items() for v in context.variants(name)))


def load_experiment(folder: Path) -> Experiment:
    """Read and check `experiment.yaml` and that the files it names exist. Raises StudyError."""
    path = folder / "experiment.yaml"
    experiment = parse_file(Experiment, path)
    files = [file for dataset in experiment.datasets.values() for file in dataset.files]
    files += [experiment.ordinary.file] if experiment.ordinary else []
    for name in [*files, experiment.free_answers.file, experiment.contrasts.file]:
        if not (folder / name).is_file():
            raise StudyError(f"{path}: names '{name}', but {folder / name} does not exist")
    return experiment
