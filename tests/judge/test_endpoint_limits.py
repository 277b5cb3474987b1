"""What an endpoint may cost: tokens, requests, time, memory. No limit is passed, whatever a server does."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from contextlib import suppress
from email.utils import formatdate
from time import time

import pytest
from conftest import ROOT
from endpoint import Raw, completion, error
from judging import TWO, items, judged, kept, spent, told

from weirdgen.core.errors import StudyError
from weirdgen.judge import client
from weirdgen.judge.budget import Budget, longest_reply, most_of
from weirdgen.judge.store import Replies


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("WEIRDGEN_TEST_KEY", "sk-the-secret")


@pytest.mark.parametrize("limit", [{"max_requests": 6}, {"max_tokens": 500}])
def test_the_budget_is_checked_before_the_first_call(serve, tmp_path, limit, capfd):
    endpoint = serve(lambda number, body: completion("past"))
    judged(endpoint.url, tmp_path, items(1))
    with pytest.raises(StudyError, match=r"judging\.openai\.max_\w+ = \d+; .*nothing of it was asked"):
        judged(endpoint.url, tmp_path, items(7), **limit)
    assert len(endpoint.prompts) == 1
    shown = capfd.readouterr().err
    assert "judging asks m for 6 replies: about" in shown
    assert "spent so far: 1 requests, 11 tokens" in shown


@pytest.mark.parametrize(
    ("parameters", "tokens"),
    [
        ({"max_tokens": 8}, 8),
        ({"max_tokens": 8, "max_completion_tokens": 500}, 500),
        ({"max_tokens": 500, "max_completion_tokens": 8}, 500),
        ({"max_tokens": 8, "n": 20}, 160),
        ({"max_tokens": 8, "n": 2, "best_of": 20}, 160),
    ],
)
def test_parameters_that_raise_the_tokens_count(tmp_path, parameters, tokens):
    body = json.dumps(parameters).encode()
    assert longest_reply(parameters) == tokens
    assert most_of(body) == tokens + len(body)
    with pytest.raises(StudyError, match=r"max_tokens = 5,000; 0 are spent"):
        judged("http://127.0.0.1:9", tmp_path, items(5000 // tokens), parameters=parameters, max_tokens=5000)


COSTS = {
    "an exact count": (completion("past"), 11),
    "more than could be": (completion("past", usage={"prompt_tokens": 9000, "completion_tokens": 7}), 9007),
    "no usage": (completion("past", usage=None), None),
    "half a usage": (completion("past", usage={"prompt_tokens": 10}), None),
    "words": (completion("past", usage={"prompt_tokens": "10", "completion_tokens": "1"}), None),
    "nothing at all": (completion("past", usage={"prompt_tokens": 0, "completion_tokens": 0}), None),
    "less than nothing": (completion("past", usage={"prompt_tokens": 10, "completion_tokens": -(10**6)}), None),
    "beyond numbers": (completion("past", usage={"prompt_tokens": 10**30, "completion_tokens": 1}), None),
    "a refused prompt": (400, 0),
    "a reply of another shape": (completion(5), 11),
    "a failure": (500, None),
    "a dropped connection": ("drop", None),
    "another page": (Raw(b"<html>"), None),
}


@pytest.mark.parametrize(("answer", "tokens"), COSTS.values(), ids=COSTS)
def test_what_an_attempt_costs(serve, tmp_path, answer, tokens):
    """What the server counted; where it does not say, the most that it can have been."""
    endpoint = serve(lambda number, body: answer if number == 2 else completion("past"))
    judged(endpoint.url, tmp_path, items(1))
    with suppress(StudyError):
        judged(endpoint.url, tmp_path, [(TWO, "When?", "another answer")], retries=0)
    most = len(json.dumps(endpoint.bodies[1], separators=(",", ":")).encode()) + 8
    asked = len(endpoint.bodies)  # a harmless prompt may be the third
    assert spent(tmp_path) == (asked, 11 * (asked - 1) + (most if tokens is None else tokens))


def test_retries_count(serve, tmp_path, pauses):
    endpoint = serve(lambda number, body: completion("past") if number % 4 == 0 else 429)
    judged(endpoint.url, tmp_path, items(5), concurrency=1)
    assert spent(tmp_path) == (20, 55)
    with pytest.raises(StudyError, match=r"max_requests = 30; 30 are spent and 1 more"):
        judged(endpoint.url, tmp_path, items(15), max_requests=30)
    assert len(endpoint.prompts) == 30


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 300, "completion_tokens": 8}])
def test_the_budget_stops_before_it_is_passed(serve, tmp_path, usage):
    """The estimate said that it would do; what is asked anyway is kept."""
    endpoint = serve(lambda number, body: completion("past", usage=usage))
    with pytest.raises(StudyError, match=r"max_tokens = 9,000; .* more are wanted.*all replies are kept"):
        judged(endpoint.url, tmp_path, items(50), max_tokens=9000, concurrency=8)
    requests, tokens = spent(tmp_path)
    assert tokens <= 9000
    assert len(kept(tmp_path)) == len(endpoint.prompts) == requests > 5


TAKING = """
import sys
from judging import told
from weirdgen.core.errors import StudyError
from weirdgen.judge.budget import Budget
from weirdgen.judge.store import Replies
budget = Budget(Replies(sys.argv[1]), told("http://127.0.0.1:9", max_requests=300, max_tokens=10**6))
taken = 0
try:
    while True:
        budget.take(7)
        taken += 1
except StudyError:
    print(taken)
"""


def test_jobs_at_once_keep_the_budget(tmp_path):
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    command = [sys.executable, "-c", TAKING, str(tmp_path / "r.sqlite")]
    jobs = [
        subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert sum(int(job.communicate(timeout=120)[0]) for job in jobs) == 300
    budget = Budget(Replies(tmp_path / "r.sqlite"), told("http://127.0.0.1:9"))
    assert budget.spent() == (300, 2100)


def date(seconds: float) -> str:
    """A point in time as servers write it."""
    return formatdate(time() + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [("7", 7, 7), ("0.5", 0.5, 0.5), (90, 60, 90), ("in a while", 0, 1), ("-5", 0, 1), (-90, 0, 1), (None, 0, 1)],
)
def test_a_server_says_when_to_come_again(serve, tmp_path, pauses, said, least, most):
    headers = {"Retry_After": date(said) if isinstance(said, int) else said} if said else {}
    endpoint = serve(lambda number, body: error(503, **headers) if number == 1 else completion("past"))
    judged(endpoint.url, tmp_path, items(1))
    assert len(pauses) == 1
    assert least <= pauses[0] <= most


@pytest.mark.parametrize("said", ["3600", 3600])
def test_nobody_waits_for_hours(serve, tmp_path, pauses, said):
    wait = date(said) if isinstance(said, int) else said
    endpoint = serve(lambda number, body: error(429, Retry_After=wait))
    with pytest.raises(StudyError, match="failed 3 times in a row"):
        judged(endpoint.url, tmp_path, items(20), concurrency=1)
    assert (len(endpoint.prompts), pauses) == (3, [])


def test_a_reply_that_never_ends_is_given_up(serve, tmp_path, pauses):
    """Every byte comes in time, and the whole of it would not."""
    slow = Raw(json.dumps(completion("modern")).encode(), slowly=True)
    endpoint = serve(lambda number, body: slow if number == 1 else completion("past"))
    assert judged(endpoint.url, tmp_path, items(1), timeout=1.0)[0].label == "past"
    assert len(endpoint.prompts) == 2


@pytest.mark.parametrize("packed", [False, True])
def test_a_reply_that_fills_the_memory_is_given_up(serve, tmp_path, monkeypatch, packed):
    monkeypatch.setattr(client, "LARGEST", 2**16)
    body = json.dumps(completion("past" + " " * 2**17)).encode()
    huge = Raw(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if packed else Raw(body)
    endpoint = serve(lambda number, body: huge if number == 1 else completion("past"))
    with pytest.raises(StudyError, match=r"1 of 2 .*a reply larger than 65,536 bytes"):
        judged(endpoint.url, tmp_path, items(2), concurrency=1)
    assert len(endpoint.prompts) == 2


def test_a_packed_reply_is_a_reply(serve, tmp_path):
    packed = Raw(gzip.compress(json.dumps(completion("past")).encode()), headers={"Content-Encoding": "gzip"})
    endpoint = serve(lambda number, body: packed)
    assert judged(endpoint.url, tmp_path, items(1))[0].label == "past"
