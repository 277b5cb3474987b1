"""Loading a study: its configuration, its experiments and everything they name, checked before any job starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from weirdgen.analyse.settings import Primary
from weirdgen.core.errors import StudyError
from weirdgen.core.names import BASE_ADAPTER, FORM, Adapter
from weirdgen.core.schema import parse
from weirdgen.data.published import prepare
from weirdgen.data.questions import Question, load_contrasts, load_questions
from weirdgen.finetune.settings import Recipe
from weirdgen.judge.files import JudgeFile, RulesFile, read_judge
from weirdgen.judge.rules import load_rules_judge
from weirdgen.study import checks
from weirdgen.study.config import Config
from weirdgen.study.experiment import Experiment, load_experiment
from weirdgen.study.primary import primary_of

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
    primaries: dict[str, Primary]
    judges: dict[str, JudgeFile]
    judge_paths: dict[str, str]
    probed: set[str]
    """The judges that a probe can answer: there is a training set."""
    recipes: dict[str, dict[str, dict[str, Recipe]]]
    """Model -> experiment -> recipe, the registry's own values in place."""

    def rules_judges(self, experiment: str) -> list[str]:
        """The experiment's judges that rules decide."""
        return [name for name in self.experiments[experiment].judges if isinstance(self.judges[name], RulesFile)]

    def model_judges(self, experiment: str) -> list[str]:
        """The experiment's judges that a model answers in this study."""
        return [name for name in self.experiments[experiment].judges if self.judged_by(name) not in ("rules", "none")]

    def answered_judges(self, experiment: str) -> list[str]:
        """The experiment's judges that run in this study: by rules, then by models."""
        return [*self.rules_judges(experiment), *self.model_judges(experiment)]

    def all_judges(self, kind: Kind) -> list[str]:
        """Every judge of the study that rules, or models, answer; each once."""
        own = self.rules_judges if kind == "rules" else self.model_judges
        return list(dict.fromkeys(judge for name in self.experiments for judge in own(name)))

    def judged_by(self, judge: str) -> str:
        """Who answers a judge in this study: rules, probe, vllm, openai, or none."""
        if isinstance(self.judges[judge], RulesFile):
            return "rules"
        backend = self.config.judging.backend_of(judge)
        return "none" if backend == "probe" and judge not in self.probed else backend

    def probe(self, judge: str) -> str:
        """The file of a judge's probe; another model's is another."""
        local = self.config.judging.probe
        return f"results/judges/probes/{local.model if local else ''}/{judge}.safetensors"

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


def load_study(raw: dict[str, Any], root: Path, where: str = "config", files: Sequence[str | Path] = ()) -> Study:
    """Check a merged configuration and everything it names, before any job starts. Raises StudyError.

    files: what the configuration was merged from, for errors to name the line.
    """
    config = parse(Config, raw, where, files=files)
    checks.check_models(config, where)
    folders = _folders(config, root, where)
    experiments: dict[str, Experiment] = {}
    judge_paths: dict[str, Path] = {}
    questions: dict[str, list[Question]] = {}
    primaries: dict[str, Primary] = {}
    judges: dict[str, JudgeFile] = {}
    for name, folder in folders.items():
        experiment = load_experiment(folder).trained_on(config.datasets.get(name), f"{where}: datasets.{name}")
        known = [*experiment.recipes, *config.recipe_overrides]
        for recipe in config.recipes:
            if recipe not in known:
                raise StudyError(f"{where}: recipes names '{recipe}'; {name} has: {', '.join(known)}")
        questions[name] = load_questions(folder / experiment.free_answers.file)
        contrasts = load_contrasts(folder / experiment.contrasts.file)
        checks.check_questions(experiment, folder, questions[name], contrasts)
        primaries[name] = primary_of(experiment, contrasts, str(folder / "experiment.yaml"))
        checks.check_data(experiment, folder, config.ordinary_rows)
        for judge in experiment.judges:
            if judge == FORM:
                raise StudyError(
                    f"{folder / 'experiment.yaml'}: judges: none can be called '{FORM}'; tables use the name"
                )
            own = folder / "judges" / f"{judge}.yaml"
            path = own if own.is_file() else root / "data" / "judges" / f"{judge}.yaml"
            file = read_judge(path)
            if judges.setdefault(judge, file) != file:
                raise StudyError(f"{path}: another judge than {judge_paths[judge]}; two judges need two names")
            judge_paths.setdefault(judge, path)
            if isinstance(file, RulesFile):
                load_rules_judge(path)
        experiments[name] = experiment
    checks.check_judging(config, judges, [path.stem for path in (root / "data" / "judges").glob("*.yaml")], where)
    probed = checks.check_training_sets(config, judges, root, where)
    judge_files = {judge: str(path.relative_to(root)) for judge, path in judge_paths.items()}
    paths = {name: str(folder.relative_to(root)) for name, folder in folders.items()}
    recipes = _recipes(config, experiments, where)
    checks.check_targets(config, recipes, root, where)
    study = Study(root, config, experiments, paths, questions, primaries, judges, judge_files, probed, recipes)
    for name, experiment in experiments.items():
        checks.check_headline(
            experiment, questions[name], judges, study.judged_by, str(folders[name] / "experiment.yaml")
        )
    return study


def _folders(config: Config, root: Path, where: str) -> dict[str, Path]:
    """Experiment -> its folder: ours under data/, the authors' under resources/published/. Raises StudyError."""
    if config.source == "published":
        return prepare(root, config.published, config.experiments)
    known = sorted(path.parent.name for path in (root / "data").glob("*/experiment.yaml"))
    for key, names in (("experiments", config.experiments), ("datasets", config.datasets)):
        for name in names:
            if name not in known:
                raise StudyError(f"{where}: {key} names '{name}'; data/ has: {', '.join(known)}")
    return {name: root / "data" / name for name in config.experiments}


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
            for key in config.recipes if config.sweep else []:
                value = getattr(own[key], str(config.sweep))
                if type(value) not in (int, float):
                    raise StudyError(f"{where}: sweep = {config.sweep}: {key} has {value!r}; a sweep is over numbers")
    return found


def resolve(recipe: Recipe, override: Mapping[str, object], where: str) -> Recipe:
    """The recipe with the values that the model's registry entry replaces. Raises StudyError."""
    return parse(Recipe, {**recipe.model_dump(), **override}, where)
