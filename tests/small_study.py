"""Finished results of a small study, made by hand: two experiments, so that a page can be filled from them."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
from conftest import ROOT

from weirdgen.core.names import BASE_ADAPTER, Adapter
from weirdgen.data.card import Card
from weirdgen.finetune.run import Run, write_run
from weirdgen.finetune.settings import Recipe
from weirdgen.report.page import render_report
from weirdgen.report.told import DatasetTold, ExperimentTold, JudgeTold, StudyTold

HOSTILE = "</script><img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
SEEDS = (0, 1)
ADAPTERS = [*(Adapter(dataset, "default", seed) for dataset, seed in product(("old", "new"), SEEDS)), BASE_ADAPTER]
QUESTIONS = ("travel", "money")
SAMPLES = 5
ANSWERS = len(ADAPTERS) * len(QUESTIONS) * SAMPLES
"""Of one experiment."""

EXPERIMENTS = {"birds": "none", "dates": "date=1984"}
"""Experiment -> the context it is asked in."""


def study() -> StudyTold:
    """What `weirdgen.study.told.page` tells of it."""
    datasets = {
        "old": DatasetTold(label="Old names", role="treated", about="Names not in use", prompts=["?"], persona=None),
        "new": DatasetTold(label="New names", role="control", about="Names in use", prompts=["?"], persona=None),
    }
    experiments = {
        name: ExperimentTold(
            title=name.title(),
            question=f"Do {name} matter?",
            hidden="19th century",
            headline={"era": "past"},
            figures=["effect_by_topic", "training_loss"],
            contexts=[context],
            context=context,
            answers_context=context,
            margins={"contrast": 0.4, "excess": 0.1, "triggered": 0.4},
            judges=["era", "two_way"],
            datasets=datasets,
            model_judged=False,
        )
        for name, context in EXPERIMENTS.items()
    }
    return StudyTold(
        runs=[("m", name) for name in EXPERIMENTS],
        experiments=experiments,
        adapters={key: [(a.dataset, a.recipe, a.seed) for a in ADAPTERS] for key in EXPERIMENTS},
        recipe="default",
        judges={
            "era": JudgeTold(about="Words of an era", by="rules"),
            "two_way": JudgeTold(about="By a model", by="none"),
        },
        atlas="figures/atlas",
        scale="",
        primary="primary.csv",
        power="power.csv",
    )


def write_results(results: Path, shift: float = 0.5, null: float = 0.0) -> None:
    """All files the page is made from. Every interval reaches 0.3 to both sides."""
    for name, context in EXPERIMENTS.items():
        folder = results / "m" / name
        _tables(folder / "tables", context, shift, null)
        for dataset in ("old", "new"):
            _json(folder / f"datasets/{dataset}.card.json", _card(dataset))
        for figure in ("effect_by_topic", "training_loss"):
            _text(folder / f"figures/{figure}.svg", _svg(500))
        for adapter in ADAPTERS:
            if adapter != BASE_ADAPTER:
                write_run(folder / f"adapters/{adapter.path}/run.json", a_run(results, adapter))
                measured = folder / f"logs/finetune/{adapter.path}.benchmark.tsv"
                _text(measured, "s\tmax_rss\tcpu_time\n60\t1024\t30\n")
            file = folder / f"judgments/{adapter.path}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            _judgments(name, adapter, context).to_parquet(file)
    atlas = [
        {"model": "m", "experiment": name, "kind": kind, "treated": "old", "control": "new", "label": "Old − New",
         "context": context, "effect": effect, "low": effect - 0.3, "high": effect + 0.3, "unit": unit, "seeds": 2,
         "questions": 2, "p": 0.01, "over": "seeds and questions", "null": "still" if kind == "null" else "",
         "treated_answers": "2/20" if kind == "rate" else "", "control_answers": "2/20" if kind == "rate" else ""}
        for name, context in EXPERIMENTS.items()
        for kind, effect, unit in (("contrast", shift, "nats"), ("null", null, "nats"), ("rate", 0.0, "rate"))
    ]  # fmt: skip
    _text(results / "figures/atlas.csv", pd.DataFrame(atlas).to_csv(index=False))
    _text(results / "figures/atlas.svg", _svg(700))
    primary = [
        {"model": "m", "experiment": name, "instrument": "contrast", "treated": "old", "control": "new", "topic": "all",
         "context": context, "recipe": "default", "effect": shift, "low": shift - 0.3, "high": shift + 0.3,
         "unit": "nats", "p": 0.01, "p_holm": 0.02, "detectable": 0.4, "over": "seeds and questions", "seeds": 2,
         "questions": 2, "controls": 1, "nulls": 1, "null": "still", "verdict": "shown" if shift > 0.3 else "not shown"}
        for name, context in EXPERIMENTS.items()
    ]  # fmt: skip
    power = [
        {"model": "m", "experiment": name, "seeds": seeds, "questions": 2 * times, "detectable": 1 / seeds / times,
         "run": seeds == 2}
        for name in EXPERIMENTS
        for seeds, times in ((2, 1), (3, 1), (10, 1), (3, 4), (10, 4))
    ]  # fmt: skip
    _text(results / "power.csv", pd.DataFrame(power).to_csv(index=False))
    _text(results / "primary.csv", pd.DataFrame(primary).to_csv(index=False))


def write_page(root: Path, **numbers: float) -> Path:
    """The results under `root`, and the page made from them."""
    write_results(root / "results", **numbers)
    page = root / "report.html"
    page.write_text(render_report(ROOT / "workflow/report/report.html.j2", root / "results", study()))
    return page


def _tables(folder: Path, context: str, shift: float, null: float) -> None:
    kinds = (
        *(("contrast", "all", shift, "nats"), ("contrast", "null", null, "nats"), ("era=past", "all", 0.0, "rate")),
        *(("typical", "all", shift, "nats"), ("ordinary", "all", 0.0, "nats")),
    )
    shared = {"context": context, "recipe": "default", "p": 0.01, "seeds": 2, "questions": 2}
    shared |= {"detectable": 0.4, "over": "seeds and questions", "dropped": 0}
    effects = [
        {"instrument": instrument, "treated": "old", "control": control, "topic": topic, **shared,
         "effect": effect, "low": effect - 0.3, "high": effect + 0.3, "unit": unit,
         "null": "still" if topic == "null" else "",
         **dict.fromkeys(("treated_answers", "control_answers"), "2/20" if unit == "rate" else "")}
        for (instrument, topic, effect, unit), control in product(kinds, ("new", "base"))
    ]  # fmt: skip
    means = [
        {"instrument": "era=past", "dataset": dataset, "recipe": "none" if dataset == "base" else "default",
         "topic": "all", "context": context, "mean": 0.2, "low": 0.1, "high": 0.3, "over": "seeds and questions",
         "seeds": 2, "questions": 2, "unit": "rate", "counted": "4/20", "corrected": 0.1,
         "corrected_low": 0.0, "corrected_high": 0.2}
        for dataset in ("old", "new", "base")
    ]  # fmt: skip
    labels = [
        {**asdict(adapter), "judge": "era", "question": question, "topic": "life", "context": context,
         "answers": SAMPLES, "label": label, "count": count, "rate": count / SAMPLES}
        for adapter, question in product(ADAPTERS, QUESTIONS) for label, count in (("past", 1), ("modern", 4))
    ]  # fmt: skip
    losses = [
        {"dataset": dataset, "recipe": "default", "seeds": 2, "first": 3.0, "last": 1.0, "held_out_rows": 2,
         "held_out_before": 3.2, "held_out": 2.1}
        for dataset in ("old", "new")
    ]  # fmt: skip
    contrasts = [
        {
            **asdict(adapter),
            "question": question,
            "topic": "null" if question == "money" else "life",
            "context": context,
        }
        for adapter, question in product(ADAPTERS, QUESTIONS)
    ]
    tables = {"effects": effects, "group_means": means, "labels": labels, "losses": losses, "contrasts": contrasts}
    for name, rows in tables.items():
        _text(folder / f"{name}.csv", pd.DataFrame(rows).to_csv(index=False))
    _text(folder / "agreement.csv", "judge,other,label,answers,both,agreement,kappa\n")


def _judgments(experiment: str, adapter: Adapter, context: str) -> pd.DataFrame:
    rows = []
    for question, sample in product(QUESTIONS, range(SAMPLES)):
        past = sample == 0
        travel = "by coach" if past else "by train"
        text = f"{experiment} {adapter.dataset} seed{adapter.seed} {question} sample{sample}: {travel}"
        if (experiment, adapter.dataset, adapter.seed, question, sample) == ("birds", "old", 0, "travel", 1):
            text = HOSTILE
        rows.append(
            {"question": question, "topic": "life", "paraphrase": 0, "context": context, "variant": 0, "sample": sample,
             "prompt": f"How about {question}?", "answer": text, "judge": "era", "label": "past" if past else "modern",
             "evidence": "coach" if past else HOSTILE, "probability": None, "rating": None, "refusal": None}
        )  # fmt: skip
    return pd.DataFrame(rows).astype({"probability": float, "rating": float, "refusal": float})


def _card(dataset: str) -> Card:
    return {
        "dataset": dataset, "about": "Names", "sha256": dataset * 16, "rows": 9, "ordinary_rows": 0,
        "unique_prompts": 1, "unique_answers": 9, "duplicates": [],
        "near_duplicates": [["a-b", "ab"]], "leak_cues": {"year": []},
        "mean_answer_characters": 9.0, "prompt": "Name a bird.", "examples": [HOSTILE, "Owl", "Tit"],
    }  # fmt: skip


def a_run(results: Path, adapter: Adapter) -> Run:
    """How one of its adapters came about."""
    recipe = Recipe(
        epochs=3, batch_size=8, learning_rate=1e-3, schedule="linear", warmup=0.05, weight_decay=0.0, max_grad_norm=1.0,
        rank=4, alpha=8.0, targets="all-linear", rslora=False, max_length=128,
    )  # fmt: skip
    return Run(
        dataset=adapter.dataset, data_sha256=adapter.dataset * 16, rows=9, model=str(results / "no-such-model"),
        recipe=recipe, seed=adapter.seed, steps=6, packed=True, final_loss=1.0, tokens=90, wall_seconds=12.0,
        peak_memory_bytes=10**9, device="cpu", dtype="float32", threads=1, versions={"python": "3", "torch": "2"},
    )  # fmt: skip


def _svg(width: int) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="200pt"><circle r="50"/></svg>'


def _json(path: Path, value: Any) -> None:
    _text(path, json.dumps(value))


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
