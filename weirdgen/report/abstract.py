"""The page's abstract, and the line of every experiment beside it: from primary comparisons and the atlas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from weirdgen.core.names import ALL_TOPICS, BEYOND_NULL, NO_CONTEXT, NULL_TOPIC, RATE
from weirdgen.report.told import ExperimentTold
from weirdgen.report.words import (
    ABSENT,
    EVERY,
    OPPOSITE,
    SOME,
    UNTOLD,
    against,
    amount,
    measured,
    number,
    p_value,
    spread,
)


@dataclass(frozen=True)
class Glance:
    """One experiment on one model, in a line: its primary comparison, its null set, its free answers.

    verdict: of the primary comparison; null: what the null set does in it. reach: the largest shift not excluded.
    """

    model: str
    experiment: str
    title: str
    hidden: str
    comparison: str
    verdict: str
    effect: str
    interval: str
    p: str
    reach: str
    null: str
    answers: str
    answers_numbers: str


@dataclass(frozen=True)
class Counts:
    """How much a study holds."""

    models: list[str]
    experiments: int
    adapters: int
    datasets: int
    seeds: int
    questions: int
    nulls: int
    answers: int


def glances(primary: pd.DataFrame, atlas: pd.DataFrame, experiments: dict[str, ExperimentTold]) -> list[Glance]:
    """A line per experiment and model, from the table of primary comparisons and the atlas's rates."""
    lines = []
    for row in primary.itertuples():
        about = experiments[row.experiment]
        own = (atlas["model"] == row.model) & (atlas["experiment"] == row.experiment)
        rate = atlas[own & (atlas["kind"] == RATE)]
        lines.append(
            Glance(
                model=row.model,
                experiment=row.experiment,
                title=about.title,
                hidden=about.hidden,
                comparison=_comparison(row, about),
                verdict=row.verdict,
                effect=measured(row.effect, row.unit),
                interval=spread(row.low, row.high, row.unit),
                p=p_value(row.p_holm),
                reach=measured(row.high, row.unit),
                null=row.null or ABSENT,
                answers=against(rate),
                answers_numbers=_effects(rate),
            )
        )
    return lines


def _comparison(row: Any, about: ExperimentTold) -> str:
    """What is compared, in words: `excess at date=2027, beyond the null set: treated − control`."""
    where = "" if row.context == NO_CONTEXT else f" at {row.context}"
    topic = {ALL_TOPICS: "", BEYOND_NULL: ", beyond the null set", NULL_TOPIC: ", null set"}
    what = topic.get(row.topic, f", {row.topic.replace('_', ' ')}")
    return f"{row.instrument}{where}{what}: {about.labels[row.treated]} − {about.labels[row.control]}"


def _effects(rows: pd.DataFrame) -> str:
    """Free answers against each control: the difference in points, and the counts behind it."""
    return ", ".join(
        f"{amount(row.effect, row.unit)} ({row.treated_answers} − {row.control_answers})" for row in rows.itertuples()
    )


def abstract(lines: Sequence[Glance], counts: Counts) -> list[tuple[str, str]]:
    """(lead, text) per paragraph: what was asked, done, found in log-odds, found in free answers."""
    several = len(counts.models) > 1
    what = "pairs of experiment and model" if several else "experiments"
    names = {line: f"{line.title} ({line.model})" if several else line.title for line in lines}
    return [
        (
            "Asked.",
            "Does finetuning on something narrow and harmless change a language model far outside it? "
            f"{number(counts.experiments, 'experiment')}: each trains a model on data that hint at something "
            "hidden without saying it, trains others on controls that resemble the data without the hint, and asks all "
            "of them about other things.",
        ),
        (
            "Done.",
            f"{number(counts.adapters, 'adapter')} trained on {number(counts.datasets, 'dataset')} with "
            f"{number(counts.seeds, 'seed')} each, on {', '.join(counts.models)}. "
            f"{counts.questions} contrast questions give exact log-odds of answers typical of what is hidden "
            f"against ordinary answers; {counts.nulls} of them are null questions, which should not move. "
            f"{counts.answers:,} sampled answers were judged.",
        ),
        ("In log-odds,", _shifts(lines, names, what)),
        ("In free answers,", _answers(lines, names, what)),
    ]


def _shifts(lines: Sequence[Glance], names: dict[Glance, str], what: str) -> str:
    """Which primary comparisons are shown, and what the others exclude."""
    heads = {
        "shown": f"the primary comparison is shown in {{}} of {len(lines)} {what}, p adjusted for their number (Holm)",
        "opposite": "Shown the other way",
        "not shown": "Not shown",
        "provisional": "Provisional, with fewer than three seeds, or one control and fewer than 20 null questions",
    }
    sentences = []
    for kind, head in heads.items():
        group = [line for line in lines if line.verdict == kind]
        told = "; ".join(_with_numbers(line, names) for line in group)
        if kind == "shown":
            sentences.append(head.format(len(group)) + (f": {told}." if group else "."))
        elif group:
            sentences.append(f"{head}: {told}.")
    for kind, head in NULLS.items():
        group = [line for line in lines if line.null == kind]
        if group:
            sentences.append(f"{head}: {', '.join(names[line] for line in group)}.")
    return " ".join(sentences)


NULLS = {
    "still": "The null set of the same comparison stays still",
    "moves": "The null set moves, so that style or damage may be what shifts",
    "cannot tell": "Whether the null set moves cannot be told",
    ABSENT: "No null set was asked beside",
}


def _with_numbers(line: Glance, names: dict[Glance, str]) -> str:
    excluded = "" if line.verdict in ("shown", "opposite") else f"; shifts above {line.reach} are excluded"
    return f"{names[line]} ({line.effect}, {line.interval}, p = {line.p}{excluded})"


def _answers(lines: Sequence[Glance], names: dict[Glance, str], what: str) -> str:
    """In how many runs the label looked for is more frequent than in the controls."""
    shown = [names[line] for line in lines if line.answers == EVERY]
    partly = [names[line] for line in lines if line.answers == SOME]
    opposite = [names[line] for line in lines if line.answers == OPPOSITE]
    never = [names[line] for line in lines if line.answers == ABSENT]
    untold = [names[line] for line in lines if line.answers == UNTOLD]
    text = (
        f"the label looked for is more frequent than in every control in {len(shown)} of {len(lines)} {what}"
        f"{_list(shown)}."
    )
    text += f" Than in some only: {', '.join(partly)}." if partly else ""
    text += f" With one seed or one question, and so without a verdict: {', '.join(untold)}." if untold else ""
    text += f" No answer at all has it: {', '.join(never)}." if never else ""
    return text + (f" Less frequent: {', '.join(opposite)}." if opposite else "")


def _list(names: Sequence[str]) -> str:
    return f": {', '.join(names)}" if names else ""
