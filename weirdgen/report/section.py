"""One experiment's part of the page: what all models share, then every model's own."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from weirdgen.analyse.tables import read_judgments
from weirdgen.core.files import read_csv
from weirdgen.core.names import BASE, NO_RECIPE, NULL_TOPIC
from weirdgen.finetune.run import Run, read_run
from weirdgen.plot.catalogue import FIGURES
from weirdgen.report import provenance
from weirdgen.report.browser import answers
from weirdgen.report.findings import Finding, findings, learned, limits
from weirdgen.report.rows import (
    AgreementRow,
    CardRow,
    EffectRow,
    JudgeRow,
    LossRow,
    RateRow,
    UnparsedRow,
    agreement_rows,
    card_rows,
    effect_rows,
    judge_rows,
    loss_rows,
    rate_rows,
    unparsed_rows,
)
from weirdgen.report.told import ExperimentTold, StudyTold


@dataclass(frozen=True)
class Shown:
    """One figure of the page: its image inlined, width and height in CSS pixels."""

    title: str
    caption: str
    image: str
    width: int
    height: int


@dataclass(frozen=True)
class OnModel:
    """Everything the page shows of one experiment on one model. questions, nulls: how many contrasts were asked."""

    model: str
    origin: provenance.Origin
    findings: list[Finding]
    figures: list[Shown]
    effects: list[EffectRow]
    rates: list[RateRow]
    agreement: list[AgreementRow]
    unparsed: list[UnparsedRow]
    losses: list[LossRow]
    limits: list[str]
    questions: int
    nulls: int
    trained: list[Run]
    answers: pd.DataFrame


@dataclass(frozen=True)
class Section:
    """Everything the page shows of one experiment."""

    experiment: str
    about: ExperimentTold
    cards: list[CardRow]
    judges: list[JudgeRow]
    runs: list[OnModel]


def section(results: Path, experiment: str, study: StudyTold) -> Section:
    """An experiment's part, from the files under `results`. Raises StudyError for a run.json that is amiss."""
    about = study.experiments[experiment]
    models = [model for model, name in study.runs if name == experiment]
    judges = judge_rows(results, about.judges, study.judges)
    runs = [_on_model(results, model, experiment, study, judges) for model in models]
    return Section(experiment, about, card_rows(results, models, experiment, about), judges, runs)


def figure(file: Path, title: str, caption: str) -> Shown:
    """A figure with its title and caption, the image inlined."""
    image = file.read_bytes()
    width, height = re.findall(rb'(?:width|height)="([\d.]+)pt"', image[:2000])[:2]
    size = (round(float(points) * 4 / 3) for points in (width, height))
    return Shown(title, caption, base64.b64encode(image).decode(), *size)


def _on_model(results: Path, model: str, experiment: str, study: StudyTold, judges: Sequence[JudgeRow]) -> OnModel:
    """An experiment on one model; judges: the experiment's, as the page lists them."""
    folder = results / model / experiment
    about, adapters = study.experiments[experiment], study.adapters_of(experiment)
    effects, means, labels, losses = (
        _of_recipe(folder / f"tables/{name}.csv", study.recipe)
        for name in ("effects", "group_means", "labels", "losses")
    )
    trained = [read_run(folder / "adapters" / a.path / "run.json") for a in adapters if a.dataset != BASE]
    judgments = [folder / "judgments" / f"{adapter.path}.parquet" for adapter in adapters]
    judgments += [folder / "model_judgments.parquet"] if about.model_judged else []
    judged = read_judgments([str(file) for file in judgments], adapters)
    sampled = answers(judged, model, experiment, about.labels)
    found = findings(effects, means, about)
    if "learning_curves" in about.figures:
        found = [*learned(_of_recipe(folder / "tables/curves.csv", study.recipe), about), *found]
    origin = provenance.model(Path(trained[0].model))
    words = sampled["answer"].str.split().str.len().median()
    asked = read_csv(folder / "tables/contrasts.csv").drop_duplicates("question")
    return OnModel(
        model=model,
        origin=origin,
        findings=found,
        figures=[
            figure(folder / f"figures/{name}.svg", FIGURES[name].title, FIGURES[name].caption) for name in about.figures
        ],
        effects=effect_rows(effects, about),
        rates=rate_rows(means, about),
        agreement=agreement_rows(read_csv(folder / "tables/agreement.csv")),
        unparsed=unparsed_rows(labels),
        losses=loss_rows(losses, about),
        limits=limits(about, effects, labels, losses, judges, words, origin.weights),
        questions=len(asked),
        nulls=int((asked["topic"] == NULL_TOPIC).sum()),
        trained=trained,
        answers=sampled,
    )


def _of_recipe(table: Path, recipe: str) -> pd.DataFrame:
    """A table's rows of the recipe the page shows, and of the untouched model."""
    rows = read_csv(table)
    return rows[rows["recipe"].isin([recipe, NO_RECIPE])]
