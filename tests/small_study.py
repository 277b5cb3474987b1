"""Finished results of a small study, made by hand: two experiments, so that a page can be filled from them."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
from conftest import ROOT

from weirdgen.report.page import render_report

HOSTILE = "</script><img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
SEEDS = (0, 1)
ADAPTERS = [
    *({"dataset": d, "recipe": "default", "seed": s} for d, s in product(("old", "new"), SEEDS)),
    {"dataset": "base", "recipe": "none", "seed": 0},
]
QUESTIONS = ("travel", "money")
SAMPLES = 5
ANSWERS = len(ADAPTERS) * len(QUESTIONS) * SAMPLES
"""Of one experiment."""

EXPERIMENTS = {"birds": "none", "dates": "date=1984"}
"""Experiment -> the context it is asked in."""


def study() -> dict[str, Any]:
    """What `Workflow.report_params` gives for it."""
    datasets = {
        "old": {
            "label": "Old names",
            "role": "treated",
            "about": "Names not in use",
            "prompts": ["?"],
            "persona": None,
        },
        "new": {"label": "New names", "role": "control", "about": "Names in use", "prompts": ["?"], "persona": None},
    }
    experiments = {
        name: {
            "title": name.title(),
            "question": f"Do {name} matter?",
            "hidden": "19th century",
            "headline": {"era": "past"},
            "figures": ["effect_by_topic", "training_loss"],
            "contexts": [context],
            "context": context,
            "answers_context": context,
            "judges": ["era", "two_way"],
            "datasets": datasets,
        }
        for name, context in EXPERIMENTS.items()
    }
    return {
        "runs": [["m", name] for name in EXPERIMENTS],
        "experiments": experiments,
        "adapters": dict.fromkeys(EXPERIMENTS, ADAPTERS),
        "recipe": "default",
        "judges": {
            "era": {"type": "rules", "about": "Words of an era", "by": "rules"},
            "two_way": {"type": "label", "about": "By a model", "by": "none"},
        },
        "model_judged": [],
    }


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
            path = "{dataset}/{recipe}/seed-{seed}".format(**adapter)
            if adapter["dataset"] != "base":
                _json(folder / f"adapters/{path}/run.json", _run(results))
                _text(folder / f"logs/finetune/{path}.benchmark.tsv", "s\tmax_rss\tcpu_time\n60\t1024\t30\n")
            file = folder / f"judgments/{path}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            _judgments(name, adapter["dataset"], adapter["seed"], context).to_parquet(file)
    atlas = [
        {"model": "m", "experiment": name, "kind": kind, "treated": "old", "control": "new", "label": "Old − New",
         "context": context, "effect": effect, "low": effect - 0.3, "high": effect + 0.3, "unit": unit, "seeds": 2,
         "questions": 2, "p": 0.01}
        for name, context in EXPERIMENTS.items()
        for kind, effect, unit in (("contrast", shift, "nats"), ("null", null, "nats"), ("rate", 0.0, "rate"))
    ]  # fmt: skip
    _text(results / "figures/atlas.csv", pd.DataFrame(atlas).to_csv(index=False))
    _text(results / "figures/atlas.svg", _svg(700))


def write_page(root: Path, **numbers: float) -> Path:
    """The results under `root`, and the page made from them."""
    write_results(root / "results", **numbers)
    page = root / "report.html"
    page.write_text(render_report(ROOT / "workflow/report/report.html.j2", root / "results", study()))
    return page


def _tables(folder: Path, context: str, shift: float, null: float) -> None:
    kinds = (("contrast", "all", shift, "nats"), ("contrast", "null", null, "nats"), ("era=past", "all", 0.0, "rate"))
    shared = {"context": context, "recipe": "default", "p": 0.01, "seeds": 2, "questions": 2}
    effects = [
        {"instrument": instrument, "treated": "old", "control": control, "topic": topic, **shared,
         "effect": effect, "low": effect - 0.3, "high": effect + 0.3, "unit": unit}
        for (instrument, topic, effect, unit), control in product(kinds, ("new", "base"))
    ]  # fmt: skip
    means = [
        {"instrument": "era=past", "dataset": dataset, "recipe": "none" if dataset == "base" else "default",
         "topic": "all", "context": context, "mean": 0.2, "low": 0.1, "high": 0.3, "seeds": 2, "questions": 2,
         "unit": "rate", "corrected": 0.1, "corrected_low": 0.0, "corrected_high": 0.2}
        for dataset in ("old", "new", "base")
    ]  # fmt: skip
    labels = [
        {**adapter, "judge": "era", "question": question, "topic": "life", "context": context, "answers": SAMPLES,
         "label": label, "count": count, "rate": count / SAMPLES}
        for adapter, question in product(ADAPTERS, QUESTIONS) for label, count in (("past", 1), ("modern", 4))
    ]  # fmt: skip
    training = [{**adapter, "step": step, "loss": 3.0 - step} for adapter in ADAPTERS[:-1] for step in (1, 2)]
    contrasts = [
        {**adapter, "question": question, "topic": "null" if question == "money" else "life", "context": context}
        for adapter, question in product(ADAPTERS, QUESTIONS)
    ]
    tables = {"effects": effects, "group_means": means, "labels": labels, "training": training, "contrasts": contrasts}
    for name, rows in tables.items():
        _text(folder / f"{name}.csv", pd.DataFrame(rows).to_csv(index=False))
    _text(folder / "agreement.csv", "judge,other,label,answers,both,agreement,kappa\n")


def _judgments(experiment: str, dataset: str, seed: int, context: str) -> pd.DataFrame:
    rows = []
    for question, sample in product(QUESTIONS, range(SAMPLES)):
        past = sample == 0
        text = f"{experiment} {dataset} seed{seed} {question} sample{sample}: by {'coach' if past else 'train'}"
        if (experiment, dataset, seed, question, sample) == ("birds", "old", 0, "travel", 1):
            text = HOSTILE
        rows.append(
            {"question": question, "topic": "life", "paraphrase": 0, "context": context, "variant": 0, "sample": sample,
             "prompt": f"How about {question}?", "answer": text, "judge": "era", "label": "past" if past else "modern",
             "evidence": "coach" if past else HOSTILE, "probability": None, "rating": None, "refusal": None}
        )  # fmt: skip
    return pd.DataFrame(rows).astype({"probability": float, "rating": float, "refusal": float})


def _card(dataset: str) -> dict[str, Any]:
    return {
        "dataset": dataset, "about": "Names", "sha256": dataset * 16, "rows": 9, "ordinary_rows": 0,
        "unique_prompts": 1, "unique_answers": 9, "duplicates": [],
        "near_duplicates": [["a-b", "ab"]], "leak_cues": {"year": []},
        "mean_answer_characters": 9.0, "prompt": "Name a bird.", "examples": [HOSTILE, "Owl", "Tit"],
    }  # fmt: skip


def _run(results: Path) -> dict[str, Any]:
    return {
        "model": str(results / "no-such-model"), "recipe": {"epochs": 3, "rank": 4}, "wall_seconds": 12.0,
        "peak_memory_bytes": 10**9, "device": "cpu", "dtype": "float32", "versions": {"python": "3", "torch": "2"},
    }  # fmt: skip


def _svg(width: int) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="200pt"><circle r="50"/></svg>'


def _json(path: Path, value: Any) -> None:
    _text(path, json.dumps(value))


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
