"""The values that rules look up: narrow and plain, so that a stage reruns only if a value that it looks up changes."""

from __future__ import annotations

import shutil
from typing import Any

from weirdgen.analyse.settings import Measures
from weirdgen.core.names import NULL_TOPIC
from weirdgen.data.questions import Context, FreeQuestion, Question
from weirdgen.data.settings import CardOptions, Dataset, Probing
from weirdgen.judge.settings import AskedJudge, JudgingModels, LocalJudge, LocalModel, Replying
from weirdgen.models.settings import Entry
from weirdgen.plot.catalogue import FIGURES
from weirdgen.sample.settings import OrdinaryJob, Sampling
from weirdgen.study.experiment import Experiment
from weirdgen.study.load import Study

Plain = dict[str, Any]

FOR_FIGURES = {"trained", "marks"}
"""What only figures are told of a context."""


def params(study: Study) -> Plain:
    """Every value, by the paths that rules give: `models/<model>/load`, `experiments/<experiment>/roles` ..."""
    return {
        "models": {name: _model(entry) for name, entry in study.config.models.items()},
        "experiments": {name: _experiment(study, name) for name in study.experiments},
        "recipes": {
            model: {name: {key: recipe.model_dump() for key, recipe in own.items()} for name, own in named.items()}
            for model, named in study.recipes.items()
        },
        "judging": _judging(study),
        "statistics": study.config.statistics.model_dump(),
        "captions": {name: figure.caption for name, figure in FIGURES.items()},
    }


def gpus(entry: Entry) -> int:
    """GPUs of a job that loads the model once."""
    return int(entry.device == "cuda" or (entry.device == "auto" and shutil.which("nvidia-smi") is not None))


def _model(entry: Entry) -> Plain:
    return {
        "source": entry.source.model_dump(exclude_none=True),
        "load": entry.load.model_dump(),
        "chat": entry.chat.model_dump(exclude_none=True),
        "serving": entry.vllm.model_dump(),
        "gpus": gpus(entry),
        "engine_gpus": gpus(entry) * entry.vllm.tensor_parallel,
        "mem_mb": entry.mem_mb,
    }


def _experiment(study: Study, name: str) -> Plain:
    experiment, sampler = study.experiments[name], study.config.sampler
    sampling = Sampling(
        backend=sampler.backend,
        batch_size=sampler.batch_size,
        max_tokens=sampler.max_tokens or experiment.free_answers.max_tokens,
        temperature=experiment.free_answers.temperature,
    )
    measures = Measures(
        probability=experiment.contrasts.probability,
        aside=[NULL_TOPIC, *experiment.control_topics],
        pooled=experiment.pooled_topics,
        margins=experiment.margins.model_dump(),
        trigger=experiment.trigger_contexts,
    )
    return {
        "datasets": {key: experiment.rendering(key).model_dump() for key in experiment.datasets},
        "probing": {key: _probing(dataset, experiment) for key, dataset in experiment.datasets.items()},
        "cards": {
            key: CardOptions(about=dataset.about, leak_cues=experiment.leak_cues).model_dump()
            for key, dataset in experiment.datasets.items()
        },
        "contexts": {
            "free_answers": _dumped(experiment.contexts_of("free_answers"), {*FOR_FIGURES, "opening"}),
            "contrasts": _dumped(experiment.contexts_of("contrasts"), FOR_FIGURES),
        },
        "questions": [_question(question, sampler.samples_per_paraphrase) for question in study.asked(name)],
        "sampling": sampling.model_dump(),
        "ordinary": _ordinary(study, experiment),
        "codes": experiment.codes and experiment.codes.model_dump(),
        "judges": {judge: asked_judge(study, judge, study.read_by(judge, name)) for judge in study.rules_judges(name)},
        "model_judges": {
            judge: asked_judge(study, judge, study.read_by(judge, name)) for judge in study.model_judges(name)
        },
        "roles": {key: dataset.role for key, dataset in experiment.datasets.items()},
        "headline": experiment.headline,
        "measures": measures.model_dump(),
    }


def asked_judge(study: Study, judge: str, questions: list[str]) -> Plain:
    """A judge's file, who answers it, and the questions it reads in a job."""
    path, backend = study.judge_paths[judge], study.judged_by(judge)
    probe = study.probe(judge) if backend == "probe" else None
    asked = {"path": path, "backend": backend, "probe": probe, "questions": questions}
    return AskedJudge.model_validate(asked).model_dump()


def _dumped(contexts: dict[str, Context], unused: set[str]) -> Plain:
    return {name: context.model_dump(exclude=unused) for name, context in contexts.items()}


def _ordinary(study: Study, experiment: Experiment) -> Plain | None:
    """How many rows of ordinary data, and how they are sampled."""
    ordinary, sampler = experiment.ordinary, study.config.sampler
    if ordinary is None:
        return None
    sampling = Sampling(
        backend=sampler.backend,
        batch_size=sampler.batch_size,
        max_tokens=ordinary.max_tokens,
        temperature=ordinary.temperature,
    )
    return OrdinaryJob(rows=study.config.ordinary_rows or ordinary.rows, sampling=sampling).model_dump()


def _question(question: Question, samples: int | None) -> Plain:
    """What sampling needs of a question: which judges read it is none of it."""
    number = samples or question.samples_per_paraphrase
    return question.model_copy(update={"samples_per_paraphrase": number}).model_dump(
        include=set(FreeQuestion.model_fields)
    )


def _probing(dataset: Dataset, experiment: Experiment) -> Plain | None:
    """What is scored while a dataset of codes is trained; None for any other."""
    if experiment.codes is None or dataset.code is None:
        return None
    return Probing(codes=experiment.codes, form=dataset.code, prompt=dataset.prompts[0]).model_dump()


def _judging(study: Study) -> Plain:
    """The models that judge: `models` in full, and `replies`, what of them decides a verdict."""
    judging = study.config.judging
    probe, local = _local(study, judging.probe), _local(study, judging.vllm)
    serving = study.config.models[judging.vllm.model].vllm if judging.vllm else None
    models = JudgingModels(probe=probe, local=local, serving=serving, endpoint=judging.openai)
    return {
        "models": models.model_dump(),
        "probe": probe and probe.model_dump(),
        "replies": {
            "local": local and local.model_dump(),
            "endpoint": judging.openai and judging.openai.model_dump(include=set(Replying.model_fields)),
        },
    }


def _local(study: Study, judge: LocalJudge | None) -> LocalModel | None:
    """A model of the registry that judges."""
    if judge is None:
        return None
    entry = study.config.models[judge.model]
    return LocalModel(name=judge.model, folder=f"resources/models/{judge.model}", load=entry.load, chat=entry.chat)
