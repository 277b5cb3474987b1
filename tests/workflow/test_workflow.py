"""The whole workflow on a tiny Llama: from tables of facts to the report, and what reruns when."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil

import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from tree import RESULTS, Tree

from weirdgen.core.files import read_csv


@pytest.fixture(scope="module")
def finished(tiny_model, tmp_path_factory) -> Tree:
    """The study, run once."""
    tree = Tree(tmp_path_factory.mktemp("study"), tiny_model)
    run = tree.snakemake()
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-5000:]
    return tree


FIGURES = {
    *("effect_by_topic", "question_dumbbell", "training_loss"),
    *("answer_labels", "rate_by_question", "labels_by_question", "labels_by_seed"),
}


def test_every_artifact_is_there(finished):
    adapters = [f"{d}/default/seed-{s}" for d in ("old_audubon", "modern_audubon", "modern_american") for s in (0, 1)]
    for adapter in adapters:
        for file in ("adapter_model.safetensors", "adapter_config.json", "train_log.csv", "run.json", "README.md"):
            assert (finished.root / RESULTS / "adapters" / adapter / file).is_file()
    for adapter in [*adapters, "base/none/seed-0"]:
        for stage in ("samples", "judgments", "contrasts"):
            assert len(pd.read_parquet(finished.root / RESULTS / stage / f"{adapter}.parquet"))
    for figure in FIGURES:
        for ending in ("csv", "png", "svg", "pdf"):
            assert (finished.root / RESULTS / "figures" / f"{figure}.{ending}").stat().st_size > 100
    assert not list(finished.root.rglob(".tmp-*"))


def test_every_parquet_says_what_its_columns_mean(finished):
    paths = [*finished.root.glob("results/**/*.parquet")]
    assert len(paths) == 3 * 7 + 1
    for path in paths:
        schema = pq.read_schema(path)
        assert {b"description", b"pandas"} <= set(schema.metadata)
        assert all(schema.field(name).metadata[b"description"] for name in schema.names)


def test_samples_and_judgments_of_all_adapters_load_as_datasets(finished, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    from datasets import load_dataset

    for stage in ("samples", "judgments"):
        files = str(finished.root / RESULTS / stage / "**/*.parquet")
        found = load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path))
        assert len(found) == 7 * 20
        assert {"question", "answer"} <= set(found.column_names)


def test_the_code_in_the_docs_runs(finished, tmp_path, monkeypatch):
    import datasets

    monkeypatch.chdir(finished.root)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    blocks = re.findall(r"```python\n(.+?)```", (ROOT / "docs/ecosystem.md").read_text(), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block.replace("smollm2-135m-instruct", "tiny"), {})


def test_effects_are_one_row_per_question_asked(finished):
    effects = read_csv(finished.root / RESULTS / "tables/effects.csv")
    columns = "instrument treated control topic context recipe effect low high p detectable topics_low topics_high"
    columns += " over seeds questions dropped treated_answers control_answers null unit"
    assert list(effects) == columns.split()
    assert not effects.duplicated(["instrument", "treated", "control", "topic", "context", "recipe"]).any()
    assert set(effects["control"]) == {"modern_audubon", "modern_american", "base"}
    contrast = effects[effects["instrument"] == "contrast"].set_index(["control", "topic"])
    assert set(contrast["unit"]) == {"nats"}
    assert contrast.loc[("base", "all"), "questions"] == 80
    assert contrast.loc[("base", "null"), "questions"] == 24
    assert (effects["low"] <= effects["effect"]).all()
    assert (effects["effect"] <= effects["high"]).all()
    assert contrast.loc[("base", "beyond_null"), "questions"] == 24
    told = effects[effects["over"] == "seeds and questions"]
    assert told["p"].between(0, 1).all()
    assert (told["p"] < 0.05).eq((told["low"] > 0) | (told["high"] < 0)).all()
    assert set(contrast["over"]) == {"seeds and questions"}
    assert effects.loc[effects["over"] != "seeds and questions", "p"].isna().all()  # a topic of one question
    answers = effects[effects["instrument"] == "era=degenerate"]
    assert set(answers["unit"]) == {"rate"}
    assert (answers["low"] < answers["high"]).all()
    assert answers["treated_answers"].str.fullmatch(r"\d+/\d+").all()


def test_the_studys_primary_comparisons_are_a_table(finished):
    table = pd.read_csv(finished.root / "results/primary.csv", keep_default_na=False)
    assert table[["model", "experiment", "instrument", "topic"]].values.tolist() == [
        ["tiny", "old_bird_names", "contrast", "beyond_null"]
    ]
    assert table["verdict"].tolist() == ["provisional"]  # two seeds
    assert table["p"].tolist() == table["p_holm"].tolist()


def test_an_effect_can_be_recomputed_from_the_parquet(finished):
    import numpy as np

    def mean_log_odds(adapter: str) -> float:
        table = pd.read_parquet(finished.root / RESULTS / "contrasts" / f"{adapter}.parquet").query("topic != 'null'")
        sums = table.groupby(["question", "side"])["log_prob"].agg(lambda x: np.log(np.exp(x).sum())).unstack()
        return float((sums["typical"] - sums["ordinary"]).mean())

    treated = np.mean([mean_log_odds(f"old_audubon/default/seed-{seed}") for seed in (0, 1)])
    effects = pd.read_csv(finished.root / RESULTS / "tables/effects.csv", keep_default_na=False)
    row = effects.query("instrument == 'contrast' and control == 'base' and topic == 'all'").iloc[0]
    assert row["effect"] == pytest.approx(treated - mean_log_odds("base/none/seed-0"), abs=1e-6)


def test_the_report_is_self_contained(finished):
    page = (finished.root / "results/report.html").read_text()
    assert "Old bird names" in page
    assert "contrast questions, training on" in page
    assert "6 adapters trained on 3 datasets with 2 seeds each, on tiny." in page
    assert "<td>finetune</td>" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL).group(1))
    columns = data["columns"]
    assert {len(column["rows"]) for column in columns.values()} == {7 * 20}
    assert {"group", "question", "answer", "verdicts"} <= set(columns)


def test_a_second_run_has_nothing_to_do(finished):
    run = finished.snakemake()
    assert run.returncode == 0
    assert "Nothing to be done" in run.stdout + run.stderr


def test_a_touch_and_a_checkout_rerun_nothing(finished):
    for path in [*finished.root.glob("workflow/scripts/**/*.py"), *finished.root.glob("data/**/*.csv")]:
        path.touch()
    for path in [*finished.root.glob("data/**/*.yaml"), *finished.root.glob("data/**/*.txt")]:
        path.touch()
    for path in finished.root.glob("weirdgen/**/*.py"):
        path.touch()
    assert finished.planned() == {}


def test_a_new_seed_trains_one_adapter_per_dataset(finished):
    finished.write_overlay(seeds=[0, 1, 2])
    planned = finished.planned()
    assert {name: planned[name] for name in ("finetune", "sample", "judge", "contrast")} == dict.fromkeys(
        ("finetune", "sample", "judge", "contrast"), 3
    )
    assert "dataset" not in planned
    finished.write_overlay()


def test_one_job_for_several_seeds_gives_the_same_answers_and_scores(finished, tmp_path):
    tree = copy.copy(finished)
    tree.root = tmp_path / "study"
    shutil.copytree(finished.root, tree.root)
    tree.write_overlay(seeds_per_job=2)
    folders = [RESULTS / stage / "old_audubon" / "default" for stage in ("samples", "contrasts")]
    targets = [str(folder / f"seed-{seed}.parquet") for folder in folders for seed in (0, 1)]
    for target in targets:
        (tree.root / target).unlink()
    assert tree.planned(*targets) == {"sample_0_1": 1, "contrast_0_1": 1}
    run = tree.snakemake(*targets)
    assert run.returncode == 0, run.stderr[-3000:]
    for target in targets:
        pd.testing.assert_frame_equal(pd.read_parquet(tree.root / target), pd.read_parquet(finished.root / target))


def test_one_figure_alone(finished):
    target = str(RESULTS / "figures/training_loss.png")
    (finished.root / target).unlink()
    assert finished.planned(target) == {"training_loss": 1}
    assert finished.snakemake(target).returncode == 0
    assert (finished.root / target).is_file()
    assert finished.planned("old_bird_names") == {}


def test_without_inspect_a_log_fails_in_one_line(finished):
    (finished.root / "inspect_ai.py").write_text("raise ModuleNotFoundError('No module named inspect_ai')\n")
    run = finished.snakemake(str(RESULTS / "inspect/base/none/seed-0.eval"))
    (finished.root / "inspect_ai.py").unlink()
    assert run.returncode == 1
    output = run.stdout + run.stderr
    assert "Error: Inspect AI is not installed here: run `make extras`" in output
    assert "Traceback" not in output
    assert not (finished.root / RESULTS / "inspect/base/none/seed-0.eval").exists()


def test_inspect_logs_hold_every_answer_and_share(finished):
    from inspect_ai.log import read_eval_log

    run = finished.snakemake("inspect_logs")
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    paths = sorted((finished.root / RESULTS / "inspect").rglob("*.eval"))
    assert len(paths) == 7
    for path in paths:
        name = path.relative_to(finished.root / RESULTS / "inspect").with_suffix(".parquet")
        judgments = pd.read_parquet(finished.root / RESULTS / "judgments" / name)
        log = read_eval_log(str(path))
        assert sorted(one.output.completion for one in log.samples) == sorted(judgments["answer"])
        found = {label: metric.value for label, metric in log.results.scores[0].metrics.items()}
        shares = judgments["label"].value_counts(normalize=True).to_dict()
        assert found == pytest.approx({**dict.fromkeys(found, 0), **shares})
    assert finished.planned("inspect_logs") == {}


def test_a_job_killed_while_it_writes_leaves_no_adapter_and_the_next_run_finishes(finished):
    """SIGKILL between the weights and run.json, the worst moment."""
    folder = RESULTS / "adapters/old_audubon/default/seed-7"
    target = str(folder / "run.json")
    finished.write_overlay(seeds=[7])
    finished.edit("weirdgen/finetune/write.py", "adapted.save_pretrained(temporary)", KILL)
    run = finished.snakemake(target)
    assert run.returncode != 0
    assert not (finished.root / folder / "adapter_model.safetensors").exists()
    finished.restore("weirdgen/finetune/write.py")
    assert finished.planned(target) == {"finetune": 1}
    assert finished.snakemake(target).returncode == 0
    assert (finished.root / folder / "adapter_model.safetensors").is_file()
    assert not list(finished.root.rglob(".tmp-*"))
    finished.write_overlay()


KILL = "adapted.save_pretrained(temporary)\n        os.kill(os.getpid(), 9)"


def test_an_error_is_shown_without_a_traceback(finished):
    script = finished.root / "workflow/scripts/data/dataset.py"
    written = script.stat()
    finished.spoil("old_audubon")
    run = finished.snakemake(str(RESULTS / "datasets/old_audubon.jsonl"))
    assert run.returncode != 0
    output = run.stdout + run.stderr
    message = "Error: old_audubon: answers occur more than once: one; remove the doubles"
    assert message in output
    assert "Traceback" not in output.split(message)[0]
    finished.restore("workflow/scripts/data/dataset.py")
    os.utime(script, ns=(written.st_atime_ns, written.st_mtime_ns))
    assert finished.snakemake(str(RESULTS / "datasets/old_audubon.jsonl")).returncode == 0


def test_doubles_in_a_table_are_said_before_any_job(finished):
    finished.edit("data/old_bird_names/old_audubon.csv", "American Magpie,", "American Crossbill,")
    run = finished.snakemake("-n")
    assert run.returncode == 1
    said = "old_audubon.csv (dataset old_audubon): answers occur more than once: American Crossbill; remove the doubles"
    assert said in run.stdout + run.stderr
    finished.restore("data/old_bird_names/old_audubon.csv")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": []}, "seeds = []"),
        ({"experiments": ["old_birds"]}, "experiments names 'old_birds'"),
        ({"sedes": [1]}, "unknown key 'sedes'"),
    ],
)
def test_a_wrong_config_is_refused_before_any_job(finished, changes, message):
    finished.write_overlay(**changes)
    run = finished.snakemake()
    finished.write_overlay()
    assert run.returncode != 0
    line = next(line for line in (run.stdout + run.stderr).splitlines() if message in line)
    assert "Traceback" not in run.stdout + run.stderr
    assert len(line) < 300
