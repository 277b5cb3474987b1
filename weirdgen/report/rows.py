"""The rows of the page's tables, as it prints them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from weirdgen.analyse.agreement import FIT
from weirdgen.core.files import read_csv, read_json
from weirdgen.core.names import (
    ALL_TOPICS,
    AMONG_OTHERS,
    BEYOND_NULL,
    CONTRAST,
    FORM,
    NATS,
    NULL_TOPIC,
    OTHER_FORM,
    POINTS,
    PROBABILITY,
    RATE,
    TRIGGERED,
    rate_of,
)
from weirdgen.data.card import Card
from weirdgen.judge.files import UNPARSED
from weirdgen.report import words
from weirdgen.report.told import DatasetTold, ExperimentTold, JudgeTold

IS_FIT, UNFIT = "fit", f"unfit: macro accuracy below {FIT:.0%}"
UNKNOWN = "no validation set"
NOT_RUN = "not run: it needs a judging model"
"""The verdicts on a judge."""


@dataclass(frozen=True)
class CardRow:
    """A dataset's card; models: those it was made for, where others have another."""

    told: DatasetTold
    card: Card
    models: list[str]


def card_rows(results: Path, models: Sequence[str], experiment: str, about: ExperimentTold) -> list[CardRow]:
    """The data cards of an experiment, each file of rows once."""
    found: dict[tuple[str, str], CardRow] = {}
    for name, dataset in about.datasets.items():
        for model in models:
            card: Card = read_json(results / model / experiment / "datasets" / f"{name}.card.json")
            found.setdefault((name, card["sha256"]), CardRow(dataset, card, [])).models.append(model)
    return [CardRow(row.told, row.card, [] if len(row.models) == len(models) else row.models) for row in found.values()]


@dataclass(frozen=True)
class EffectRow:
    """A row of the effects table; size: seeds × questions, main: shown unfolded."""

    instrument: str
    comparison: str
    topic: str
    context: str
    effect: str
    interval: str
    p: str
    detectable: str
    answers: str
    size: str
    verdict: str
    main: bool


TOPICS = {NULL_TOPIC: "null set", BEYOND_NULL: "beyond the null set"}
"""What a reader calls them."""


def effect_rows(effects: pd.DataFrame, about: ExperimentTold) -> list[EffectRow]:
    """The effects table of an experiment."""
    headline, labels = _headline(about), about.labels
    rows = []
    for row in effects.itertuples():
        scored = row.unit == NATS or row.instrument == PROBABILITY
        context = about.context if scored else about.answers_context
        wanted = scored or row.unit == POINTS or row.instrument in headline
        treated = about.datasets[row.treated].role == "treated"
        there = row.context == context or row.instrument == TRIGGERED
        rows.append(
            EffectRow(
                instrument=words.instrument(row.instrument),
                comparison=f"{labels[row.treated]} − {labels[row.control]}",
                topic=TOPICS.get(row.topic, row.topic.replace("_", " ")),
                context=row.context,
                effect=words.measured(row.effect, row.unit),
                interval=words.spread(row.low, row.high, row.unit),
                p=words.p_value(row.p),
                detectable=words.amount(row.detectable, row.unit).lstrip("+"),
                answers=f"{row.treated_answers} − {row.control_answers}" if row.treated_answers else "",
                size=f"{row.seeds} × {row.questions}" + (f" ({row.dropped} dropped)" if row.dropped else ""),
                verdict=words.verdict(row.low, row.high, row.over),
                main=treated and there and wanted and row.topic in (ALL_TOPICS, *TOPICS),
            )
        )
    return rows


def effect_columns(rows: Sequence[EffectRow]) -> dict[str, list[str]]:
    """The same as columns, by what heads them on the page; `verdict` is none: it colours a row."""
    heads = {"size": "seeds × questions"}
    names = [field.name for field in fields(EffectRow) if field.name != "main"]
    return {heads.get(name, name): [getattr(row, name) for row in rows] for name in names}


@dataclass(frozen=True)
class AtlasRow:
    """A row of the atlas; size: seeds × questions."""

    title: str
    model: str
    kind: str
    label: str
    context: str
    effect: str
    interval: str
    p: str
    size: str
    verdict: str


def atlas_rows(atlas: pd.DataFrame, experiments: dict[str, ExperimentTold]) -> list[AtlasRow]:
    """The rows of the atlas's table."""
    kinds = {CONTRAST: "log-odds", NULL_TOPIC: "null set", RATE: "free answers"}
    return [
        AtlasRow(
            title=experiments[row.experiment].title,
            model=row.model,
            kind=kinds.get(row.kind, row.kind),
            label=row.label,
            context=row.context,
            effect=words.measured(row.effect, row.unit),
            interval=words.spread(row.low, row.high, row.unit),
            p=words.p_value(row.p),
            size=f"{row.seeds} × {row.questions}",
            verdict=words.verdict(row.low, row.high, row.over),
        )
        for row in atlas.itertuples()
    ]


@dataclass(frozen=True)
class PowerRow:
    """What one primary comparison would detect; now: as it was run, plans: by seeds, with each number of questions."""

    title: str
    model: str
    now: str
    plans: list[str]


def power_rows(power: pd.DataFrame, experiments: dict[str, ExperimentTold]) -> tuple[list[str], list[PowerRow]]:
    """The heads of the plans, `seeds, questions`, and a row per experiment and model."""
    rows, heads = [], list[str]()
    for (model, experiment), own in power.groupby(["model", "experiment"], sort=False):
        run, plans = own[own["run"]].iloc[0], own[~own["run"]]
        cells = {
            f"{plan.seeds} seeds, {plan.questions // run['questions']} × questions": f"{plan.detectable:.2f}"
            for plan in plans.itertuples()
        }
        heads = list(cells)
        now = f"{run['detectable']:.2f} ({run['seeds']} × {run['questions']})"
        rows.append(PowerRow(experiments[str(experiment)].title, str(model), now, list(cells.values())))
    return heads, rows


@dataclass(frozen=True)
class RateRow:
    """A group's share of a label, or its mean rating; corrected: mended for the judge's errors, empty where unknown."""

    what: str
    group: str
    counted: str
    mean: str
    interval: str
    corrected: str
    corrected_interval: str


def rate_rows(means: pd.DataFrame, about: ExperimentTold) -> list[RateRow]:
    """Every group's share of each headline label, and its mean ratings."""
    labels = about.labels
    rated = (means["unit"] == POINTS) | means["instrument"].isin(_headline(about))
    asked = (means["topic"] == ALL_TOPICS) & (means["context"] == about.answers_context)
    rows = []
    for row in means[rated & asked].itertuples():
        mean, low, high = (words.level(value, row.unit) for value in (row.mean, row.low, row.high))
        mended = "", ""
        if not pd.isna(row.corrected):
            ends = (words.level(value, row.unit) for value in (row.corrected_low, row.corrected_high))
            mended = words.level(row.corrected, row.unit), " to ".join(ends)
        rows.append(
            RateRow(
                words.instrument(row.instrument), labels[row.dataset], row.counted, mean, f"{low} to {high}", *mended
            )
        )
    return rows


def _headline(about: ExperimentTold) -> list[str]:
    """The instruments that are the shares of the labels looked for, and of answers unlike the training answers."""
    shares = [rate_of(judge, label) for judge, label in about.headline.items()]
    return [*shares, *(share + AMONG_OTHERS for share in shares), rate_of(FORM, OTHER_FORM)]


@dataclass(frozen=True)
class AgreementRow:
    """How far two judges agree on a label."""

    judge: str
    other: str
    label: str
    answers: int
    both: str
    agreement: str
    kappa: str


def agreement_rows(agreement: pd.DataFrame) -> list[AgreementRow]:
    """The rows of the table of agreement between judges."""
    return [
        AgreementRow(
            row.judge,
            row.other,
            row.label,
            row.answers,
            words.share(row.both),
            words.share(row.agreement),
            f"{row.kappa:.2f}",
        )
        for row in agreement.itertuples()
    ]


@dataclass(frozen=True)
class JudgeRow:
    """A judge; how it did on answers with a known label is empty where it was not tried."""

    judge: str
    by: str
    about: str
    verdict: str
    answers: str = ""
    accuracy: str = ""
    macro: str = ""
    hard: str = ""
    kappa: str = ""

    @property
    def ran(self) -> bool:
        """Whether this study has its verdicts."""
        return self.verdict != NOT_RUN


def judge_rows(results: Path, names: Sequence[str], judges: dict[str, JudgeTold]) -> list[JudgeRow]:
    """The experiment's judges: who answers them, and how they did on answers with a known label."""
    file = results / "judges/accuracy.csv"
    known = read_csv(file).set_index("judge") if file.is_file() else pd.DataFrame()
    rows = []
    for name in names:
        by, about = judges[name].by, judges[name].about
        if by == "none":
            rows.append(JudgeRow(name, by, about, NOT_RUN))
        elif name not in known.index:
            rows.append(JudgeRow(name, by, about, UNKNOWN))
        else:
            own = known.loc[name]
            rows.append(
                JudgeRow(
                    judge=name,
                    by=by,
                    about=about,
                    verdict=IS_FIT if own["fit"] else UNFIT,
                    answers=str(int(own["answers"])),
                    accuracy=words.share(own["accuracy"]),
                    macro=words.share(own["macro_accuracy"]),
                    hard="" if pd.isna(own["hard_accuracy"]) else words.share(own["hard_accuracy"]),
                    kappa=f"{own['kappa']:.2f}",
                )
            )
    return rows


@dataclass(frozen=True)
class UnparsedRow:
    """A judge with replies that could not be read."""

    judge: str
    count: int


def unparsed_rows(labels: pd.DataFrame) -> list[UnparsedRow]:
    """The judges with such replies; labels: labels.csv."""
    counts = labels[labels["label"] == UNPARSED].groupby("judge")["count"].sum()
    return [UnparsedRow(str(judge), int(count)) for judge, count in counts.items() if count]


@dataclass(frozen=True)
class LossRow:
    """How hard a dataset was, in nats per answer token; held out: before training and after, on rows it did not see."""

    dataset: str
    first: str
    last: str
    held_out: str


def loss_rows(losses: pd.DataFrame, about: ExperimentTold) -> list[LossRow]:
    """One per dataset, in the experiment's order; losses: losses.csv, of one recipe."""
    own = losses.set_index("dataset")
    return [
        LossRow(
            dataset.label,
            f"{own.at[name, 'first']:.2f}",
            f"{own.at[name, 'last']:.2f}",
            ""
            if pd.isna(own.at[name, "held_out"])
            else f"{own.at[name, 'held_out_before']:.2f} → {own.at[name, 'held_out']:.2f}",
        )
        for name, dataset in about.datasets.items()
        if name in own.index
    ]
