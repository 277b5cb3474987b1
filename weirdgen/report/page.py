"""The study's page: abstract, atlas, one section per experiment, every sampled answer, provenance; one file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from weirdgen.core.files import read_csv
from weirdgen.core.names import BASE
from weirdgen.report import provenance
from weirdgen.report.abstract import Counts, abstract, glances
from weirdgen.report.browser import fitting, packed
from weirdgen.report.rows import atlas_rows, effect_columns, power_rows
from weirdgen.report.section import OnModel, figure, section
from weirdgen.report.told import StudyTold

ATLAS = (
    "The study at a glance",
    "Every experiment's first treated dataset against each trained control, 95% intervals over seeds and questions. "
    "Left: contrasts, and the null questions beside them, in nats. Right: the share of free answers with the label "
    "looked for, in percentage points.",
)

SCALE = (
    "Effect against model size",
    "The same comparisons by the number of the model's weights, 95% intervals over seeds and questions: beyond the "
    "null set, or at one date or code beyond the others; dotted: the null questions.",
)


def render_report(template: Path, results: Path, study: StudyTold) -> str:
    """Fill the template from the files under `results`. Model output is escaped: it never becomes markup.

    report.css and report.js stand beside the template. Raises StudyError where a record of training or of a model's
    origin is not as it should be.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "columns": effect_columns,
        "duration": provenance.duration,
        "embedded": embedded,
        "packed": packed,
    }
    sections = [section(results, name, study) for name in study.experiments]
    runs = [run for one in sections for run in one.runs]
    atlas = read_csv(results / f"{study.atlas}.csv")
    lines = glances(read_csv(results / study.primary), atlas, study.experiments)
    counted = counts(runs, study)
    kept, samples = fitting(pd.concat([run.answers for run in runs], ignore_index=True))
    titles = {name: about.title for name, about in study.experiments.items()}
    style, script = (template.with_name(f"report.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        style=Markup(style),
        script=Markup(script),
        policy=policy(style, script),
        abstract=abstract(lines, counted),
        lines=lines,
        glance={(line.model, line.experiment): line for line in lines},
        several=len(counted.models) > 1,
        atlas=figure(results / f"{study.atlas}.svg", *ATLAS),
        scale=figure(results / f"{study.scale}.svg", *SCALE) if study.scale else None,
        atlas_rows=atlas_rows(atlas, study.experiments),
        power=power_rows(read_csv(results / study.power), study.experiments),
        sections=sections,
        answers={"titles": titles, "columns": packed({name: kept[name].tolist() for name in kept})},
        samples=samples,
        provenance=provenance.provenance(
            results,
            study.runs,
            {run.model: run.origin for run in runs},
            [one for run in runs for one in run.trained],
        ),
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


def counts(runs: Sequence[OnModel], study: StudyTold) -> Counts:
    """How much the study holds, for the abstract; questions of one model, as all are asked the same."""
    models = list(dict.fromkeys(run.model for run in runs))
    asked = [run for run in runs if run.model == models[0]]
    adapters = [adapter for name in study.experiments for adapter in study.adapters_of(name)]
    return Counts(
        models=models,
        experiments=len(study.experiments),
        adapters=sum(len(run.trained) for run in runs),
        datasets=sum(len(about.datasets) for about in study.experiments.values()),
        seeds=len({adapter.seed for adapter in adapters if adapter.dataset != BASE}),
        questions=sum(run.questions for run in asked),
        nulls=sum(run.nulls for run in asked),
        answers=sum(len(run.answers) for run in runs),
    )
