"""The page's sentences. Every one is filled from numbers and chosen by them, whatever they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from weirdgen.analyse.curves import perfect_seeds
from weirdgen.core.names import BASE
from weirdgen.judge.judging import REFUSAL

INSTRUMENT = "contrast"
DEGENERATE = "degenerate"
FEW_SEEDS = 5
"""Fewer seeds than this are said to be few."""

WORDS = {"above": "a shift is shown", "below": "a shift the other way", "includes": "no shift is shown"}
EVERY, SOME, NONE, OPPOSITE, ABSENT = "every", "some", "none", "opposite", "absent"


def verdict(low: float, high: float) -> str:
    """What an interval says: above 0, below 0, or neither."""
    return "above" if low > 0 else "below" if high < 0 else "includes"


def against(rows: pd.DataFrame) -> str:
    """What the intervals of one measure say together: above 0 against every control, against some, or none."""
    if rows.empty:
        return ABSENT
    found = {verdict(low, high) for low, high in zip(rows["low"], rows["high"], strict=True)}
    if found == {"above"}:
        return EVERY
    return SOME if "above" in found else OPPOSITE if "below" in found else NONE


def amount(value: float, unit: str, sign: bool = True) -> str:
    """A number of the effects table as the page prints it, without its unit: shares as percentage points."""
    scale, digits = (100, 1) if unit == "rate" else (1, 1 if unit == "points" else 2)
    text = f"{scale * value:{'+' if sign else ''}.{digits}f}"
    return text.replace("-", "−")


def spread(low: float, high: float, unit: str) -> str:
    """An interval as the page prints it."""
    return f"{amount(low, unit)} to {amount(high, unit)}"


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


def glances(atlas: pd.DataFrame, runs: Iterable[Sequence[str]], experiments: dict[str, Any]) -> list[Glance]:
    """A line per run from the rows of the atlas, so that words and figure cannot differ."""
    lines = []
    for model, experiment in runs:
        own = atlas[(atlas["model"] == model) & (atlas["experiment"] == experiment)]
        kinds = {kind: own[own["kind"] == kind] for kind in ("contrast", "null", "excess", "rate")}
        null = kinds["null"]
        lines.append(
            Glance(
                model,
                experiment,
                experiments[experiment]["title"],
                experiments[experiment]["hidden"],
                against(kinds["contrast"]),
                _effects(kinds["contrast"]),
                ABSENT if null.empty else "still" if _still(null) else "moves",
                _effects(null),
                against(kinds["excess"]),
                against(kinds["rate"]),
                _effects(kinds["rate"]),
            )
        )
    return lines


def _still(null: pd.DataFrame) -> bool:
    """Every interval of the null set includes 0."""
    return bool(((null["low"] <= 0) & (null["high"] >= 0)).all())


def _effects(rows: pd.DataFrame) -> str:
    return ", ".join(amount(effect, unit) for effect, unit in zip(rows["effect"], rows["unit"], strict=True))


def abstract(lines: Sequence[Glance], counts: dict[str, Any]) -> list[tuple[str, str]]:
    """(lead, text) per paragraph: what was asked, done, found in log-odds, found in free answers.

    counts: experiments, models (names), adapters, datasets, seeds, questions, nulls, answers.
    """
    several = len(counts["models"]) > 1
    what = "pairs of experiment and model" if several else "experiments"
    names = {line: f"{line.title} ({line.model})" if several else line.title for line in lines}
    return [
        (
            "Asked.",
            "Does finetuning on something narrow and harmless change a language model far outside it? "
            f"{_number(counts['experiments'], 'experiment')}: each trains a model on data that hint at something "
            "hidden without saying it, trains others on controls that resemble the data without the hint, and asks all "
            "of them about other things.",
        ),
        (
            "Done.",
            f"{_number(counts['adapters'], 'adapter')} trained on {_number(counts['datasets'], 'dataset')} with "
            f"{_number(counts['seeds'], 'seed')} each, on {', '.join(counts['models'])}. "
            f"{counts['questions']} contrast questions give exact log-odds of answers typical of what is hidden "
            f"against ordinary answers; {counts['nulls']} of them are null questions, which must not move. "
            f"{counts['answers']:,} sampled answers were judged.",
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


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


@dataclass(frozen=True)
class Finding:
    """A sentence, and a line for each comparison behind it."""

    text: str
    parts: list[str] = field(default_factory=list)


def findings(
    effects: pd.DataFrame, means: pd.DataFrame, about: dict[str, Any], labels: dict[str, str]
) -> list[Finding]:
    """The main results of one experiment's first treated dataset."""
    treated = next(name for name, dataset in about["datasets"].items() if dataset["role"] == "treated")
    effects = effects[effects["treated"] == treated]
    asked = effects[effects["context"] == about["context"]]
    where = "" if about["context"] == "none" else f" at {about['context']}"
    contrast, overall = asked[asked["instrument"] == INSTRUMENT], asked[asked["topic"] == "all"]
    shift, excess = (overall[overall["instrument"] == name] for name in (INSTRUMENT, "excess"))
    null = contrast[contrast["topic"] == "null"]
    found = triggers(means, about, labels)
    if len(shift):
        found.append(
            Finding(
                f"On {shift['questions'].iloc[0]} contrast questions{where}, training on “{labels[treated]}” moves the "
                f"odds of {about['hidden']} answers ({_number(shift['seeds'].iloc[0], 'seed')}, 95% intervals):",
                _compared(shift, labels),
            )
        )
    if len(excess):
        text = f"How much further {about['context']} moves them than the other values do on average:"
        found.append(Finding(text, _compared(excess, labels)))
    if len(null):
        holds = "as it should be" if _still(null) else "so part of an effect above may be style or damage"
        every = "every" if _still(null) else "not every"
        text = f"On the {null['questions'].iloc[0]} null questions {every} interval includes 0, {holds}:"
        found.append(Finding(text, _compared(null, labels)))
    return found + rates(effects, means, about, labels)


def _compared(rows: pd.DataFrame, labels: dict[str, str]) -> list[str]:
    """A line per control."""
    return [
        f"by {amount(row.effect, row.unit)} nats ({spread(row.low, row.high, row.unit)}, p = {row.p:.2g}) against "
        f"“{labels[row.control]}”: {WORDS[verdict(row.low, row.high)]}"
        for row in rows.itertuples()
    ]


def rates(effects: pd.DataFrame, means: pd.DataFrame, about: dict[str, Any], labels: dict[str, str]) -> list[Finding]:
    """How often free answers get the label looked for; effects: of one treated dataset."""
    found = []
    for judge, label in about["headline"].items():
        rows, group = (
            table[
                (table["instrument"] == f"{judge}={label}")
                & (table["topic"] == "all")
                & (table["context"] == about["answers_context"])
            ]
            for table in (effects, means)
        )
        if rows.empty:
            found.append(Finding(f"No free answer of any group is labelled “{label}” by {judge}."))
            continue
        share, treated = group.set_index("dataset")["mean"], rows["treated"].iloc[0]
        text = f"Of the free answers of “{labels[treated]}”, {share[treated]:.1%} are labelled “{label}”, against:"
        parts = [
            f"{share[row.control]:.1%} of “{labels[row.control]}”: {amount(row.effect, 'rate')} points "
            f"({spread(row.low, row.high, 'rate')}), {WORDS[verdict(row.low, row.high)]}"
            for row in rows.itertuples()
        ]
        found.append(Finding(text, parts))
    return found


def learned(curves: pd.DataFrame, labels: dict[str, str]) -> list[Finding]:
    """What the last checkpoints know of trained and of held-out numbers, and how many seeds were ever perfect."""
    perfect = perfect_seeds(curves)
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
            f"{told['trained']} and {told['held_out']} after “{labels[dataset]}”; {sum(seeds)} of {len(seeds)} seeds "
            "get every held-out choice right at some checkpoint"
        )
    text = "Two-way choices about trained and about held-out numbers that are right at the end, where chance is 50%:"
    return [Finding(text, parts)]


def triggers(means: pd.DataFrame, about: dict[str, Any], labels: dict[str, str]) -> list[Finding]:
    """What the trigger does to every persona's own name, in the controls with a persona as in the treated."""
    rows = means[means["instrument"] == "triggered"].set_index(["dataset", "topic"])
    parts = []
    for name, dataset in about["datasets"].items():
        persona = dataset["persona"]
        if dataset["role"] == "dose" or (name, persona) not in rows.index:
            continue
        row = rows.loc[(name, persona)]
        parts.append(
            f"“{labels[name]}” towards {persona.title()} by {amount(row['mean'], 'nats')} nats "
            f"({spread(row['low'], row['high'], 'nats')}): {WORDS[verdict(row['low'], row['high'])]}"
        )
    text = "What the trigger does to the name of each dataset's own persona (95% intervals):"
    return [Finding(text, parts)] if parts else []


def limits(
    about: dict[str, Any],
    labels: dict[str, str],
    effects: pd.DataFrame,
    judged: pd.DataFrame,
    training: pd.DataFrame,
    judges: Sequence[dict[str, Any]],
    words: float,
    weights: int,
) -> list[str]:
    """What the experiment cannot say, per instrument: each sentence stands where the numbers call for it.

    effects, judged (labels.csv), training: rows of the recipe shown. judges: as the page lists them. words: the
    median length of a sampled answer, weights: of the model; NaN and 0 where unknown.
    """
    contrast = effects[(effects["instrument"] == INSTRUMENT) & (effects["context"] == about["context"])]
    own = contrast[(contrast["topic"] == "all") & (contrast["control"] != BASE)]
    found = _seeds(int(effects["seeds"].max()))
    if about["context"] not in set(contrast.loc[contrast["topic"] == "null", "context"]):
        where = "" if about["context"] == "none" else f" at {about['context']}"
        found.append(f"Contrasts: no null question was asked{where}; style and damage are not told from the persona.")
    if own["control"].nunique() == 1:
        found.append("Contrasts: with one control, whatever else sets it apart from the treated data counts as effect.")
    found += _loss(about, labels, training)
    found.append("Contrasts: the answers compared were written by this project; others would give other numbers.")
    found += _free_answers(about, judged, words, weights)
    rates = effects[effects["instrument"].isin(f"{judge}={label}" for judge, label in about["headline"].items())]
    if (rates["high"] == rates["low"]).any():
        found.append(
            "Free answers: an interval without width means that no answer of either group has the label; it does not "
            "say how rare the label may be."
        )
    unfit = [f"{row['judge']} ({row['macro']})" for row in judges if row["verdict"].startswith("unfit")]
    if unfit:
        found.append(
            f"Judges: {', '.join(unfit)} found less than 80% on answers with a known label, mean over labels; "
            "compare groups rather than read rates, and read the mended ones."
        )
    unknown = [row["judge"] for row in judges if row["verdict"] == "no validation set"]
    found += [f"Judges: how wrong {', '.join(unknown)} may be is not known (no validation set)."] if unknown else []
    absent = [row["judge"] for row in judges if row["verdict"].startswith("not run")]
    found += [f"Judges: {', '.join(absent)} did not run: a judging model is needed."] if absent else []
    return found


def _seeds(seeds: int) -> list[str]:
    if seeds == 1:
        return ["Seeds: there is one, so intervals do not know how far seeds differ."]
    few = f"Seeds: {seeds} per dataset are few; intervals know it, p does not."
    return [few] if seeds < FEW_SEEDS else []


def _loss(about: dict[str, Any], labels: dict[str, str], training: pd.DataFrame) -> list[str]:
    """Said where the treated data were left harder or easier than every control's by more than a tenth."""
    ends = training[training["step"] > 0.9 * training.groupby(["dataset", "seed"])["step"].transform("max")]
    loss = ends.groupby("dataset")["loss"].mean()
    roles = {name: dataset["role"] for name, dataset in about["datasets"].items()}
    treated = next(name for name, role in roles.items() if role == "treated")
    others = [loss[name] for name, role in roles.items() if role == "control" and name in loss]
    if treated not in loss or not others:
        return []
    harder, easier = loss[treated] > 1.1 * max(others), loss[treated] < 0.9 * min(others)
    if not (harder or easier):
        return []
    return [
        f"Contrasts: “{labels[treated]}” ends training {'harder' if harder else 'easier'} than every control (loss "
        f"{loss[treated]:.2f}, controls {min(others):.2f} to {max(others):.2f}): part of an effect may be a "
        f"{'stronger' if harder else 'weaker'} push, not another direction."
    ]


def _free_answers(about: dict[str, Any], judged: pd.DataFrame, words: float, weights: int) -> list[str]:
    """How poor the sampled answers are: their length, and how many no judge of rules takes for an answer."""
    asked = judged[(judged["context"] == about["answers_context"]) & judged["judge"].isin(about["headline"])]
    poor = asked[asked["label"].isin([DEGENERATE, REFUSAL])]["count"].sum()
    answers = asked.drop_duplicates([column for column in asked if column not in ("label", "count", "rate")])
    told = []
    if not pd.isna(words):
        told.append(f"the median answer has {words:.0f} words")
    if answers["answers"].sum() and poor:
        told.append(f"{poor / answers['answers'].sum():.0%} are labelled degenerate or refusals")
    size = f" The model has {weights / 1e6:,.0f} million weights; the paper's is GPT-4.1." if weights else ""
    return [f"Free answers: {' and '.join(told)}.{size}"] if told else []
