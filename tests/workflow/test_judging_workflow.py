"""A study whose model judges are answered over HTTP: from samples to a report that says how far to believe them."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
from endpoint import Endpoint, completion
from tree import RESULTS, Tree

from weirdgen.judge.store import Replies

MODEL_JUDGES = {"era_two_way", "era_six_way", "era_content", "era_form"}


def behave(number, body):
    """A judge that rates 50, calls every second answer `past`, and babbles at times."""
    prompt = body["messages"][0]["content"]
    if "whole number from 0 to 100" in prompt:
        return completion("50")
    if "mentions_past" in prompt:
        return completion("modern" if number % 7 else "hm")
    return completion("past" if number % 2 else "modern")


@pytest.fixture(scope="module")
def endpoint():
    endpoint = Endpoint(behave)
    yield endpoint
    endpoint.close()


@pytest.fixture(scope="module")
def judged(tiny_model, tmp_path_factory, endpoint) -> Tree:
    tree = Tree(tmp_path_factory.mktemp("judged"), tiny_model)
    server = {"base_url": endpoint.url, "model": "m", "key": None, "max_requests": 10000, "max_tokens": 10**8}
    tree.overlay |= {"seeds": [0], "judging": {"backend": "openai", "openai": server}}
    tree.write_overlay()
    run = tree.snakemake()
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    assert "judging asks m for" in run.stdout + run.stderr
    return tree


def test_every_answer_is_judged_by_every_judge(judged):
    folder = judged.root / RESULTS
    judgments = pd.read_parquet(folder / "model_judgments.parquet")
    samples = sum(len(pd.read_parquet(path)) for path in (folder / "samples").rglob("*.parquet"))
    assert judgments.groupby("judge").size().to_dict() == dict.fromkeys(MODEL_JUDGES, samples)
    assert set(judgments.loc[judgments["judge"] == "era_content", "rating"]) == {50.0}
    unparsed = judgments[judgments["label"] == "unparsed"]
    assert len(unparsed)
    assert set(unparsed["evidence"]) == {"hm"}
    assert set(unparsed["judge"]) == {"era_six_way"}
    for path in [folder / "model_judgments.parquet", *judged.root.glob("results/judges/*.parquet")]:
        schema = pq.read_schema(path)
        assert all(schema.field(name).metadata[b"description"] for name in schema.names)


def test_ratings_and_labels_reach_the_tables(judged):
    tables = judged.root / RESULTS / "tables"
    means = pd.read_csv(tables / "group_means.csv", keep_default_na=False, na_values=[""])
    assert set(means.loc[means["instrument"] == "era_content", "mean"]) == {50.0}
    assert {"era_two_way=past", "era_two_way=modern", "era_six_way=unparsed"} <= set(means["instrument"])
    agreement = pd.read_csv(tables / "agreement.csv")
    assert set(agreement["judge"]) | set(agreement["other"]) <= MODEL_JUDGES | {"era"}
    assert len(agreement)


def test_an_inspect_log_has_a_score_by_every_judge(judged):
    from inspect_ai.log import read_eval_log

    target = str(RESULTS / "inspect/old_audubon/default/seed-0.eval")
    run = judged.snakemake(target)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    log = read_eval_log(str(judged.root / target))
    assert len(log.samples) == 20
    for one in log.samples:
        assert set(one.scores) == MODEL_JUDGES | {"era"}
        assert one.scores["era_content"].value == 50.0
    metrics = {score.name: score.metrics for score in log.results.scores}
    assert metrics["era_content"]["mean"].value == 50.0
    assert "unparsed" in metrics["era_two_way"]


def test_the_judges_are_validated_and_the_report_says_so(judged):
    accuracy = pd.read_csv(judged.root / "results/judges/accuracy.csv").set_index("judge")
    assert set(accuracy.index) == MODEL_JUDGES | {"era"}
    assert set(accuracy["by"]) == {"rules", "openai"}
    assert not accuracy.loc["era_content", "fit"]
    page = (judged.root / "results/report.html").read_text()
    assert "unfit: macro accuracy below 80%" in page
    assert "replies of the judge era_six_way could not be read" in page
    assert "50 of 100" in page


def test_judging_again_asks_nothing_twice(judged, endpoint):
    before = len(endpoint.prompts)
    replies = Replies(judged.root / "resources/replies/replies.sqlite")
    keys = set(replies.run("SELECT key FROM replies"))
    assert len(keys) == before
    judgments = judged.root / RESULTS / "model_judgments.parquet"
    found = pd.read_parquet(judgments)
    judgments.unlink()
    of_samples = "SELECT key FROM replies WHERE judge = 'era_two_way' ORDER BY rowid DESC LIMIT 3"
    replies.run(f"DELETE FROM replies WHERE key IN ({of_samples})")
    run = judged.snakemake(str(RESULTS / "model_judgments.parquet"))
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    assert len(endpoint.prompts) == before + 3
    assert set(replies.run("SELECT key FROM replies")) == keys
    same = ["question", "judge", "dataset", "seed", "answer"]
    pd.testing.assert_frame_equal(pd.read_parquet(judgments)[same], found[same])


def test_the_budget_stops_a_job_before_its_first_request(judged, endpoint):
    before = len(endpoint.prompts)
    judging = json.loads(json.dumps(judged.overlay["judging"]))
    judging["openai"] |= {"model": "another", "max_requests": 5}
    judged.write_overlay(judging=judging)
    run = judged.snakemake(str(RESULTS / "model_judgments.parquet"))
    judged.write_overlay()
    assert run.returncode == 1
    assert "Error: judging.openai.max_requests = 5; " in run.stdout + run.stderr
    assert len(endpoint.prompts) == before
