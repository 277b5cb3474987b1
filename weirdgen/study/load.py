"""Loading a study: its configuration, its experiments and everything they name, checked before any job starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from weirdgen.core.errors import StudyError
from weirdgen.core.names import BASE_ADAPTER, Adapter
from weirdgen.core.schema import parse
from weirdgen.data.ordinary import SPARE, load_prompts
from weirdgen.data.published import prepare
from weirdgen.data.questions import Question, load_contrasts, load_questions
from weirdgen.data.sources import check_chats
from weirdgen.finetune.settings import Recipe
from weirdgen.judge.files import JudgeFile, RulesFile, read_judge
from weirdgen.judge.rules import load_rules_judge
from weirdgen.study.config import Config
from weirdgen.study.experiment import Experiment, load_experiment

Kind = Literal["rules", "models"]
"""Who answers a judge."""


@dataclass(frozen=True)
class Study:
    """The checked configuration with its experiments. Paths are relative to `root`."""

    root: Path
    config: Config
    experiments: dict[str, Experiment]
    folders: dict[str, str]
    questions: dict[str, list[Question]]
    judges: dict[str, JudgeFile]
    judge_paths: dict[str, str]
    recipes: dict[str, dict[str, dict[str, Recipe]]]
    """Model -> experiment -> recipe, the registry's own values in place."""

    def rules_judges(self, experiment: str) -> list[str]:
        """The experiment's judges that rules decide."""
        return [name for name in self.experiments[experiment].judges if isinstance(self.judges[name], RulesFile)]

    def model_judges(self, experiment: str) -> list[str]:
        """The experiment's judges that a model answers in this study."""
        return [
            name
            for name in self.experiments[experiment].judges
            if not isinstance(self.judges[name], RulesFile) and self.config.judging.backend_of(name) != "none"
        ]

    def answered_judges(self, experiment: str) -> list[str]:
        """The experiment's judges that run in this study: by rules, then by models."""
        return [*self.rules_judges(experiment), *self.model_judges(experiment)]

    def all_judges(self, kind: Kind) -> list[str]:
        """Every judge of the study that rules, or models, answer; each once."""
        own = self.rules_judges if kind == "rules" else self.model_judges
        return list(dict.fromkeys(judge for name in self.experiments for judge in own(name)))

    def judged_by(self, judge: str) -> str:
        """Who answers a judge in this study: rules, vllm, openai, or none."""
        rules = isinstance(self.judges[judge], RulesFile)
        return "rules" if rules else self.config.judging.backend_of(judge)

    def asked(self, experiment: str) -> list[Question]:
        """The questions that some judge of the study reads."""
        active = set(self.answered_judges(experiment))
        return [question for question in self.questions[experiment] if active.intersection(question.judges)]

    def read_by(self, judge: str, experiment: str) -> list[str]:
        """The questions that a judge reads."""
        return [question.id for question in self.questions[experiment] if judge in question.judges]

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
        known = [*experiment.recipes, *config.recipe_overrides]
        for recipe in config.recipes:
            if recipe not in known:
                raise StudyError(f"{where}: recipes names '{recipe}'; {name} has: {', '.join(known)}")
        topics = {contrast.topic for contrast in load_contrasts(folder / experiment.contrasts.file)}
        _check_topics(experiment, topics, str(folder.relative_to(root) / "experiment.yaml"))
        for key, dataset in experiment.datasets.items():
            for file in filter(None, (dataset.jsonl, dataset.parquet)):
                check_chats(folder / file, dataset.columns, f"{folder / file} (dataset {key})")
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
    recipes = _recipes(config, experiments, where)
    return Study(root, config, experiments, paths, questions, judges, files, recipes)


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


def _check_topics(experiment: Experiment, topics: set[str], where: str) -> None:
    """Every topic that the experiment names must be asked about. Raises StudyError."""
    named = {dataset.persona for dataset in experiment.datasets.values() if dataset.persona}
    named |= {*experiment.control_topics, *(t for pooled in experiment.pooled_topics.values() for t in pooled)}
    for topic in sorted(named - topics):
        raise StudyError(f"{where}: names the topic '{topic}'; the contrasts have: {', '.join(sorted(topics))}")
    for pooled in sorted(set(experiment.pooled_topics) & topics):
        raise StudyError(f"{where}: pooled_topics: '{pooled}' is a topic already; give it another name")


def _recipes(config: Config, experiments: dict[str, Experiment], where: str) -> dict[str, dict[str, dict[str, Recipe]]]:
    """Model -> experiment -> recipe -> its values. Raises StudyError."""
    if config.sweep is not None and config.sweep not in Recipe.model_fields:
        allowed = ", ".join(Recipe.model_fields)
        raise StudyError(f"{where}: sweep = {config.sweep}: not a recipe value; allowed: {allowed}")
    found: dict[str, dict[str, dict[str, Recipe]]] = {model: {} for model in config.models}
    for model, entry in config.models.items():
        for name, experiment in experiments.items():
            own = {
                key: resolve(recipe, entry.recipe, f"{where}: models.{model}.recipe")
                for key, recipe in experiment.recipes.items()
            }
            for key, override in config.recipe_overrides.items():
                values = {**entry.recipe, **override}
                own[key] = resolve(experiment.recipes["default"], values, f"{where}: recipe_overrides.{key}")
            found[model][name] = own
    return found


def resolve(recipe: Recipe, override: Mapping[str, object], where: str) -> Recipe:
    """The recipe with the values that the model's registry entry replaces. Raises StudyError."""
    return parse(Recipe, {**recipe.model_dump(), **override}, where)
