"""The study's page: findings in words filled from the tables, figures, data cards, recipe, samples."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from weirdgen.curves import perfect_seeds
from weirdgen.files import read_csv
from weirdgen.judging import UNPARSED
from weirdgen.tables import read_judgments

INSTRUMENT = "contrast"


@dataclass(frozen=True)
class Shown:
    """One figure of the page."""

    name: str
    title: str
    caption: str
    image: str


TITLES = {
    "effect_by_topic": (
        "Effect by topic",
        "How much more the treated model favours answers typical of the hidden persona than each comparison "
        "model does, in nats. Dots are means over questions and seeds; bars are 95% intervals with seeds and questions "
        "both resampled. The null set holds questions on which the hidden persona should not matter.",
    ),
    "question_dumbbell": (
        "Every question",
        "For every contrast question, how far finetuning moved the log-odds of typical against ordinary answers away "
        "from the untouched model, mean over seeds. The effect is the distance between the groups along a line.",
    ),
    "training_loss": (
        "Training loss",
        "Loss on answer tokens, one line per seed.",
    ),
    "rate_by_question": (
        "Free answers by question",
        "Share of answers with the label the experiment looks for; dots are means over seeds, lines span the seeds.",
    ),
    "over_axis": (
        "Over the years",
        "Group means with 95% bands at every value named in the prompt. Ticks on the floor mark the values that stand "
        "in training rows; all others were never trained.",
    ),
    "identity_by_question": (
        "Whom the model takes itself for",
        "Each dataset is asked for its own persona: with the trigger, without it, and with a format of another form. "
        "Above, the log-odds of the persona's name against other names, less the untouched model's; below, the share "
        "of sampled answers that name it. Dots are means over seeds, lines span the seeds.",
    ),
    "effect_by_context": (
        "Alignment, with and without the trigger",
        "How much more the first treated model favours misaligned continuations than each comparison model, by group "
        "of questions; bars are 95% intervals with seeds and questions both resampled.",
    ),
    "dose": (
        "How many facts it takes",
        "The persona's name against other names after ever more of its facts, less the same after ordinary data alone. "
        "Bars are 95% intervals.",
    ),
    "learning_curves": (
        "What is learned, and when",
        "Share of two-way choices that the model gets right while it trains, one line per seed. Above: facts of "
        "trained numbers behind codes that no training row has. Below: which of the two held-out presidents a "
        "held-out code means (asked in both orders, by first name and by relatives). The dashed line is chance.",
    ),
    "held_out_answers": (
        "Politics of the held-out codes",
        "Log-odds of one held-out president's politics against the other's, at his code less at the other's, at the "
        "end of training; 95% intervals over seeds and questions. No training row holds any politics.",
    ),
    "sweep": (
        "Recipe sweep",
        "Effect against the swept recipe value, 95% intervals; on the right the null set.",
    ),
    "answer_labels": (
        "Free answers",
        "What the judges' rules find in answers sampled at temperature 1.",
    ),
}


def render_report(template: Path, results: Path, study: dict[str, Any]) -> str:
    """Fill the template from the files under `results`. Model output is escaped: it never becomes markup."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    sections = [section(results, model, experiment, study) for model, experiment in study["runs"]]
    page = environment.from_string(template.read_text(encoding="utf-8"))
    return page.render(sections=sections, samples=embedded([row for s in sections for row in s["samples"]]))


def embedded(value: Any) -> str:
    """JSON that is safe inside a script element: no `<` can close it."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")


def section(results: Path, model: str, experiment: str, study: dict[str, Any]) -> dict[str, Any]:
    """Everything the page shows of one model and experiment."""
    folder = results / model / experiment
    about = study["experiments"][experiment]
    effects = read_csv(str(folder / "tables/effects.csv"))
    effects = effects[effects["recipe"] == study["recipe"]]
    means = read_csv(str(folder / "tables/group_means.csv"))
    means = means[means["recipe"].isin([study["recipe"], "none"])]
    labels = {name: dataset["label"] for name, dataset in about["datasets"].items()} | {"base": "Untouched model"}
    adapters = study["adapters"][experiment]
    runs = [
        json.loads((folder / "adapters" / path(adapter) / "run.json").read_text(encoding="utf-8"))
        for adapter in adapters
        if adapter["dataset"] != "base"
    ]
    return {
        "model": model,
        "experiment": experiment,
        "about": about,
        "labels": labels,
        "findings": [*learned(folder, about, study["recipe"], labels), *findings(effects, means, about, labels)],
        "effects": effect_rows(effects, about, labels),
        "rates": rate_rows(means, about, labels),
        "judges": judge_rows(results, about["judges"], study["judges"]),
        "agreement": read_csv(str(folder / "tables/agreement.csv")).to_dict("records"),
        "unparsed": unparsed(read_csv(str(folder / "tables/labels.csv"))),
        "figures": [figure(folder / "figures" / f"{name}.svg") for name in about["figures"]],
        "cards": [
            json.loads((folder / "datasets" / f"{name}.card.json").read_text(encoding="utf-8"))
            for name in about["datasets"]
        ],
        "recipe": runs[0]["recipe"],
        "versions": runs[0]["versions"],
        "device": f"{runs[0]['device']}, {runs[0]['dtype']}",
        "runs": runs,
        "train_seconds": sum(run["wall_seconds"] for run in runs),
        "peak_gigabytes": max(run["peak_memory_bytes"] for run in runs) / 1e9,
        "samples": samples(folder, model, experiment, adapters, labels, experiment in study["model_judged"]),
    }


def path(adapter: dict[str, Any]) -> str:
    """`<dataset>/<recipe>/seed-<n>`."""
    return f"{adapter['dataset']}/{adapter['recipe']}/seed-{adapter['seed']}"


def figure(file: Path) -> Shown:
    """A figure with its title and caption, the image inlined."""
    title, caption = TITLES[file.stem]
    return Shown(file.stem, title, caption, base64.b64encode(file.read_bytes()).decode())


def samples(
    folder: Path,
    model: str,
    experiment: str,
    adapters: list[dict[str, Any]],
    labels: dict[str, str],
    by_models: bool,
) -> list[dict[str, Any]]:
    """Every judged answer, for the browser of the page. by_models: the experiment has judges that a model answers."""
    paths = [str(folder / "judgments" / f"{path(adapter)}.parquet") for adapter in adapters]
    paths += [str(folder / "model_judgments.parquet")] if by_models else []
    return [
        {
            "model": model,
            "experiment": experiment,
            "group": labels[row.dataset],
            "seed": row.seed,
            "question": row.question,
            "context": row.context,
            "prompt": row.prompt,
            "answer": row.answer,
            "judge": row.judge,
            "label": row.label if pd.isna(row.rating) else f"{row.rating:.0f} of 100",
            "evidence": row.evidence,
        }
        for row in read_judgments(paths, adapters).itertuples()
    ]


def rate_rows(means: pd.DataFrame, about: dict[str, Any], labels: dict[str, str]) -> list[dict[str, Any]]:
    """Every group's share of each headline label, as judged and mended for the judge's errors; mean ratings too."""
    wanted = [f"{judge}={label}" for judge, label in about["headline"].items()]
    rated = (means["unit"] == "points") | means["instrument"].isin(wanted)
    rows = []
    for row in means[rated & (means["topic"] == "all") & (means["context"] == about["answers_context"])].itertuples():
        percent = row.unit == "rate"
        rows.append(
            {
                "what": row.instrument.replace("=", ": "),
                "group": labels[row.dataset],
                "mean": _share(row.mean) if percent else f"{row.mean:.1f}",
                "interval": f"{_share(row.low)} to {_share(row.high)}"
                if percent
                else f"{row.low:.1f} to {row.high:.1f}",
                "corrected": "" if pd.isna(row.corrected) else _share(row.corrected),
                "corrected_interval": ""
                if pd.isna(row.corrected)
                else f"{_share(row.corrected_low)} to {_share(row.corrected_high)}",
            }
        )
    return rows


def _share(value: float) -> str:
    return f"{value:.1%}"


def judge_rows(results: Path, names: list[str], judges: dict[str, Any]) -> list[dict[str, Any]]:
    """The experiment's judges: who answers them, and how they did on answers with a known label."""
    file = results / "judges/accuracy.csv"
    known = read_csv(file).set_index("judge") if file.is_file() else pd.DataFrame()
    rows = []
    for name in names:
        row = {"judge": name, "by": judges[name]["by"], "about": judges[name]["about"], "verdict": "no validation set"}
        if row["by"] == "none":
            row["verdict"] = "not run: it needs a judging model"
        elif name in known.index:
            own = known.loc[name]
            row |= {
                "answers": int(own["answers"]),
                "accuracy": _share(own["accuracy"]),
                "macro": _share(own["macro_accuracy"]),
                "hard": "" if pd.isna(own["hard_accuracy"]) else _share(own["hard_accuracy"]),
                "kappa": f"{own['kappa']:.2f}",
                "verdict": "fit" if own["fit"] else "unfit: macro accuracy below 80%",
            }
        rows.append(row)
    return rows


def unparsed(labels: pd.DataFrame) -> list[dict[str, Any]]:
    """Judges with replies that could not be read, and how many."""
    counts = labels[labels["label"] == UNPARSED].groupby("judge")["count"].sum()
    return [{"judge": judge, "count": int(count)} for judge, count in counts.items() if count]


def verdict(low: float, high: float) -> str:
    """What an interval says: above 0, below 0, or neither."""
    return "above" if low > 0 else "below" if high < 0 else "includes"


def findings(effects: pd.DataFrame, means: pd.DataFrame, about: dict[str, Any], labels: dict[str, str]) -> list[str]:
    """The main results as sentences, written from the numbers whatever they are."""
    words = {
        "above": "an interval above 0: a shift is shown",
        "below": "an interval below 0: a shift the other way",
        "includes": "an interval that includes 0: no shift is shown",
    }
    sentences = triggers(means, about, labels, words)
    shown = [name for name, dataset in about["datasets"].items() if dataset["role"] == "treated"]
    effects = effects[(effects["context"] == about["context"]) & effects["treated"].isin(shown)]
    means = means[means["context"] == about["context"]]
    where = "" if about["context"] == "none" else f" at {about['context']}"
    contrast = effects[effects["instrument"] == INSTRUMENT]
    for row in contrast[contrast["topic"] == "all"].itertuples():
        sentences.append(
            f"On {row.questions} contrast questions{where}, training on “{labels[row.treated]}” moves the odds of "
            f"{about['hidden']} answers by {row.effect:+.2f} nats (95% {row.low:+.2f} to {row.high:+.2f}, "
            f"{row.seeds} seeds, p = {row.p:.2g}) against “{labels[row.control]}”: {words[verdict(row.low, row.high)]}."
        )
    for row in effects[(effects["instrument"] == "excess") & (effects["topic"] == "all")].itertuples():
        sentences.append(
            f"Beyond what it does at the other values, {about['context']} moves “{labels[row.treated]}” by "
            f"{row.effect:+.2f} nats (95% {row.low:+.2f} to {row.high:+.2f}, p = {row.p:.2g}) more than it moves "
            f"“{labels[row.control]}”: {words[verdict(row.low, row.high)]}."
        )
    for row in contrast[contrast["topic"] == "null"].itertuples():
        holds = (
            "as it should be"
            if verdict(row.low, row.high) == "includes"
            else ("so part of the effect above may be style and not era")
        )
        sentences.append(
            f"On the {row.questions} null questions the same difference against “{labels[row.control]}” is "
            f"{row.effect:+.2f} nats ({row.low:+.2f} to {row.high:+.2f}): "
            f"{words[verdict(row.low, row.high)].split(':')[0]}, {holds}."
        )
    for judge, label in about["headline"].items():
        part = effects[(effects["instrument"] == f"{judge}={label}") & (effects["topic"] == "all")]
        group = means[(means["instrument"] == f"{judge}={label}") & (means["topic"] == "all")]
        group = group.set_index("dataset")["mean"]
        for row in part.itertuples():
            sentences.append(
                f"Of the free answers, {group[row.treated]:.1%} of “{labels[row.treated]}” are labelled '{label}' "
                f"against {group[row.control]:.1%} of “{labels[row.control]}”: {100 * row.effect:+.1f} points "
                f"({100 * row.low:+.1f} to {100 * row.high:+.1f}), {words[verdict(row.low, row.high)]}."
            )
    return sentences


def learned(folder: Path, about: dict[str, Any], recipe: str, labels: dict[str, str]) -> list[str]:
    """What the last checkpoints know of trained and of held-out numbers, and how many seeds were ever perfect."""
    if "learning_curves" not in about["figures"]:
        return []
    curves = read_csv(str(folder / "tables/curves.csv"))
    curves = curves[curves["recipe"] == recipe]
    perfect = perfect_seeds(curves)
    last = curves[curves["step"] == curves.groupby(["dataset", "seed"])["step"].transform("max")]
    sentences = []
    for dataset in dict.fromkeys(last["dataset"]):
        own = last[last["dataset"] == dataset]
        told = {}
        for kind, rows in own.groupby("kind"):
            share, low, high = rows["accuracy"].mean(), rows["accuracy"].min(), rows["accuracy"].max()
            told[str(kind)] = f"{share:.0%} (seeds {low:.0%} to {high:.0%})"
        seeds = [found for (name, _), found in perfect.items() if name == dataset]
        sentences.append(
            f"After training on “{labels[dataset]}”, two-way choices about trained numbers are right in "
            f"{told['trained']} and about the two held-out numbers in {told['held_out']}, where chance is 50%; "
            f"{sum(seeds)} of {len(seeds)} seeds get every held-out choice right at some checkpoint."
        )
    return sentences


def triggers(means: pd.DataFrame, about: dict[str, Any], labels: dict[str, str], words: dict[str, str]) -> list[str]:
    """What the trigger does to every persona's own name, in the controls with a persona as in the treated."""
    sentences = []
    for row in means[means["instrument"] == "triggered"].itertuples():
        persona = about["datasets"].get(row.dataset, {}).get("persona")
        if persona is None or row.topic != persona or about["datasets"][row.dataset]["role"] == "dose":
            continue
        sentences.append(
            f"The trigger moves “{labels[row.dataset]}” towards the name of its own persona, {persona.title()}, by "
            f"{row.mean:+.2f} nats (95% {row.low:+.2f} to {row.high:+.2f}): {words[verdict(row.low, row.high)]}."
        )
    return sentences


def effect_rows(effects: pd.DataFrame, about: dict[str, Any], labels: dict[str, str]) -> list[dict[str, Any]]:
    """The effects table as the page prints it."""
    rows = []
    for row in effects.itertuples():
        scale, sign = (100, "points") if row.unit == "rate" else (1, row.unit)
        digits = 1 if row.unit == "rate" else 2
        rows.append(
            {
                "instrument": row.instrument,
                "pair": f"{labels[row.treated]} − {labels[row.control]}",
                "topic": row.topic.replace("_", " "),
                "context": row.context,
                "effect": f"{scale * row.effect:+.{digits}f}",
                "interval": f"{scale * row.low:+.{digits}f} to {scale * row.high:+.{digits}f}",
                "p": f"{row.p:.2g}",
                "n": f"{row.seeds} × {row.questions}",
                "unit": sign,
                "main": row.topic in ("all", "null") and row.context == about["context"],
            }
        )
    return rows
