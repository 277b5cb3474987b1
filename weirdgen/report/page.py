"""The study's page: abstract, atlas, one section per experiment, every sampled answer, provenance; one file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from weirdgen.analyse.tables import ALL, read_judgments
from weirdgen.core.files import read_csv, read_json
from weirdgen.core.names import BASE, NO_RECIPE, NULL_TOPIC
from weirdgen.judge.judging import UNPARSED
from weirdgen.plot.catalogue import FIGURES
from weirdgen.report import findings, provenance
from weirdgen.report.browser import answers, fitting, packed

ATLAS = (
    "The study at a glance",
    "Every experiment's first treated dataset against each trained control, 95% intervals over seeds and questions. "
    "Left: contrasts, and the null questions beside them, in nats. Right: the share of free answers with the label "
    "looked for, in percentage points.",
)


@dataclass(frozen=True)
class Shown:
    """One figure of the page: its image inlined, width and height in CSS pixels."""

    title: str
    caption: str
    image: str
    width: int
    height: int


def render_report(template: Path, results: Path, study: dict[str, Any]) -> str:
    """Fill the template from the files under `results`. Model output is escaped: it never becomes markup.

    report.css and report.js stand beside the template.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"duration": provenance.duration, "packed": packed, "embedded": embedded}
    sections = [section(results, name, study) for name in study["experiments"]]
    runs = [run for one in sections for run in one["runs"]]
    atlas = read_csv(results / "figures/atlas.csv")
    titles = {name: about["title"] for name, about in study["experiments"].items()}
    ordered = [(run["model"], one["experiment"]) for one in sections for run in one["runs"]]
    lines = findings.glances(atlas, ordered, study["experiments"])
    counted = counts(runs, study)
    kept, samples = fitting(pd.concat([run["answers"] for run in runs], ignore_index=True))
    style, script = (template.with_name(f"report.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        style=Markup(style),
        script=Markup(script),
        policy=policy(style, script),
        abstract=findings.abstract(lines, counted),
        lines=lines,
        glance={(line.model, line.experiment): line for line in lines},
        several=len(counted["models"]) > 1,
        atlas=figure(results / "figures/atlas.svg", *ATLAS),
        atlas_rows=atlas_rows(atlas, titles),
        sections=sections,
        answers={"titles": titles, "columns": packed({name: kept[name].tolist() for name in kept})},
        samples=samples,
        provenance=origin(results, runs, study),
    )


def policy(style: str, script: str) -> str:
    """A content security policy under which nothing is fetched and only the page's own script runs."""
    own = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{own[0]}'; script-src 'sha256-{own[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def embedded(value: Any) -> Markup:
    """JSON that is safe inside a script element: no `<` can close it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))


def section(results: Path, experiment: str, study: dict[str, Any]) -> dict[str, Any]:
    """Everything the page shows of one experiment: what all models share, then one entry of `runs` per model."""
    about = study["experiments"][experiment]
    models = [model for model, name in study["runs"] if name == experiment]
    judges = judge_rows(results, about["judges"], study["judges"])
    runs = [of_model(results, model, experiment, study, judges) for model in models]
    return {
        "experiment": experiment,
        "about": about,
        "cards": cards(results, models, experiment, about),
        "judges": judges,
        "runs": runs,
    }


def of_model(
    results: Path, model: str, experiment: str, study: dict[str, Any], judges: list[dict[str, Any]]
) -> dict[str, Any]:
    """Everything the page shows of one experiment on one model; judges: the experiment's, as the page lists them."""
    folder = results / model / experiment
    about, adapters = study["experiments"][experiment], study["adapters"][experiment]
    labels = {name: dataset["label"] for name, dataset in about["datasets"].items()} | {BASE: "Untouched model"}
    effects, means, judged, training = (
        shown(folder / f"tables/{name}.csv", study["recipe"])
        for name in ("effects", "group_means", "labels", "training")
    )
    trained = [read_json(folder / "adapters" / path(a) / "run.json") for a in adapters if a["dataset"] != BASE]
    judgments = [folder / "judgments" / f"{path(adapter)}.parquet" for adapter in adapters]
    judgments += [folder / "model_judgments.parquet"] if experiment in study["model_judged"] else []
    sampled = answers(read_judgments([str(file) for file in judgments], adapters), model, experiment, labels)
    origin = provenance.model(Path(trained[0]["model"]))
    words = sampled["answer"].str.split().str.len().median()
    curves = folder / "tables/curves.csv"
    learned = findings.learned(shown(curves, study["recipe"]), labels) if "learning_curves" in about["figures"] else []
    rows = effect_rows(effects, about, labels)
    return {
        "model": model,
        "origin": origin,
        "findings": [*learned, *findings.findings(effects, means, about, labels)],
        "figures": [
            figure(folder / f"figures/{name}.svg", FIGURES[name].title, FIGURES[name].caption)
            for name in about["figures"]
        ],
        "effects": rows[rows["main"]].to_dict("records"),
        "all_effects": {name: rows[name].tolist() for name in rows if name != "main"},
        "rates": rate_rows(means, about, labels),
        "agreement": read_csv(folder / "tables/agreement.csv").to_dict("records"),
        "unparsed": unparsed(judged),
        "limits": findings.limits(about, labels, effects, judged, training, judges, words, origin["weights"]),
        "questions": questions(folder / "tables/contrasts.csv"),
        "trained": trained,
        "answers": sampled,
    }


def path(adapter: dict[str, Any]) -> str:
    """`<dataset>/<recipe>/seed-<n>`."""
    return f"{adapter['dataset']}/{adapter['recipe']}/seed-{adapter['seed']}"


def shown(table: Path, recipe: str) -> pd.DataFrame:
    """A table's rows of the recipe the page shows, and of the untouched model."""
    rows = read_csv(table)
    return rows[rows["recipe"].isin([recipe, NO_RECIPE])]


def questions(contrasts: Path) -> dict[str, int]:
    """How many contrast questions were asked, and how many of those are null questions."""
    asked = read_csv(contrasts)[["question", "topic"]].drop_duplicates("question")
    return {"all": len(asked), "null": int((asked["topic"] == NULL_TOPIC).sum())}


def counts(runs: list[dict[str, Any]], study: dict[str, Any]) -> dict[str, Any]:
    """How much the study holds, for the abstract."""
    experiments = study["experiments"]
    models = list(dict.fromkeys(run["model"] for run in runs))
    asked = [run["questions"] for run in runs if run["model"] == models[0]]
    return {
        "models": models,
        "experiments": len(experiments),
        "adapters": sum(len(run["trained"]) for run in runs),
        "datasets": sum(len(about["datasets"]) for about in experiments.values()),
        "seeds": len({a["seed"] for adapters in study["adapters"].values() for a in adapters if a["dataset"] != BASE}),
        "questions": sum(questions["all"] for questions in asked),
        "nulls": sum(questions["null"] for questions in asked),
        "answers": sum(len(run["answers"]) for run in runs),
    }


def figure(file: Path, title: str, caption: str) -> Shown:
    """A figure with its title and caption, the image inlined."""
    image = file.read_bytes()
    width, height = re.findall(rb'(?:width|height)="([\d.]+)pt"', image[:2000])[:2]
    size = (round(float(points) * 4 / 3) for points in (width, height))
    return Shown(title, caption, base64.b64encode(image).decode(), *size)


def cards(results: Path, models: list[str], experiment: str, about: dict[str, Any]) -> list[dict[str, Any]]:
    """The data cards, each file of rows once: `models` are those it was made for where others have another."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name in about["datasets"]:
        for model in models:
            card = read_json(results / model / experiment / "datasets" / f"{name}.card.json")
            entry = found.setdefault((name, card["sha256"]), {**card, **about["datasets"][name], "models": []})
            entry["models"].append(model)
    for card in found.values():
        card["models"] = [] if len(card["models"]) == len(models) else card["models"]
    return list(found.values())


def effect_rows(effects: pd.DataFrame, about: dict[str, Any], labels: dict[str, str]) -> pd.DataFrame:
    """The effects table as the page prints it; main: the rows shown unfolded."""
    headline = {f"{judge}={label}" for judge, label in about["headline"].items()}
    rows = []
    for row in effects.itertuples():
        scored = row.unit == "nats" or row.instrument == "probability"
        context = about["context"] if scored else about["answers_context"]
        wanted = scored or row.unit == "points" or row.instrument in headline
        treated = about["datasets"][row.treated]["role"] == "treated"
        there = row.context == context or row.instrument == "triggered"
        rows.append(
            {
                "instrument": row.instrument.replace("=", ": "),
                "comparison": f"{labels[row.treated]} − {labels[row.control]}",
                "topic": "null set" if row.topic == NULL_TOPIC else row.topic.replace("_", " "),
                "context": row.context,
                "effect": measured(row),
                "interval": findings.spread(row.low, row.high, row.unit),
                "p": f"{row.p:.2g}",
                "seeds × questions": f"{row.seeds} × {row.questions}",
                "verdict": findings.verdict(row.low, row.high),
                "main": treated and there and wanted and row.topic in (ALL, NULL_TOPIC),
            }
        )
    return pd.DataFrame(rows)


def measured(row: Any) -> str:
    """An effect with its unit: shares as percentage points."""
    return f"{findings.amount(row.effect, row.unit)} {'nats' if row.unit == 'nats' else 'points'}"


def atlas_rows(atlas: pd.DataFrame, titles: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of the atlas as the page prints them."""
    return [
        {
            "title": titles[row.experiment],
            "model": row.model,
            "kind": {"contrast": "log-odds", "null": "null set", "rate": "free answers"}.get(row.kind, row.kind),
            "label": row.label,
            "context": row.context,
            "effect": measured(row),
            "interval": findings.spread(row.low, row.high, row.unit),
            "p": f"{row.p:.2g}",
            "size": f"{row.seeds} × {row.questions}",
            "verdict": findings.verdict(row.low, row.high),
        }
        for row in atlas.itertuples()
    ]


def rate_rows(means: pd.DataFrame, about: dict[str, Any], labels: dict[str, str]) -> list[dict[str, Any]]:
    """Every group's share of each headline label, as judged and mended for the judge's errors; mean ratings too."""
    wanted = [f"{judge}={label}" for judge, label in about["headline"].items()]
    rated = (means["unit"] == "points") | means["instrument"].isin(wanted)
    rows = []
    for row in means[rated & (means["topic"] == ALL) & (means["context"] == about["answers_context"])].itertuples():
        mended = not pd.isna(row.corrected)
        rows.append(
            {
                "what": row.instrument.replace("=", ": "),
                "group": labels[row.dataset],
                "mean": _level(row.mean, row.unit),
                "interval": f"{_level(row.low, row.unit)} to {_level(row.high, row.unit)}",
                "corrected": _level(row.corrected, row.unit) if mended else "",
                "corrected_interval": f"{_level(row.corrected_low, row.unit)} to {_level(row.corrected_high, row.unit)}"
                if mended
                else "",
            }
        )
    return rows


def _level(value: float, unit: str) -> str:
    return _share(value) if unit == "rate" else f"{value:.1f}"


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


def origin(results: Path, runs: list[dict[str, Any]], study: dict[str, Any]) -> dict[str, Any]:
    """What the page says of its provenance."""
    trained = [one for run in runs for one in run["trained"]]
    stages = provenance.stages(results, study["runs"])
    return {
        "commit": provenance.commit(),
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": provenance.hardware(),
        "models": {run["model"]: run["origin"] for run in runs},
        "trained_with": _versions(one["versions"] for one in trained),
        "trained_on": sorted({f"{one['device']}, {one['dtype']}" for one in trained}),
        "versions": provenance.versions(),
        "stages": stages.to_dict("records"),
        "jobs": int(stages["jobs"].sum()),
        "seconds": float(stages["seconds"].sum()),
        "gpu_seconds": provenance.gpu_seconds(trained),
    }


def _versions(found: Iterable[dict[str, str]]) -> dict[str, str]:
    """Package -> its version, or versions where adapters were trained with several."""
    table = pd.DataFrame(list(found))
    return {str(name): ", ".join(dict.fromkeys(table[name].dropna())) for name in table}
