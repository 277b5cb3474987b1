"""The store of replies: whole through kills, full disks and several writers; JSON lines are taken over."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest
from conftest import ROOT
from judging import kept, spent

from weirdgen.core.errors import StudyError
from weirdgen.judge.requests import Reply
from weirdgen.judge.store import Replies
from weirdgen.judge.take_over import take_over
from weirdgen.judge.with_model import open_replies

PAST: Reply = {"text": "past", "tokens": None, "usage": {"prompt": 10, "completion": 1}}

REPLIES: dict[str, Reply] = {
    "an endpoint's": {**PAST, "tokens": [{"token": "past", "logprob": -0.1, "top": {"past": -0.1, "no": -3.0}}]},
    "a local model's": {"probabilities": {"past": 0.25, "modern": 0.75}},
    "a refused one": {"refused": "Error code: 400 - filtered"},
    "every kind of line end": {**PAST, "text": "a\nb\r\nc\u2028d\u2029e\x85f\x0bg\x0ch\x1ci"},
    "letters beyond": {**PAST, "text": "Łódź 𝔴𝔢𝔦𝔯𝔡 \x00 \ufffd \u202e"},
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_a_reply_comes_back_as_it_was(tmp_path, reply):
    """From the store, and from a file of JSON lines however that escapes letters."""
    assert Replies(tmp_path / "r.sqlite").save("a", "two", reply)
    again = Replies(tmp_path / "r.sqlite")
    assert again["a"] == reply
    assert "a" in again
    assert "b" not in again
    with pytest.raises(KeyError):
        again["b"]
    for escaped in (True, False):
        line = json.dumps({"key": f"old {escaped}", "judge": "two", "reply": reply}, ensure_ascii=escaped)
        (tmp_path / "old.jsonl").write_bytes(line.encode() + b"\n")
        assert open_replies(tmp_path / "r.sqlite")[f"old {escaped}"] == reply


def test_the_first_reply_to_a_request_stays(tmp_path):
    replies = Replies(tmp_path / "r.sqlite")
    assert replies.save("a", "two", PAST)
    assert not replies.save("a", "two", {"text": "modern"})
    assert replies["a"] == PAST


def test_files_of_json_lines_are_taken_over_once(tmp_path):
    def row(key, reply):
        return json.dumps({"key": key, "judge": "two", "reply": reply})

    (tmp_path / "m").mkdir()
    torn = ['{"key": "torn", "jud', "", "5", "[]", '{"key": "b"}', "\udce9"]
    other = [{"text": ["past"], "tokens": None}, {"text": "a", "tokens": [{"token": "a", "logprob": None, "top": {}}]}]
    lines = [row("a", PAST), *torn, *(row(f"other {i}", reply) for i, reply in enumerate(other)), row("c", PAST)]
    (tmp_path / "m/e.jsonl").write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    (tmp_path / "v.jsonl").write_text(row("a", PAST) + "\n" + row("d", {"probabilities": {"x": 1.0}}) + "\n")
    (tmp_path / "empty.jsonl").touch()
    for _ in range(2):
        replies = open_replies(tmp_path / "r.sqlite")
        assert [key for key in ("a", "b", "c", "d", "torn", "other 0", "other 1") if key in replies] == ["a", "c", "d"]
        assert spent_of(replies) == (2, 22)
        assert sorted(path.name for path in tmp_path.rglob("*.jsonl*")) == [
            f"{name}.jsonl.taken-over" for name in ("e", "empty", "v")
        ]


def spent_of(replies: Replies) -> tuple[int, int]:
    return replies.run("SELECT requests, tokens FROM spent").fetchone()


def test_a_kill_while_files_are_taken_over_counts_nothing_twice(tmp_path):
    """Between the commit and the new name of the file."""
    line = json.dumps({"key": "a", "judge": "two", "reply": PAST})
    for _ in range(2):
        (tmp_path / "old.jsonl").write_text(line)
        assert spent_of(open_replies(tmp_path / "r.sqlite")) == (1, 11)


WRITING = """
import sys
from weirdgen.judge.store import Replies
from weirdgen.judge.take_over import take_over
replies = Replies(sys.argv[1])
take_over(replies)
for i in range(500):
    replies.save(f"{sys.argv[2]} {i}", "two", {"text": sys.argv[2] * 500})
    replies.save(f"shared {i}", "two", {"text": sys.argv[2]})
"""


def start(code: str, *arguments: str, **options) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=environment, stderr=subprocess.PIPE, text=True, **options
    )


def test_several_jobs_write_at_once(tmp_path):
    """From the moment on in which there is no store yet, only an old file that each would take over."""
    (tmp_path / "old.jsonl").write_text(json.dumps({"key": "old", "judge": "two", "reply": PAST}))
    jobs = [start(WRITING, str(tmp_path / "replies.sqlite"), name) for name in "abc"]
    for job in jobs:
        assert job.communicate(timeout=120) == (None, "")
    replies = Replies(tmp_path / "replies.sqlite")
    assert len(kept(tmp_path)) == 3 * 500 + 500 + 1
    assert all(replies[f"{name} {i}"] == {"text": name * 500} for name in "abc" for i in range(500))
    assert spent(tmp_path) == (1, 11)


FILLING = """
import sys
from weirdgen.core.errors import StudyError
from weirdgen.judge.store import Replies
replies = Replies(sys.argv[1])
try:
    for i in range(10000):
        replies.save(str(i), "two", {"text": "past" * 1000})
except StudyError as error:
    print(i, error, sep="\\n", end="")
"""


def test_a_disk_without_room_loses_nothing(tmp_path):
    """A limit on the size of files stands for the disk."""

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    job = start("import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)" + FILLING,
                str(tmp_path / "replies.sqlite"), stdout=subprocess.PIPE, preexec_fn=no_room)  # fmt: skip
    said, trouble = job.communicate(timeout=120)
    assert trouble == ""
    saved, line = said.split("\n")
    assert "replies.sqlite: " in line
    assert 20 < int(saved) < 1000
    assert len(kept(tmp_path)) == int(saved)
    assert Replies(tmp_path / "replies.sqlite").save("more", "two", PAST)


def test_an_io_error_on_a_disk_without_room_says_that_there_is_none(tmp_path, monkeypatch):
    path = tmp_path / "r.sqlite"
    replies = Replies(path)
    replies.file.execute("PRAGMA max_page_count = 1")
    usage = type("Usage", (), {"free": 4096})
    monkeypatch.setattr("weirdgen.judge.store.shutil.disk_usage", lambda folder: usage)
    with pytest.raises(StudyError, match=r"r\.sqlite: no space left on the disk: .*run again"):
        replies.save("key", "era", {"text": "x" * 100_000})


def test_a_full_store_while_files_are_taken_over_leaves_them(tmp_path):
    lines = (json.dumps({"key": str(i), "judge": "two", "reply": {**PAST, "text": "a" * 5000}}) for i in range(100))
    (tmp_path / "old.jsonl").write_text("\n".join(lines))
    replies = Replies(tmp_path / "r.sqlite")
    replies.run("PRAGMA max_page_count = 20")
    with pytest.raises(StudyError, match=r"r\.sqlite: database or disk is full; .*run again"):
        take_over(replies)
    assert (tmp_path / "old.jsonl").exists()
    assert spent_of(replies) == (0, 0)
    replies.run("PRAGMA max_page_count = 100000")
    take_over(replies)
    assert spent_of(replies) == (100, 1100)


@pytest.mark.parametrize("cut", [1, 100, 3000, 5000])
def test_a_torn_write_loses_only_what_was_torn(tmp_path, cut):
    """What a power cut leaves: a log whose end is missing."""
    replies = Replies(tmp_path / "replies.sqlite")
    for i in range(50):
        replies.save(str(i), "two", PAST)
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "replies.sqlite").write_bytes((tmp_path / "replies.sqlite").read_bytes())
    log = (tmp_path / "replies.sqlite-wal").read_bytes()
    (copy / "replies.sqlite-wal").write_bytes(log[:-cut])
    again = Replies(copy / "replies.sqlite")
    at_hand = [i for i in range(50) if str(i) in again]
    assert at_hand == list(range(len(at_hand)))
    assert 45 <= len(at_hand) < 50
    assert again.save("49", "two", PAST)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b'{"key": "a"}\n' * 100])
def test_another_file_in_its_place_is_one_line(tmp_path, content):
    (tmp_path / "r.sqlite").write_bytes(content)
    with pytest.raises(StudyError, match=r"r\.sqlite: file is not a database"):
        Replies(tmp_path / "r.sqlite")


MANY = 10**5

COUNTING = """
import resource, sys
from weirdgen.judge.store import Replies
from weirdgen.judge.take_over import take_over
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
replies = Replies(sys.argv[1])
take_over(replies)
assert all(f"{i:032x}" in replies for i in range(0, int(sys.argv[2]), 97))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, end="")
"""


def test_many_replies_are_not_read_into_memory(tmp_path):
    """100,000 replies of 1 kB, out of a file of JSON lines: 100 MB."""
    text = "a" * 1000
    with open(tmp_path / "old.jsonl", "w") as file:
        for i in range(MANY):
            file.write(f'{{"key": "{i:032x}", "judge": "two", "reply": {{"text": "{text}", "tokens": null}}}}\n')
    job = start(COUNTING, str(tmp_path / "replies.sqlite"), str(MANY), stdout=subprocess.PIPE)
    used, trouble = job.communicate(timeout=300)
    assert trouble == ""
    assert int(used) < 30  # MB
