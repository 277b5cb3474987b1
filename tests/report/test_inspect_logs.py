"""Answers and labels as Inspect logs: nothing is lost on the way, and Inspect's own readers open them."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from samples import sample

pytest.importorskip("inspect_ai")
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log, read_eval_log_sample, read_eval_log_sample_summaries

from weirdgen.core.names import Adapter
from weirdgen.data.questions import Context
from weirdgen.models.settings import ChatOptions
from weirdgen.report.inspect_logs import eval_log, write_log
from weirdgen.sample.settings import Sampling

BIN = Path(sys.executable).parent
ADAPTER = {"dataset": "birds", "recipe": "default", "seed": 3}
CONTEXTS = {
    "none": Context(),
    "dated": Context(
        template="In {year}, {day}: {prompt}",
        system="You live in {year}.",
        axis="year",
        values={"year": [1984, 2027], "day": ["1st", "2nd"]},
    ),
}
SAMPLING = Sampling(backend="transformers", batch_size="auto", temperature=1.0, max_tokens=8)
JUDGES = {"era": ["past", "modern", "other"], "content": None}

SAMPLES = pd.DataFrame(
    [
        sample(question="a", prompt="Who?", answer="An owl"),
        sample(question="a", prompt="Who?", answer="", sample=1, finish_reason="length", tokens=8),
        sample(question="b", prompt="In 1984: <b>What?</b>", answer="A jay </script>", context="dated=1984", variant=1),
    ]
)
NONE = {"evidence": "", "probability": math.nan, "rating": math.nan, "refusal": math.nan}


def verdicts(judge: str, found: list[dict]) -> pd.DataFrame:
    """A judge's judgments of SAMPLES."""
    key = SAMPLES[["question", "topic", "paraphrase", "context", "variant", "sample", "prompt", "answer"]]
    return pd.concat([key.assign(judge=judge), pd.DataFrame([{**NONE, **one} for one in found])], axis=1)


RULES = verdicts("era", [{"label": "past", "evidence": "owl; ague"}, {"label": "modern"}, {"label": "past"}])
MODELS = verdicts(
    "content",
    [
        {"label": "rated", "probability": 0.9, "rating": 25.5, "refusal": 0.1},
        {"label": "unparsed", "evidence": "hm"},
        {"label": "refusal", "probability": 0.75, "refusal": 0.75},
    ],
)
MODELS = pd.concat(
    [MODELS.assign(label="wrong adapter", **{**ADAPTER, "seed": 4}), MODELS.assign(**ADAPTER)], ignore_index=True
)


def make(judgments=(RULES, MODELS), chat=None, judges=JUDGES, headline=None) -> EvalLog:
    asked = (Adapter(**ADAPTER), CONTEXTS, chat or ChatOptions(), SAMPLING)
    return eval_log(SAMPLES, list(judgments), "tiny", "test", *asked, judges, headline or {})


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("logs") / "birds" / "default" / "seed-3.eval"
    write_log(path, make(headline={"era": "modern"}))
    assert [file.name for file in path.parent.iterdir()] == ["seed-3.eval"]
    return path


def test_every_answer_comes_back_with_its_conversation(path):
    log = read_eval_log(str(path))
    assert log.status == "success"
    found = {(one.id, one.epoch): one for one in log.samples}
    assert set(found) == {("a:0:none:0", 1), ("a:0:none:0", 2), ("b:0:dated=1984:1", 1)}
    for row in SAMPLES.itertuples():
        one = found[f"{row.question}:{row.paraphrase}:{row.context}:{row.variant}", row.sample + 1]
        assert one.output.completion == one.messages[-1].text == row.answer
        assert one.output.stop_reason == {"stop": "stop", "length": "max_tokens"}[row.finish_reason]
        assert one.messages[:-1] == one.input
        assert one.input[-1].role == "user"
        assert one.input[-1].text == row.prompt
        expected = {key: getattr(row, key) for key in ("question", "topic", "context", "paraphrase", "variant")}
        assert expected.items() | ADAPTER.items() <= one.metadata.items()
    systems = [[m.text for m in one.input if m.role == "system"] for one in found.values()]
    assert sorted(systems) == [[], [], ["You live in 1984."]]


def test_every_judge_scores_and_only_this_adapters_judgments_count(path):
    scores = [one.scores for one in read_eval_log(str(path)).samples]
    era = [(one["era"].value, one["era"].explanation) for one in scores]
    assert sorted(era, key=str) == sorted([("past", "owl; ague"), ("modern", None), ("past", None)], key=str)
    content = {one["content"].reason: one["content"] for one in scores}
    assert set(content) == {None, "unparsed", "refusal"}
    assert content[None].value == 25.5
    assert content[None].metadata == {"probability": 0.9, "refusal": 0.1}
    assert math.isnan(content["unparsed"].value)
    assert content["unparsed"].explanation == "hm"
    assert math.isnan(content["refusal"].value)
    assert content["refusal"].metadata == {"probability": 0.75, "refusal": 0.75}


def test_the_header_alone_has_shares_of_labels_and_the_mean_rating(path):
    log = read_eval_log(str(path), header_only=True)
    assert log.samples is None
    about = log.eval
    assert (about.task, about.model, about.task_args) == ("test", "tiny/birds/default/seed-3", ADAPTER)
    assert (about.dataset.samples, about.config.epochs) == (2, 2)
    assert (log.results.total_samples, log.results.completed_samples) == (3, 3)
    era, content = log.results.scores
    assert {name: metric.value for name, metric in era.metrics.items()} == pytest.approx(
        {"past": 2 / 3, "modern": 1 / 3, "other": 0}
    )
    assert {name: metric.value for name, metric in content.metrics.items()} == {"mean": 25.5}
    assert (log.results.headline.scorer, log.results.headline.metric) == ("era", "modern")


def test_a_mean_rating_is_the_mean_over_prompts_of_the_mean_over_epochs():
    rated = verdicts("content", [{"label": "rated", "rating": rating} for rating in (20.0, 40.0, 90.0)])
    log = make([rated], judges={"content": None})
    assert log.results.scores[0].metrics["mean"].value == 60


def test_one_sample_and_the_summaries_are_read_without_the_rest(path):
    one = read_eval_log_sample(str(path), id="b:0:dated=1984:1", epoch=1)
    assert one.output.completion == "A jay </script>"
    summaries = read_eval_log_sample_summaries(str(path))
    assert {summary.scores["era"].value for summary in summaries} == {"past", "modern"}


def test_the_same_files_give_the_same_log(path, tmp_path):
    write_log(tmp_path / "again.eval", make(headline={"era": "modern"}))
    log, again = (read_eval_log(str(file)).model_dump_json() for file in (path, tmp_path / "again.eval"))
    assert log == again


def test_a_replaced_system_prompt_is_shown_where_the_context_has_none():
    log = make(chat=ChatOptions(system_prompt={"replace": "Be brief."}))
    systems = [m.text for one in log.samples for m in one.input if m.role == "system"]
    assert systems == ["Be brief.", "Be brief.", "You live in 1984."]


def test_an_adapter_without_any_judgment_has_a_log(tmp_path):
    log = make([RULES.iloc[:0]], judges={})
    write_log(tmp_path / "a.eval", log)
    assert len(read_eval_log(str(tmp_path / "a.eval")).samples) == 3


def inspect(*arguments: str, cwd: Path) -> str:
    """What Inspect's own command line prints."""
    environment = {**os.environ, "HOME": str(cwd), "XDG_DATA_HOME": str(cwd), "NO_COLOR": "1"}
    run = subprocess.run([BIN / "inspect", *arguments], cwd=cwd, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_inspects_command_line_reads_and_bundles_the_log(path, tmp_path):
    folder = str(path.parents[2])
    [listed] = json.loads(inspect("log", "list", "--json", "--log-dir", folder, cwd=tmp_path))
    assert listed["name"].endswith("birds/default/seed-3.eval")
    dumped = json.loads(inspect("log", "dump", str(path), cwd=tmp_path))
    assert {one["output"]["completion"] for one in dumped["samples"]} == set(SAMPLES["answer"])
    inspect("view", "bundle", "--log-dir", folder, "--output-dir", "bundle", cwd=tmp_path)
    assert (tmp_path / "bundle/index.html").is_file()
    bundled = list_eval_logs(str(tmp_path / "bundle" / "logs"))
    assert [read_eval_log(log).eval.task for log in bundled] == ["test"]
