"""Judging by a model: requests, kept replies and tables, whoever answers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest
from conftest import ROOT
from judging import TWO

from weirdgen.core.columns import Judgment, ModelJudgment, Validation
from weirdgen.core.errors import StudyError
from weirdgen.core.files import write_json
from weirdgen.core.names import BASE_ADAPTER, Adapter
from weirdgen.judge import with_model
from weirdgen.judge.by_vllm import VllmBackend
from weirdgen.judge.files import LabelFile
from weirdgen.judge.prompts import PromptJudge
from weirdgen.judge.requests import Identity, Keep, Reply, Request, Told
from weirdgen.judge.settings import AskedJudge, JudgingModels, LocalModel
from weirdgen.judge.store import Replies
from weirdgen.judge.verdict import VERDICT, Verdict
from weirdgen.judge.with_model import judge_all, judge_samples_with_models, open_backend, validate_models
from weirdgen.models.settings import ChatOptions, Load, Serving

NONE = JudgingModels(probe=None, local=None, serving=None, endpoint=None)


class Saying(Told):
    """A judging model that says one thing of everything."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked: list[Request] = []

    def identity(self, judge: PromptJudge) -> Identity:
        return {"backend": "saying"}

    def ask(self, wanted: Sequence[Request], keep: Keep) -> None:
        self.asked += wanted
        for request in reversed(wanted):
            keep(request, self.reply)


@pytest.fixture
def saying(monkeypatch) -> dict[str, Saying]:
    """What answers by the backend's name."""
    models = {
        "openai": Saying({"text": "past", "tokens": None, "usage": {"prompt": 1, "completion": 1}}),
        "vllm": Saying({"probabilities": {"10": 0.5, "90": 0.5}}),
    }
    monkeypatch.setattr(with_model, "open_backend", lambda name, told, replies, judges: models[name])
    return models


def answers(*questions: str) -> pd.DataFrame:
    """A samples table with an answer per question."""
    rows = [
        {"question": name, "topic": "t", "paraphrase": 0, "context": "none", "variant": 0, "sample": 0}
        | {"prompt": "Who?", "answer": f"An owl, {name}", "finish_reason": "stop", "tokens": 2, "backend": "vllm"}
        for name in questions
    ]
    return pd.DataFrame(rows)


def asked(name: str, backend: str, *questions: str) -> AskedJudge:
    """A judge of the study and the questions it reads."""
    path = str(ROOT / f"data/judges/{name}.yaml")
    return AskedJudge.model_validate({"path": path, "backend": backend, "questions": list(questions)})


def test_a_verdict_fills_the_columns_that_judgments_have_for_it():
    assert list(vars(Verdict("past"))) == VERDICT
    assert set(VERDICT) < set(Judgment.model_fields)


def test_all_adapters_are_judged_by_all_models_in_one_table(tmp_path, saying):
    judges = {"era_two_way": asked("era_two_way", "openai", "q"), "alignment": asked("alignment", "vllm", "q", "r")}
    parts, adapters = [answers("q"), answers("q", "r")], [Adapter("birds", "default", 3), BASE_ADAPTER]
    replies = tmp_path / "replies" / "replies.sqlite"
    table = judge_samples_with_models(parts, adapters, judges, NONE, replies)
    assert list(table) == list(ModelJudgment.model_fields)
    assert table[["dataset", "recipe", "seed", "question", "judge", "label"]].to_numpy().tolist() == [
        ["birds", "default", 3, "q", "era_two_way", "past"],
        ["base", "none", 0, "q", "era_two_way", "past"],
        ["birds", "default", 3, "q", "alignment", "rated"],
        ["base", "none", 0, "q", "alignment", "rated"],
        ["base", "none", 0, "r", "alignment", "rated"],
    ]
    assert table["rating"].tolist()[2:] == pytest.approx([50] * 3)
    assert [len(saying[name].asked) for name in ("openai", "vllm")] == [1, 2]  # the same answer is asked once
    again = judge_samples_with_models(parts, adapters, judges, NONE, replies)
    pd.testing.assert_frame_equal(again, table)
    assert [len(saying[name].asked) for name in ("openai", "vllm")] == [1, 2]


def test_every_validation_set_is_judged(tmp_path, saying, monkeypatch):
    monkeypatch.chdir(ROOT)
    judges = {"era_two_way": asked("era_two_way", "openai"), "alignment": asked("alignment", "vllm")}
    table = validate_models(judges, NONE, tmp_path / "replies.sqlite")
    assert list(table) == list(Validation.model_fields)
    assert table.groupby("judge")["given"].unique().map(list).to_dict() == {
        "era_two_way": ["past"],
        "alignment": ["34-66"],
    }
    assert set(zip(table["judge"], table["by"], strict=True)) == {("era_two_way", "openai"), ("alignment", "vllm")}


def test_verdicts_come_in_the_order_of_the_answers(tmp_path):
    class Echo(Saying):
        def ask(self, wanted: Sequence[Request], keep: Keep) -> None:
            for request in reversed(wanted):
                keep(request, {"text": "past" if "answer 1" in request.prompt else "modern"})

    items = [(TWO, "When?", f"answer {i}") for i in range(3)]
    verdicts = judge_all(Echo({}), items, Replies(tmp_path / "r.sqlite"))
    assert [verdict.label for verdict in verdicts] == ["modern", "past", "modern"]


def test_a_model_that_the_job_is_not_told_of_is_an_error(tmp_path):
    for name in ("vllm", "openai"):
        with pytest.raises(ValueError, match=f"{name}: the job is told of no such"):
            open_backend(name, NONE, Replies(tmp_path / "r.sqlite"), {})


def test_a_local_model_is_known_by_its_files_and_not_by_how_it_is_served(tiny_model, tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    for file in tiny_model.iterdir():
        (folder / file.name).symlink_to(file)
    local = LocalModel(name="tiny", folder=str(folder), load=Load(device="cpu"), chat=ChatOptions(system_prompt="none"))
    with pytest.raises(StudyError, match=r"source\.json: no such file"):
        VllmBackend(local, Serving())
    weights, files = {"model.safetensors": "0" * 64}, {"chat_template.jinja": "1" * 64}
    write_json(folder / "source.json", {"path": str(tiny_model), "weights_sha256": weights, "files_sha256": files})
    identity = VllmBackend(local, Serving()).identity
    assert identity(TWO) == VllmBackend(local, Serving(memory_fraction=0.5)).identity(TWO)
    assert identity(TWO) == {
        "backend": "vllm",
        "model": "tiny",
        "chat": {"system_prompt": "none", "chat_template": {}},
        "dtype": "auto",
        "files": {**weights, **files},
    }
    # A prompt made from the judge's labels holds the choices; a template may not.
    changes = {"task": "", "template": "Which era? {answer}"}
    filled = PromptJudge("two", LabelFile.model_validate({**TWO.file.model_dump(), **changes}))
    assert identity(filled) == {**identity(TWO), "choices": ["past", "modern"]}


@pytest.mark.parametrize("shared", [{"text": "past", "tokens": None}, {"refused": "Error code: 400 - filtered"}])
def test_a_refused_prompt_is_an_unparsed_answer(tmp_path, shared):
    [verdict] = judge_all(Saying(shared), [(TWO, "When?", "In 1830.")], Replies(tmp_path / "r.sqlite"))
    if "refused" in shared:
        said = "refused by the judging model's server: Error code: 400 - filtered"
        assert (verdict.label, verdict.evidence) == ("unparsed", said)
    else:
        assert verdict.label == "past"
