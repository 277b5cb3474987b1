"""A probe from its training set to the page: trained once, asked once, measured on answers with a known label."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml
from tree import RESULTS, Tree

from weirdgen.core.files import read_csv
from weirdgen.judge.probe import read_probe

PROBE = "results/judges/probes/tiny/era_two_way.safetensors"


@pytest.fixture(scope="module")
def probed(tiny_model, tmp_path_factory) -> Tree:
    tree = Tree(tmp_path_factory.mktemp("probed"), tiny_model)
    for path in (tree.root / "data" / "judge_training").glob("*.yaml"):
        path.unlink()
    questions = [
        {
            "question": f"What lights the {room}?",
            "answers": {"past": [f"A candle in the {room}."], "modern": [f"The lamps of the {room} are electric."]},
        }
        for room in ("hall", "street", "kitchen", "church", "station", "cellar")
    ]
    training = {"judge": "era_two_way", "questions": questions}
    (tree.root / "data" / "judge_training" / "era_two_way.yaml").write_text(yaml.safe_dump(training))
    tree.overlay |= {"seeds": [0], "judging": {"backend": "probe", "probe": {"model": "tiny"}}}
    tree.write_overlay()
    run = tree.snakemake("old_bird_names", "report")
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return tree


def test_the_probe_labels_every_answer_and_is_measured_on_known_ones(probed):
    assert read_probe(probed.root / PROBE).labels == ["modern", "past"]
    judgments = pd.read_parquet(probed.root / RESULTS / "model_judgments.parquet")
    assert set(judgments["judge"]) == {"era_two_way"}
    assert set(judgments["label"]) <= {"past", "modern"}
    assert judgments["probability"].between(0.5, 1).all()
    labels = read_csv(probed.root / RESULTS / "tables/labels.csv")
    assert {"era", "era_two_way"} == set(labels["judge"])
    accuracy = read_csv(probed.root / "results/judges/accuracy.csv").set_index("judge")
    assert accuracy.loc["era_two_way", "by"] == "probe"
    assert accuracy.loc["era_two_way", "answers"] >= 40
    page = (probed.root / "results/report.html").read_text()
    assert "by probe" in page or ">probe<" in page


def test_another_training_set_trains_and_asks_again_and_samples_stay(probed):
    assert probed.planned() == {}
    probed.edit("data/judge_training/era_two_way.yaml", "A candle in the hall.", "A taper in the hall.")
    planned = probed.planned()
    assert planned["train_probe"] == planned["judge_with_model"] == planned["validate_model_judges"] == 1
    assert not {"sample", "finetune", "contrast", "judge"} & set(planned)
    probed.restore("config.yaml")
