"""An OpenAI-compatible endpoint that drops, refuses and babbles: nothing is lost, nothing asked twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from conftest import ROOT
from endpoint import Raw, completion, error
from judging import RATING, TWO, items, judged, kept, spent, told

from weirdgen.core.errors import StudyError
from weirdgen.judge.by_openai import OpenAIBackend
from weirdgen.judge.files import LabelFile
from weirdgen.judge.prompts import PromptJudge
from weirdgen.judge.requests import key_of
from weirdgen.judge.store import Replies
from weirdgen.judge.with_model import open_replies

SECRET = "sk-the-secret"


@pytest.fixture(autouse=True)
def _key(monkeypatch, pauses):
    monkeypatch.setenv("WEIRDGEN_TEST_KEY", SECRET)


def only(number, otherwise):
    """Behave otherwise for one of the answers."""
    return lambda _, body: otherwise if f"answer {number}" in body["messages"][0]["content"] else completion("past")


def test_replies_become_verdicts_and_are_asked_once(serve, tmp_path):
    endpoint = serve(only(1, completion("modern")))
    wanted = [*items(4), *items(2)]  # the same two again
    verdicts = judged(endpoint.url, tmp_path, wanted)
    assert [verdict.label for verdict in verdicts] == ["past", "modern", "past", "past", "past", "modern"]
    assert len(endpoint.prompts) == len(set(endpoint.prompts)) == 4
    assert [v.label for v in judged(endpoint.url, tmp_path, wanted)] == [v.label for v in verdicts]
    assert len(endpoint.prompts) == 4
    assert endpoint.keys == {f"Bearer {SECRET}"}
    assert spent(tmp_path) == (4, 44)


def with_file(**changes) -> PromptJudge:
    """TWO with another value in its file."""
    return PromptJudge("two", LabelFile.model_validate({**TWO.file.model_dump(), **changes}))


@pytest.mark.parametrize(
    ("judge", "changes", "asked"),
    [
        (TWO, {"model": "other"}, 2),
        (TWO, {"parameters": {"top_p": 0.5}}, 2),
        (TWO, {"parameters": {"extra_body": {"top_k": 5}}}, 2),
        (TWO, {"reply_tokens": 9}, 2),
        (TWO, {"logprobs": False}, 2),
        (with_file(reply_tokens=400), {}, 2),
        (with_file(task="Young or old?"), {}, 2),
        (with_file(reply_tokens=8), {}, 0),  # what the endpoint is told anyway
        (with_file(reply="(.*)"), {}, 0),  # replies are read anew from what is kept
        (TWO, {"concurrency": 1, "retries": 1, "timeout": 9.0, "max_requests": 99, "max_tokens": 9999}, 0),
        (TWO, {"price_per_million": {"prompt": 9.0, "completion": 9.0}}, 0),
    ],
)
def test_what_decides_a_reply_and_nothing_else_makes_another_request(serve, tmp_path, judge, changes, asked):
    endpoint = serve(lambda number, body: completion("past"))
    judged(endpoint.url, tmp_path, items(2))
    judged(endpoint.url, tmp_path, items(2, judge), **changes)
    assert len(endpoint.prompts) == 2 + asked


def test_another_pattern_reads_the_kept_replies_anew(serve, tmp_path):
    endpoint = serve(lambda number, body: completion("not modern: past"))
    read = [with_file(reply=pattern) for pattern in ("not (\\w+)", ": (\\w+)")]
    assert [judged(endpoint.url, tmp_path, items(1, judge))[0].label for judge in read] == ["modern", "past"]
    assert len(endpoint.prompts) == 1


def test_a_request_keeps_its_key(tmp_path):
    """Replies are kept for years: whatever else an endpoint is told, this is the key they are found by."""
    endpoint = told("http://127.0.0.1:9", concurrency=1, parameters={"top_p": 0.5})
    backend = OpenAIBackend(endpoint, Replies(tmp_path / "r.sqlite"))
    assert key_of("j", "p", backend.identity(TWO)) == "56c80715d69a8a6974340c6f903f3e5e"


def test_a_request_holds_what_the_study_says(serve, tmp_path):
    """Parameters that openai-python does not know go the same way; a judge's own length comes first."""
    endpoint = serve(lambda number, body: completion("past"))
    parameters = {"top_p": 0.5, "top_k": 5, "max_tokens": 9, "extra_body": {"min_p": 0.1}}
    judged(endpoint.url, tmp_path, items(1, with_file(reply_tokens=400)), parameters=parameters)
    [body] = endpoint.bodies
    assert {name: body[name] for name in body if name not in ("messages", "model")} == {
        **{"temperature": 0.0, "max_tokens": 400, "logprobs": True, "top_logprobs": 20},
        **{"top_p": 0.5, "top_k": 5, "min_p": 0.1},
    }


@pytest.mark.parametrize("answer", ["\ud83d", "a \udc80 b", "\0", "tail\0\ud800"])
def test_an_answer_that_no_server_could_be_sent_is_sent_with_marks_in_its_place(serve, tmp_path, answer):
    endpoint = serve(lambda number, body: completion("past"))
    assert judged(endpoint.url, tmp_path, [(TWO, f"Who? {answer}", answer)])[0].label == "past"
    assert endpoint.prompts[0].count("\ufffd") == 2 * sum(letter in "\0\ud83d\udc80\ud800" for letter in answer)


PASSING = [
    "drop",
    408,
    409,
    429,
    500,
    503,
    529,
    {"choices": []},
    {"error": {"message": "overloaded", "code": 502}},
    [1],
    Raw(b""),
    Raw(b"", 204),
    Raw(b"<html>not json", headers={"Content-Type": "text/html"}),
    Raw(b'{"choices": [{"mess', headers={"Content-Length": "900", "Connection": "close"}),
]


@pytest.mark.parametrize("trouble", PASSING, ids=str)
def test_trouble_that_passes_is_tried_again(serve, tmp_path, trouble):
    endpoint = serve(lambda number, body: trouble if number in (1, 2, 4) else completion("past"))
    verdicts = judged(endpoint.url, tmp_path, items(3), concurrency=1)
    assert [verdict.label for verdict in verdicts] == ["past"] * 3
    assert len(endpoint.prompts) == 3 + 3


def test_a_reply_that_is_no_label_is_unparsed_and_kept(serve, tmp_path):
    endpoint = serve(lambda number, body: completion("Well, it depends."))
    verdicts = judged(endpoint.url, tmp_path, items(2) + items(1, RATING))
    assert {(verdict.label, verdict.evidence) for verdict in verdicts} == {("unparsed", "Well, it depends.")}
    judged(endpoint.url, tmp_path, items(2))
    assert len(endpoint.prompts) == 3


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("number", [0, 5])
def test_a_prompt_that_is_refused_is_an_unparsed_answer_and_the_rest_goes_on(serve, tmp_path, status, number):
    endpoint = serve(only(number, error(status, f"filtered, said {SECRET}", "content_filter")))
    verdicts = judged(endpoint.url, tmp_path, items(6), concurrency=2)
    assert [verdict.label for verdict in verdicts].count("past") == 5
    assert verdicts[number].label == "unparsed"
    assert f"{status}" in verdicts[number].evidence
    assert "filtered, said ***" in verdicts[number].evidence
    asked = len(endpoint.prompts)
    assert asked in (6, 7)  # a harmless prompt, if none had been taken before
    judged(endpoint.url, tmp_path, items(6))
    assert len(endpoint.prompts) == asked


def test_where_all_that_is_left_is_refused_a_harmless_prompt_tells(serve, tmp_path):
    endpoint = serve(lambda number, body: 400 if "answer" in body["messages"][0]["content"] else completion("yes"))
    verdicts = judged(endpoint.url, tmp_path, items(9), concurrency=4)
    assert {verdict.label for verdict in verdicts} == {"unparsed"}
    assert len(endpoint.prompts) == 9 + 1


@pytest.mark.parametrize("message", ["Unsupported parameter: 'max_tokens'", "API key not valid", "no model m"])
def test_parameters_that_are_refused_are_no_verdicts(serve, tmp_path, message):
    endpoint = serve(lambda number, body: error(400, message))
    with pytest.raises(StudyError, match=rf"every request of two is refused, .*{message}.*mend judging\.openai"):
        judged(endpoint.url, tmp_path, items(50), concurrency=2)
    assert len(endpoint.prompts) <= 4
    assert kept(tmp_path) == []


STOPS = [
    *(error(status, "not for you") for status in (401, 402, 403, 404, 405, 410)),
    error(429, "You exceeded your current quota", "insufficient_quota"),
    error(429, "Your account is not active", "billing_not_active"),
    error(400, "Billing hard limit has been reached", "billing_hard_limit_reached"),
]


@pytest.mark.parametrize("refusal", STOPS, ids=lambda one: f"{one.status} {one.body[23:43].decode()}")
def test_what_no_other_request_would_mend_stops_at_once(serve, tmp_path, refusal, capfd):
    endpoint = serve(lambda number, body: completion("past") if number == 1 else refusal)
    with pytest.raises(StudyError, match=r"judging: http.*all replies are kept") as raised:
        judged(endpoint.url, tmp_path, items(30), concurrency=2)
    assert json.loads(refusal.body)["error"]["message"] in str(raised.value)
    assert len(endpoint.prompts) <= 3
    assert len(kept(tmp_path)) == 1
    assert SECRET not in str(raised.value) + "".join(capfd.readouterr())
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("trouble", ["drop", 500, 429, Raw(b"<html>"), completion(["past"])], ids=str)
def test_a_few_failures_and_nothing_else_are_enough(serve, tmp_path, trouble):
    endpoint = serve(lambda number, body: trouble)
    with pytest.raises(StudyError, match="failed 3 times in a row"):
        judged(endpoint.url, tmp_path, items(40), concurrency=1, retries=1)
    assert len(endpoint.prompts) == 3 * (1 if isinstance(trouble, dict) else 2)


def test_an_endpoint_that_dies_half_way_is_asked_no_more(serve, tmp_path):
    endpoint = serve(lambda number, body: completion("past") if number <= 5 else 500)
    with pytest.raises(StudyError, match="failed 20 times in a row"):
        judged(endpoint.url, tmp_path, items(200), concurrency=1, retries=0)
    assert len(endpoint.prompts) == 5 + 20


def test_nobody_at_the_address_is_told_soon_and_costs_nothing(tmp_path):
    with pytest.raises(StudyError, match=r"127\.0\.0\.1:9/v1 failed 3 times in a row .*connect"):
        judged("http://127.0.0.1:9/v1", tmp_path, items(40), concurrency=1)
    assert spent(tmp_path) == (0, 0)


def test_what_never_answers_is_an_error_that_loses_nothing(serve, tmp_path):
    endpoint = serve(only(2, 500))
    with pytest.raises(StudyError, match=r"1 of 4 requests got no reply .*all replies are kept"):
        judged(endpoint.url, tmp_path, items(4), retries=2)
    assert len(kept(tmp_path)) == 3
    assert len(endpoint.prompts) == 3 + 3
    repaired = serve(lambda number, body: completion("past"))
    assert len(judged(repaired.url, tmp_path, items(4))) == 4  # elsewhere: the same requests
    assert len(repaired.prompts) == 1


@pytest.mark.parametrize(("value", "said"), [(None, "is not set"), (" ", "is not set"), ("sk-ö", "holds no key")])
def test_no_key_is_one_line(monkeypatch, tmp_path, value, said):
    monkeypatch.delenv("WEIRDGEN_TEST_KEY")
    if value is not None:
        monkeypatch.setenv("WEIRDGEN_TEST_KEY", value)
    with pytest.raises(StudyError, match=f"WEIRDGEN_TEST_KEY.* {said}") as raised:
        OpenAIBackend(told("http://127.0.0.1:9"), Replies(tmp_path / "r.sqlite"))
    assert "sk-" not in str(raised.value)


KILLED = """
import sys
from pathlib import Path
from judging import items, judged
judged(sys.argv[1], Path(sys.argv[2]), items(40), concurrency=1)
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
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    command = [sys.executable, "-c", KILLED, endpoint.url, str(tmp_path)]
    running.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL))
    running[0].wait(timeout=120)
    at_hand = len(kept(tmp_path))
    assert running[0].returncode == -signal.SIGKILL
    assert at_hand == 20
    before = len(endpoint.prompts)
    assert len(judged(endpoint.url, tmp_path, items(40), concurrency=1)) == 40
    assert len(endpoint.prompts) - before == 40 - at_hand
    assert spent(tmp_path)[0] == 41  # the killed attempt counts too


def test_replies_of_json_lines_are_not_asked_for_again(serve, tmp_path):
    endpoint = serve(lambda number, body: completion("past"))
    backend = OpenAIBackend(told(endpoint.url), Replies(tmp_path / "replies.sqlite"))
    rows = [
        {
            "key": key_of("two", TWO.prompt(question, answer), backend.identity(TWO)),
            "judge": "two",
            "reply": {"text": "modern", "tokens": None, "usage": {"prompt": 10, "completion": 1}},
        }
        for _, question, answer in items(3)
    ]
    (tmp_path / "m").mkdir()
    (tmp_path / "m/e.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [verdict.label for verdict in judged(endpoint.url, tmp_path, items(4))] == ["modern"] * 3 + ["past"]
    assert len(endpoint.prompts) == 1
    assert spent(tmp_path) == (4, 44)
    open_replies(tmp_path / "replies.sqlite")
    assert spent(tmp_path) == (4, 44)
