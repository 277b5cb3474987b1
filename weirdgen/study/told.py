"""What figures and the page are told of a study beside its numbers."""

from __future__ import annotations

from weirdgen.core.names import BASE, UNTOUCHED
from weirdgen.data.tables import read_facts
from weirdgen.plot.catalogue import FIGURES
from weirdgen.plot.told import About, Axis, Titled, Told
from weirdgen.report.told import DatasetTold, ExperimentTold, JudgeTold, StudyTold
from weirdgen.study.experiment import Experiment, Instrument
from weirdgen.study.load import Study


def figures(study: Study, model: str, name: str) -> Told:
    """What an experiment's own figures are told."""
    experiment, sweep = study.experiments[name], study.config.sweep
    recipes = study.recipes[model][name]
    return Told(
        **_about(study, name).model_dump(),
        doses=_doses(study, name),
        personas={key: d.persona for key, d in experiment.datasets.items() if d.persona},
        asked=experiment.asked("contrasts"),
        trigger=experiment.trigger_contexts or [],
        codes={key: d.code for key, d in experiment.datasets.items() if d.code},
        axes={
            key: Axis(axis=context.axis, trained=context.trained, marks=context.marks)
            for key, context in experiment.contexts.items()
            if context.axis is not None
        },
        sweep={key: getattr(recipes[key], sweep) for key in study.config.recipes} if sweep else {},
        sweep_value=sweep or "",
    )


def atlas(study: Study) -> dict[str, Titled]:
    """Experiment -> what the atlas is told of it."""
    return {
        name: Titled(**_about(study, name).model_dump(), title=experiment.title)
        for name, experiment in study.experiments.items()
    }


def page(study: Study, atlas_files: str, scale_files: str, primary_file: str, power_file: str) -> StudyTold:
    """What the page is told; all files lie under results/, those of figures without their ending."""
    return StudyTold(
        runs=list(study.runs()),
        experiments={name: _experiment(study, name) for name in study.experiments},
        adapters={name: [(a.dataset, a.recipe, a.seed) for a in study.adapters(name)] for name in study.experiments},
        recipe=study.config.recipes[0],
        judges={name: JudgeTold(about=file.about, by=study.judged_by(name)) for name, file in study.judges.items()},
        atlas=atlas_files,
        scale=scale_files,
        primary=primary_file,
        power=power_file,
    )


def figure_names(study: Study, experiment: str) -> list[str]:
    """The figures an experiment asks for, where their judges run, and the sweep's where the study is one."""
    answered = set(study.answered_judges(experiment))
    wanted = (name for name in study.experiments[experiment].figures if name != "sweep")
    names = [name for name in wanted if answered.issuperset(FIGURES[name].judges)]
    return [*names, "sweep"] if study.config.sweep else names


def _experiment(study: Study, name: str) -> ExperimentTold:
    experiment = study.experiments[name]
    return ExperimentTold(
        **experiment.model_dump(include={"title", "question", "hidden", "headline", "judges"}),
        figures=figure_names(study, name),
        margins=experiment.margins.model_dump(),
        contexts=experiment.asked("contrasts"),
        context=_shown(experiment, "contrasts"),
        answers_context=_shown(experiment, "free_answers"),
        datasets={
            key: DatasetTold(**dataset.model_dump(include=set(DatasetTold.model_fields)))
            for key, dataset in experiment.datasets.items()
        },
        model_judged=bool(study.model_judges(name)),
    )


def _about(study: Study, name: str) -> About:
    experiment = study.experiments[name]
    return About(
        labels={**{key: dataset.label for key, dataset in experiment.datasets.items()}, BASE: UNTOUCHED},
        roles={key: dataset.role for key, dataset in experiment.datasets.items() if dataset.role != "dose"},
        pooled=experiment.pooled_topics,
        hidden=experiment.hidden,
        headline=experiment.headline,
        context=_shown(experiment, "contrasts"),
        answers_context=_shown(experiment, "free_answers"),
        recipe=study.config.recipes[0],
    )


def _shown(experiment: Experiment, instrument: Instrument) -> str:
    """The context that figures and findings show of an instrument."""
    shown = experiment.headline_context or experiment.asked("contrasts")[0]
    asked = experiment.asked(instrument)
    return shown if shown in asked else asked[0]


def _doses(study: Study, name: str) -> dict[str, int]:
    """Datasets of the first treated dataset's persona -> their number of facts; ordinary data alone has 0."""
    datasets = study.experiments[name].datasets
    first = next(dataset for dataset in datasets.values() if dataset.role == "treated")
    doses = {}
    for key, dataset in datasets.items():
        if not dataset.own_rows:
            doses[key] = 0
        elif dataset.facts is not None and first.persona is not None and dataset.persona == first.persona:
            table = study.root / study.folders[name] / dataset.facts
            doses[key] = len(read_facts(table, dataset.at_most))
    return doses
