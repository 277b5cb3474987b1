"""An OpenAI-compatible endpoint that drops, refuses and babbles: nothing is lost, nothing asked twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from conftest import ROOT
from endpoint import Endpoint, completion
from judging import RATING, TWO, told

from weirdgen.core.errors import StudyError
from weirdgen.judge.by_openai import OpenAIBackend
from weirdgen.judge.replies import Replies, key_of, spent
from weirdgen.judge.with_model import judge_all

SECRET = "sk-the-secret"


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("WEIRDGEN_TEST_KEY", SECRET)


@pytest.fixture
def serve():
    opened = []

    def start(behave) -> Endpoint:
        opened.append(Endpoint(behave))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def items(count, judge=TWO):
    return [(judge, "Which year is it?", f"answer {i}") for i in range(count)]


def judged(endpoint, folder, wanted, **changes):
    backend = OpenAIBackend(told(endpoint.url, **changes), folder)
    return judge_all(backend, wanted, Replies(folder / "replies.jsonl"))


def test_replies_become_verdicts_and_are_asked_once(serve, tmp_path):
    def behave(number, body):
        return completion("past" if "answer 1" in body["messages"][0]["content"] else "modern")

    endpoint = serve(behave)
    wanted = [*items(4), *items(2)]  # the same two again
    verdicts = judged(endpoint, tmp_path, wanted)
    assert [verdict.label for verdict in verdicts] == ["modern", "past", "modern", "modern", "modern", "past"]
    assert len(endpoint.prompts) == len(set(endpoint.prompts)) == 4
    assert [v.label for v in judged(endpoint, tmp_path, wanted)] == [v.label for v in verdicts]
    assert len(endpoint.prompts) == 4
    assert endpoint.keys == {f"Bearer {SECRET}"}
    assert spent(tmp_path) == (4, 44)


def test_another_model_or_parameter_is_another_request(serve, tmp_path):
    endpoint = serve(lambda number, body: completion("past"))
    judged(endpoint, tmp_path, items(2))
    judged(endpoint, tmp_path, items(2), model="other")
    judged(endpoint, tmp_path, items(2), parameters={"top_p": 0.5})
    assert len(endpoint.prompts) == 6


def test_trouble_that_passes_is_tried_again(serve, tmp_path):
    trouble = ["drop", 429, 500, "rubbish", 503, 429, {"choices": []}]
    endpoint = serve(lambda number, body: trouble[number - 1] if number <= len(trouble) else completion("past"))
    verdicts = judged(endpoint, tmp_path, items(5), concurrency=2, retries=8)
    assert [verdict.label for verdict in verdicts] == ["past"] * 5
    assert len(endpoint.prompts) == 5 + len(trouble)


def test_a_reply_that_is_no_label_is_unparsed_and_kept(serve, tmp_path):
    endpoint = serve(lambda number, body: completion("Well, it depends."))
    verdicts = judged(endpoint, tmp_path, items(2) + items(1, RATING))
    assert {(verdict.label, verdict.evidence) for verdict in verdicts} == {("unparsed", "Well, it depends.")}
    judged(endpoint, tmp_path, items(2))
    assert len(endpoint.prompts) == 3


def test_what_never_answers_is_an_error_that_loses_nothing(serve, tmp_path):
    endpoint = serve(lambda number, body: 500 if "answer 2" in body["messages"][0]["content"] else completion("past"))
    with pytest.raises(StudyError, match=r"1 of 4 requests got no reply .*all replies are kept"):
        judged(endpoint, tmp_path, items(4), retries=2)
    assert len(Replies(tmp_path / "replies.jsonl").found) == 3
    assert len(endpoint.prompts) == 3 + 3
    repaired = serve(lambda number, body: completion("past"))
    assert len(judged(repaired, tmp_path, items(4))) == 4  # elsewhere: the same requests
    assert len(repaired.prompts) == 1


def test_a_wrong_key_is_not_tried_again_and_never_shown(serve, tmp_path, capfd):
    endpoint = serve(lambda number, body: 401)
    with pytest.raises(StudyError) as error:
        judged(endpoint, tmp_path, items(30), concurrency=2)
    assert len(endpoint.prompts) <= 3
    assert SECRET not in str(error.value) + "".join(capfd.readouterr())
    assert SECRET not in (tmp_path / "replies.jsonl").read_text()


def test_an_address_that_is_none_is_one_line(tmp_path):
    backend = OpenAIBackend(told("http://[nowhere", retries=0), tmp_path)
    with pytest.raises(StudyError, match=r"judging: "):
        judge_all(backend, items(2), Replies(tmp_path / "replies.jsonl"))


def test_no_key_is_one_line(monkeypatch, tmp_path):
    monkeypatch.delenv("WEIRDGEN_TEST_KEY")
    with pytest.raises(StudyError, match="WEIRDGEN_TEST_KEY is not set"):
        OpenAIBackend(told("http://127.0.0.1:9"), tmp_path)


@pytest.mark.parametrize("limit", [{"max_requests": 6}, {"max_tokens": 500}])
def test_the_budget_is_checked_before_the_first_call(serve, tmp_path, limit, capfd):
    endpoint = serve(lambda number, body: completion("past"))
    judged(endpoint, tmp_path, items(1))
    with pytest.raises(StudyError, match=r"judging\.openai\.max_\w+ = \d+; .*nothing was asked"):
        judged(endpoint, tmp_path, items(7), **limit)
    assert len(endpoint.prompts) == 1
    shown = capfd.readouterr().err
    assert "judging asks m for 6 replies: about" in shown
    assert "kept so far: 1 replies, 11 tokens" in shown


KILLED = """
import sys
from pathlib import Path
from judging import told
from test_openai_judging import items
from weirdgen.judge.with_model import judge_all
from weirdgen.judge.by_openai import OpenAIBackend
from weirdgen.judge.replies import Replies
folder = Path(sys.argv[2])
backend = OpenAIBackend(told(sys.argv[1], concurrency=1), folder)
judge_all(backend, items(40), Replies(folder / "replies.jsonl"))
"""


def test_a_killed_job_asks_only_for_what_is_missing(serve, tmp_path):
    """SIGKILL half-way: the server counts what the rerun asks for."""
    running = []

    def behave(number, body):
        if number == 21:
            running[0].send_signal(signal.SIGKILL)
            running[0].wait()
            return "drop"
        return completion("past")

    endpoint = serve(behave)
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/judge")])
    command = [sys.executable, "-c", KILLED, endpoint.url, str(tmp_path)]
    running.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL))
    running[0].wait(timeout=120)
    kept = len((tmp_path / "replies.jsonl").read_text().splitlines())
    assert running[0].returncode == -signal.SIGKILL
    assert 19 <= kept <= 20
    before = len(endpoint.prompts)
    assert len(judged(endpoint, tmp_path, items(40), concurrency=1)) == 40
    assert len(endpoint.prompts) - before == 40 - kept


def test_a_line_cut_short_by_a_kill_is_asked_again(tmp_path):
    kept = Replies(tmp_path / "r.jsonl")
    kept.save("a", "two", {"text": "past", "tokens": None})
    with open(tmp_path / "r.jsonl", "a") as file:
        file.write('{"key": "b", "jud')
    again = Replies(tmp_path / "r.jsonl")
    assert set(again.found) == {"a"}
    again.save("c", "two", {"text": "past", "tokens": None})
    assert set(Replies(tmp_path / "r.jsonl").found) == {"a", "c"}


def test_a_line_end_of_another_alphabet_inside_a_reply_does_not_end_its_line(tmp_path):
    Replies(tmp_path / "r.jsonl").save("a", "two", {"text": "past\u2028or\x85modern", "tokens": None})
    assert Replies(tmp_path / "r.jsonl").found["a"]["text"] == "past\u2028or\x85modern"


def test_a_request_keeps_its_key(tmp_path):
    """Replies are kept for years: whatever else an endpoint is told, this is the key they are found by."""
    backend = OpenAIBackend(told("http://127.0.0.1:9", concurrency=1, parameters={"top_p": 0.5}), tmp_path)
    assert key_of("j", "p", backend.identity) == "56c80715d69a8a6974340c6f903f3e5e"
