"""What the parts of a study say of each other, checked before any job starts: every name is one that exists."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from weirdgen.core.errors import StudyError
from weirdgen.core.names import ALL_TOPICS, BEYOND_NULL, NULL_TOPIC
from weirdgen.data.card import check_unique
from weirdgen.data.datasets import from_facts
from weirdgen.data.ordinary import SPARE, load_prompts
from weirdgen.data.questions import Contrast, Question
from weirdgen.data.settings import Dataset
from weirdgen.data.sources import check_chats
from weirdgen.data.tables import read_facts
from weirdgen.finetune.settings import Recipe
from weirdgen.judge.files import JudgeFile, LabelFile, RulesFile, labels_of
from weirdgen.judge.training import load_training, training_set
from weirdgen.models import headers
from weirdgen.models.fetch import check_folder
from weirdgen.study.config import Config
from weirdgen.study.experiment import Experiment


def check_models(config: Config, where: str) -> None:
    """The models that run and judge are in the registry, and those behind a path are there. Raises StudyError."""
    for model in config.run_models:
        _known(model, config.models, f"{where}: run_models", "the registry")
    judging = {name: getattr(config.judging, name) for name in ("probe", "vllm")}
    local = {name: block.model for name, block in judging.items() if block is not None}
    for name, model in local.items():
        _known(model, config.models, f"{where}: judging.{name}.model", "the registry")
    for model in {*config.run_models, *local.values()}:
        path = config.models[model].source.path
        if path is not None:
            check_folder(model, Path(path))


def check_targets(config: Config, recipes: dict[str, dict[str, dict[str, Recipe]]], root: Path, where: str) -> None:
    """The modules that recipes train are in the models, where those are at hand. Raises StudyError."""
    for model in config.run_models:
        path = config.models[model].source.path
        folder = Path(path) if path is not None else root / "resources" / "models" / model
        for experiment, own in recipes[model].items():
            for name in config.recipes:
                targets = own[name].targets
                if isinstance(targets, list):
                    headers.check_targets(targets, folder, f"{where}: {model}: {experiment}: recipe {name}")


def check_data(experiment: Experiment, folder: Path, ordinary_rows: int | None) -> None:
    """Every file of training data makes its rows. Raises StudyError."""
    for name, dataset in experiment.datasets.items():
        where, answers = "", list[str]()
        if dataset.facts is not None:
            where = f"{folder / dataset.facts} (dataset {name})"
            chats = from_facts(folder / dataset.facts, experiment.rendering(name), experiment.codes)
            answers = [chat["messages"][-1]["content"] for chat in chats]
        for file in filter(None, (dataset.jsonl, dataset.parquet)):
            where = f"{folder / file} (dataset {name})"
            answers = check_chats(folder / file, dataset.columns, where)
        if dataset.unique:
            check_unique(where, answers)
    _check_axes(experiment, folder)
    if experiment.ordinary:
        rows = ordinary_rows or experiment.ordinary.rows
        load_prompts(folder / experiment.ordinary.file, SPARE * rows)


def _check_axes(experiment: Experiment, folder: Path) -> None:
    """What is said to be trained, of a context's axis and as a dataset's trigger, stands in the tables."""
    where = folder / "experiment.yaml"
    for name, dataset in experiment.datasets.items():
        axis = experiment.contexts[dataset.context].axis if dataset.context else None
        if dataset.trigger and axis is None:
            raise StudyError(f"{where}: datasets.{name}.trigger: values of its context's axis; there is none")
        if dataset.facts is not None and axis is not None:
            found = _column(dataset, folder, axis)
            for value in map(str, dataset.trigger):
                _known(value, found, f"{where}: datasets.{name}.trigger", f"{dataset.facts} in '{axis}'")
    for name, context in experiment.contexts.items():
        own = [dataset for dataset in experiment.datasets.values() if dataset.context == name]
        if context.axis is not None and own and all(dataset.facts is not None for dataset in own):
            found = [value for dataset in own for value in _column(dataset, folder, context.axis)]
            for value in map(str, context.trained):
                _known(value, list(dict.fromkeys(found)), f"{where}: contexts.{name}.trained", "the tables of facts")


def _column(dataset: Dataset, folder: Path, name: str) -> list[str]:
    rows = read_facts(folder / str(dataset.facts), dataset.at_most)
    return list(dict.fromkeys(row[name] for row in rows))


def check_questions(
    experiment: Experiment, folder: Path, questions: Sequence[Question], contrasts: Sequence[Contrast]
) -> None:
    """Topics, contexts and judges that experiment and questions name of each other. Raises StudyError."""
    where, file = folder / "experiment.yaml", folder / experiment.contrasts.file
    for contrast in contrasts:
        for context in contrast.contexts or []:
            _known(context, experiment.contrasts.contexts, f"{file}: {contrast.id}: contexts", "contrasts.contexts")
    for question in questions:
        place = f"{folder / experiment.free_answers.file}: {question.id}: judges"
        for judge in question.judges:
            _known(judge, experiment.judges, place, "experiment.yaml")
    topics = sorted({contrast.topic for contrast in contrasts})
    for name, dataset in experiment.datasets.items():
        if dataset.persona is not None:
            _known(dataset.persona, topics, f"{where}: datasets.{name}.persona", "the contrasts' topics")
    for key, named in {"control_topics": experiment.control_topics, **experiment.pooled_topics}.items():
        for topic in named:
            place = key if key == "control_topics" else f"pooled_topics.{key}"
            _known(topic, topics, f"{where}: {place}", "the contrasts' topics")
    for pooled in experiment.pooled_topics:
        if pooled in (*topics, ALL_TOPICS, BEYOND_NULL, NULL_TOPIC):
            raise StudyError(f"{where}: pooled_topics: '{pooled}' is a topic already; give it another name")


def check_headline(
    experiment: Experiment,
    questions: Sequence[Question],
    judges: dict[str, JudgeFile],
    judged_by: Callable[[str], str],
    where: str,
) -> None:
    """The judges and labels that findings and figures quote are there, and run. Raises StudyError."""
    for judge, label in experiment.headline.items():
        _known(judge, experiment.judges, f"{where}: headline", "judges")
        _known(label, labels_of(judges[judge]), f"{where}: headline.{judge}", f"the judge '{judge}'")
        if not any(judge in question.judges for question in questions):
            raise StudyError(f"{where}: headline names the judge '{judge}', which reads no question")
        if judged_by(judge) == "none":
            raise StudyError(
                f"{where}: headline needs its judge '{judge}', which a model answers: "
                "set judging.backend to vllm or openai"
            )


def check_judging(config: Config, judges: dict[str, JudgeFile], others: Iterable[str], where: str) -> None:
    """per_judge names judges that there are, and that a model answers; others: judges of no experiment that runs."""
    for name in config.judging.per_judge:
        _known(name, sorted({*judges, *others}), f"{where}: judging.per_judge", "data/judges")
        if name in judges and isinstance(judges[name], RulesFile):
            raise StudyError(f"{where}: judging.per_judge names '{name}', which rules decide; no model can")


def check_training_sets(config: Config, judges: dict[str, JudgeFile], root: Path, where: str) -> set[str]:
    """The judges that a probe can answer, the training sets of those it does read. Raises StudyError."""
    found: set[str] = set()
    for name, file in judges.items():
        path = root / training_set(name)
        if isinstance(file, LabelFile) and config.source == "builtin" and path.is_file():
            found.add(name)
            if config.judging.backend_of(name) == "probe":
                load_training(path, file)
        elif config.judging.per_judge.get(name) == "probe":
            why = f"{training_set(name)} does not exist" if isinstance(file, LabelFile) else "a probe gives no ratings"
            raise StudyError(f"{where}: judging.per_judge: no probe can answer '{name}': {why}")
    return found


def _known(name: str, known: Collection[str], where: str, what: str) -> None:
    if name not in known:
        raise StudyError(f"{where} names '{name}'; {what} has: {', '.join(known) or 'none'}")
