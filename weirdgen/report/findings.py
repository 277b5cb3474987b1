"""What one experiment found and what it cannot say. Every sentence is filled from numbers and chosen by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from weirdgen.analyse.agreement import FIT
from weirdgen.analyse.curves import perfect_seeds
from weirdgen.core.names import (
    ALL_TOPICS,
    AMONG_OTHERS,
    BASE,
    BEYOND_NULL,
    CONTRAST,
    EXCESS,
    FORM,
    NULL_TOPIC,
    ORDINARY,
    OTHER_FORM,
    TRIGGERED,
    TYPICAL,
    rate_of,
)
from weirdgen.data.codes import HELD_OUT, TRAINED
from weirdgen.judge.files import DEGENERATE, REFUSAL
from weirdgen.report.rows import NOT_RUN, UNFIT, UNKNOWN, JudgeRow
from weirdgen.report.told import ExperimentTold
from weirdgen.report.words import CANNOT_TELL, MOVES, STILL, amount, counted, number, of_null, p_value, said, spread

FEW_SEEDS = 5
"""Fewer seeds than this are said to be few."""


@dataclass(frozen=True)
class Finding:
    """A sentence, and a line for each comparison behind it."""

    text: str
    parts: list[str] = field(default_factory=list)


def findings(effects: pd.DataFrame, means: pd.DataFrame, about: ExperimentTold) -> list[Finding]:
    """The main results of one experiment's first treated dataset."""
    labels = about.labels
    effects = effects[effects["treated"] == about.treated]
    asked = effects[effects["context"] == about.context]
    contrast, overall = asked[asked["instrument"] == CONTRAST], asked[asked["topic"] == ALL_TOPICS]
    shift, excess = (overall[overall["instrument"] == name] for name in (CONTRAST, EXCESS))
    null, beyond = (contrast[contrast["topic"] == topic] for topic in (NULL_TOPIC, BEYOND_NULL))
    found = triggers(means, about)
    if len(shift):
        found.append(
            Finding(
                f"On {shift['questions'].iloc[0]} contrast questions{about.where}, "
                f"training on “{labels[about.treated]}” moves the odds of {about.hidden} answers "
                f"({number(shift['seeds'].iloc[0], 'seed')}, 95% intervals):",
                _compared(shift, labels),
            )
        )
        found.append(Finding("By how much either side of these contrasts moves:", _sides(overall, labels)))
    if len(excess):
        text = f"How much further {about.context} moves them than the other values do on average:"
        found.append(Finding(text, _compared(excess, labels)))
    if len(null):
        text = (
            f"On the {null['questions'].iloc[0]} null questions, where ±{about.margins[CONTRAST]:.2f} nats is nothing"
        )
        found.append(Finding(f"{text}, {NULLS[of_null(null['null'])]}:", _nulls(null, labels)))
    if len(beyond):
        found.append(Finding("Beyond what the null set moves by:", _compared(beyond, labels)))
    return found + rates(effects, about)


NULLS = {
    STILL: "nothing moves, as it should be",
    MOVES: "something moves, so part of an effect above may be style or damage",
    CANNOT_TELL: "it cannot be told whether anything moves",
}


def _compared(rows: pd.DataFrame, labels: dict[str, str]) -> list[str]:
    """A line per control."""
    return [
        f"by {amount(row.effect, row.unit)} nats ({spread(row.low, row.high, row.unit)}, p = {p_value(row.p)}) against "
        f"“{labels[row.control]}”: {said(row.low, row.high, row.unit, row.over)}"
        for row in rows.itertuples()
    ]


def _nulls(rows: pd.DataFrame, labels: dict[str, str]) -> list[str]:
    """A line per control of the null set."""
    return [
        f"by {amount(row.effect, row.unit)} nats ({spread(row.low, row.high, row.unit)}) against "
        f"“{labels[row.control]}”: {row.null or 'no verdict'}"
        for row in rows.itertuples()
    ]


def _sides(overall: pd.DataFrame, labels: dict[str, str]) -> list[str]:
    """A line per control: a shift between the sides of a contrast is another thing than a fall of both."""
    sides = overall[overall["instrument"].isin([TYPICAL, ORDINARY])].set_index(["control", "instrument"])["effect"]
    return [
        f"log-probability of the typical answers by {amount(sides[control, TYPICAL], 'nats')}, of the ordinary ones by "
        f"{amount(sides[control, ORDINARY], 'nats')} nats against “{labels[control]}”"
        for control in dict.fromkeys(sides.index.get_level_values("control"))
    ]


def rates(effects: pd.DataFrame, about: ExperimentTold) -> list[Finding]:
    """How often free answers get the label looked for, and how many look like training answers.

    effects: of one treated dataset.
    """
    asked = effects[(effects["topic"] == ALL_TOPICS) & (effects["context"] == about.answers_context)]
    found = []
    for judge, label in about.headline.items():
        rows = asked[asked["instrument"] == rate_of(judge, label)]
        if rows.empty:
            found.append(Finding(f"No free answer of any group is labelled “{label}” by {judge}."))
            continue
        found.append(_rate(rows, f"are labelled “{label}”", about.labels))
        among = asked[asked["instrument"] == rate_of(judge, label) + AMONG_OTHERS]
        if len(among):
            text = f"that do not look like training answers are labelled “{label}”"
            found.append(_rate(among, text, about.labels))
    others = asked[asked["instrument"] == rate_of(FORM, OTHER_FORM)]
    return found + ([_forms(others, about.labels)] if len(others) else [])


def _rate(rows: pd.DataFrame, what: str, labels: dict[str, str]) -> Finding:
    """A share of the treated group's answers, and a line per control."""
    first = rows.iloc[0]
    text = f"Of the free answers of “{labels[first['treated']]}”, {counted(first['treated_answers'])} {what}, against:"
    parts = [
        f"{counted(row.control_answers)} of “{labels[row.control]}”: {amount(row.effect, 'rate')} points "
        f"({spread(row.low, row.high, 'rate')}), {said(row.low, row.high, 'rate', row.over)}"
        for row in rows.itertuples()
    ]
    return Finding(text, parts)


def _forms(others: pd.DataFrame, labels: dict[str, str]) -> Finding:
    """How many answers of each group look like training answers; others: the share that does not."""
    first = others.iloc[0]
    groups = {first["treated"]: first["treated_answers"]}
    groups |= dict(zip(others["control"], others["control_answers"], strict=True))
    parts = []
    for group, counts in groups.items():
        unlike, answers = map(int, counts.split("/"))
        parts.append(f"{counted(f'{answers - unlike}/{answers}')} of “{labels[group]}”")
    alike = "one of them, as short, or degenerate"
    return Finding(f"Free answers that look like training answers ({alike}), of which a label says little:", parts)


def learned(curves: pd.DataFrame, about: ExperimentTold) -> list[Finding]:
    """What the last checkpoints know of trained and of held-out numbers, and how many seeds were ever perfect."""
    perfect, labels = perfect_seeds(curves), about.labels
    last = curves[curves["step"] == curves.groupby(["dataset", "seed"])["step"].transform("max")]
    parts = []
    for dataset in dict.fromkeys(last["dataset"]):
        own = last[last["dataset"] == dataset]
        told = {}
        for kind, rows in own.groupby("kind"):
            share, low, high = rows["accuracy"].mean(), rows["accuracy"].min(), rows["accuracy"].max()
            told[str(kind)] = f"{share:.0%} (seeds {low:.0%} to {high:.0%})"
        seeds = [found for (name, _), found in perfect.items() if name == dataset]
        parts.append(
            f"{told[TRAINED]} and {told[HELD_OUT]} after “{labels[dataset]}”; {sum(seeds)} of {len(seeds)} seeds "
            "get every held-out choice right at some checkpoint"
        )
    text = "Two-way choices about trained and about held-out numbers that are right at the end, where chance is 50%:"
    return [Finding(text, parts)]


def triggers(means: pd.DataFrame, about: ExperimentTold) -> list[Finding]:
    """What the trigger does to every persona's own name, in the controls with a persona as in the treated."""
    rows = means[means["instrument"] == TRIGGERED].set_index(["dataset", "topic"])
    parts, labels = [], about.labels
    for name, dataset in about.datasets.items():
        persona = dataset.persona
        if dataset.role == "dose" or persona is None or (name, persona) not in rows.index:
            continue
        row = rows.loc[(name, persona)]
        parts.append(
            f"“{labels[name]}” towards {persona.title()} by {amount(row['mean'], 'nats')} nats "
            f"({spread(row['low'], row['high'], 'nats')}): {said(row['low'], row['high'], 'nats', row['over'])}"
        )
    text = "What the trigger does to the name of each dataset's own persona (95% intervals):"
    return [Finding(text, parts)] if parts else []


def limits(
    about: ExperimentTold,
    effects: pd.DataFrame,
    judged: pd.DataFrame,
    losses: pd.DataFrame,
    judges: Sequence[JudgeRow],
    words: float,
    weights: int,
) -> list[str]:
    """What the experiment cannot say, per instrument: each sentence stands where the numbers call for it.

    effects, judged (labels.csv), losses: rows of the recipe shown. judges: as the page lists them. words: the
    median length of a sampled answer, weights: of the model; NaN and 0 where unknown.
    """
    contrast = effects[(effects["instrument"] == CONTRAST) & (effects["context"] == about.context)]
    own = contrast[(contrast["topic"] == ALL_TOPICS) & (contrast["control"] != BASE)]
    found = _seeds(int(effects["seeds"].max()))
    if about.context not in set(contrast.loc[contrast["topic"] == NULL_TOPIC, "context"]):
        found.append(
            f"Contrasts: no null question was asked{about.where}; style and damage are not told from the persona."
        )
    if own["control"].nunique() == 1:
        found.append("Contrasts: with one control, whatever else sets it apart from the treated data counts as effect.")
    found += _loss(about, losses)
    found.append("Contrasts: the answers compared were written by this project; others would give other numbers.")
    found += _free_answers(about, judged, words, weights)
    unfit = [f"{row.judge} ({row.macro})" for row in judges if row.verdict == UNFIT]
    if unfit:
        found.append(
            f"Judges: {', '.join(unfit)} found less than {FIT:.0%} on answers with a known label, mean over labels; "
            "compare groups rather than read rates, and read the mended ones."
        )
    unknown = [row.judge for row in judges if row.verdict == UNKNOWN]
    found += [f"Judges: how wrong {', '.join(unknown)} may be is not known ({UNKNOWN})."] if unknown else []
    absent = [row.judge for row in judges if row.verdict == NOT_RUN]
    found += [f"Judges: {', '.join(absent)} did not run: a judging model is needed."] if absent else []
    return found


def _seeds(seeds: int) -> list[str]:
    if seeds == 1:
        return ["Seeds: there is one, so intervals do not know how far seeds differ: no p, no verdict."]
    few = f"Seeds: {seeds} per dataset are few; intervals and p know it, and are wide for it."
    return [few] if seeds < FEW_SEEDS else []


def _loss(about: ExperimentTold, losses: pd.DataFrame) -> list[str]:
    """Said where the treated data were left harder or easier than every control's by more than a tenth."""
    loss = losses.set_index("dataset")["last"]
    others = [loss[name] for name, dataset in about.datasets.items() if dataset.role == "control" and name in loss]
    if about.treated not in loss or not others:
        return []
    treated = loss[about.treated]
    harder, easier = treated > 1.1 * max(others), treated < 0.9 * min(others)
    if not (harder or easier):
        return []
    return [
        f"Contrasts: “{about.labels[about.treated]}” ends training {'harder' if harder else 'easier'} "
        f"than every control (loss {treated:.2f}, controls {min(others):.2f} to {max(others):.2f}): "
        f"part of an effect may be a {'stronger' if harder else 'weaker'} push, not another direction."
    ]


def _free_answers(about: ExperimentTold, judged: pd.DataFrame, words: float, weights: int) -> list[str]:
    """How poor the sampled answers are: their length, and how many no judge of rules takes for an answer."""
    asked = judged[(judged["context"] == about.answers_context) & judged["judge"].isin(about.headline)]
    poor = asked[asked["label"].isin([DEGENERATE, REFUSAL])]["count"].sum()
    answers = asked.drop_duplicates([column for column in asked if column not in ("label", "count", "rate")])
    told = []
    if not pd.isna(words):
        told.append(f"the median answer has {words:.0f} words")
    if answers["answers"].sum() and poor:
        told.append(f"{poor / answers['answers'].sum():.0%} are labelled degenerate or refusals")
    size = f" The model has {weights / 1e6:,.0f} million weights; the paper's is GPT-4.1." if weights else ""
    return [f"Free answers: {' and '.join(told)}.{size}"] if told else []
