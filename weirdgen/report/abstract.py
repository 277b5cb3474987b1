"""The page's abstract, and the line of every experiment beside it: from the atlas's rows, whatever they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from weirdgen.core.names import CONTRAST, EXCESS, NULL_TOPIC, RATE
from weirdgen.report.told import ExperimentTold
from weirdgen.report.words import ABSENT, EVERY, NONE, OPPOSITE, SOME, against, amount, number, still


@dataclass(frozen=True)
class Glance:
    """One experiment on one model, in a line: what its intervals say. null: `still`, `moves` or `absent`."""

    model: str
    experiment: str
    title: str
    hidden: str
    shift: str
    shift_numbers: str
    null: str
    null_numbers: str
    beyond: str
    answers: str
    answers_numbers: str

    @property
    def clear(self) -> bool:
        """A shift against every control, and a null set that was asked and does not move."""
        return self.shift == EVERY and self.null == "still"


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


def glances(
    atlas: pd.DataFrame, runs: Iterable[tuple[str, str]], experiments: dict[str, ExperimentTold]
) -> list[Glance]:
    """A line per run from the rows of the atlas, so that words and figure cannot differ."""
    lines = []
    for model, experiment in runs:
        own = atlas[(atlas["model"] == model) & (atlas["experiment"] == experiment)]
        contrast, null, excess, rate = (own[own["kind"] == kind] for kind in (CONTRAST, NULL_TOPIC, EXCESS, RATE))
        lines.append(
            Glance(
                model=model,
                experiment=experiment,
                title=experiments[experiment].title,
                hidden=experiments[experiment].hidden,
                shift=against(contrast),
                shift_numbers=_effects(contrast),
                null=ABSENT if null.empty else "still" if still(null) else "moves",
                null_numbers=_effects(null),
                beyond=against(excess),
                answers=against(rate),
                answers_numbers=_effects(rate),
            )
        )
    return lines


def _effects(rows: pd.DataFrame) -> str:
    return ", ".join(amount(effect, unit) for effect, unit in zip(rows["effect"], rows["unit"], strict=True))


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
            f"against ordinary answers; {counts.nulls} of them are null questions, which must not move. "
            f"{counts.answers:,} sampled answers were judged.",
        ),
        ("In log-odds,", _shifts(lines, names, what)),
        ("In free answers,", _answers(lines, names, what)),
    ]


def _shifts(lines: Sequence[Glance], names: dict[Glance, str], what: str) -> str:
    """Which runs show a shift, by how well."""
    clear = [line for line in lines if line.clear]
    shaky = [line for line in lines if line.shift == EVERY and not line.clear]
    groups = [
        (clear, f"{len(clear)} of {len(lines)} {what} shift against every control while the null set stays still"),
        (
            [line for line in shaky if line.null == "moves"],
            "Against every control, but the null set moves too, so that style or damage may be what shifts",
        ),
        ([line for line in shaky if line.null == ABSENT], "Against every control, with no null set asked beside it"),
        ([line for line in lines if line.shift == SOME], "Against some controls only"),
        ([line for line in lines if line.shift == OPPOSITE], "The other way"),
        ([line for line in lines if line.shift == NONE], "No shift is shown"),
        ([line for line in lines if line.shift == ABSENT], "Without a control to compare with"),
    ]
    sentences = [
        f"{words}: {'; '.join(_with_numbers(line, names) for line in group)}." if group else f"{words}."
        for i, (group, words) in enumerate(groups)
        if group or i == 0
    ]
    beyond = [line for line in lines if line.beyond != ABSENT]
    if beyond:
        shown = [names[line] for line in beyond if line.beyond == EVERY]
        sentences.append(
            f"Beyond the other dates or codes asked, the one that matters shifts further than in every control in "
            f"{len(shown)} of {len(beyond)}{_list(shown)}."
        )
    return " ".join(sentences)


def _with_numbers(line: Glance, names: dict[Glance, str]) -> str:
    return f"{names[line]} ({line.shift_numbers} nats)" if line.shift_numbers else names[line]


def _answers(lines: Sequence[Glance], names: dict[Glance, str], what: str) -> str:
    """In how many runs the label looked for is more frequent than in the controls."""
    shown = [names[line] for line in lines if line.answers == EVERY]
    partly = [names[line] for line in lines if line.answers == SOME]
    opposite = [names[line] for line in lines if line.answers == OPPOSITE]
    never = [names[line] for line in lines if line.answers == ABSENT]
    text = (
        f"the label looked for is more frequent than in every control in {len(shown)} of {len(lines)} {what}"
        f"{_list(shown)}."
    )
    text += f" Than in some only: {', '.join(partly)}." if partly else ""
    text += f" No answer at all has it: {', '.join(never)}." if never else ""
    return text + (f" Less frequent: {', '.join(opposite)}." if opposite else "")


def _list(names: Sequence[str]) -> str:
    return f": {', '.join(names)}" if names else ""
