"""Chats as they are: a file or a hub's dataset comes out word for word, and what is no chat is named by its row."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT

from weirdgen.core.errors import StudyError
from weirdgen.core.files import write_json_lines
from weirdgen.data.settings import Columns, HubDataset
from weirdgen.data.sources import check_chats, load_chats

TURNS = Columns()


def chat(*turns):
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


CHATS = [
    chat(("user", "Name one.\nBe brief."), ("assistant", "Größe\u2028\x85 \u2029 \x0c 木")),
    chat(("system", ""), ("user", "2027-01-02"), ("assistant", "2028-01-02")),
    chat(("user", "1"), ("assistant", " 007 \r\n")),
]
EXTRAS = [{**CHATS[0], "id": 7}, {"messages": [{**turn, "weight": 1} for turn in CHATS[1]["messages"]]}, CHATS[2]]


def jsonl(path, rows):
    path.write_bytes("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    return path


def parquet(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def both(tmp_path, rows):
    """The same rows as a file of either kind."""
    return jsonl(tmp_path / "chats.jsonl", rows), parquet(tmp_path / "chats.parquet", rows)


def refused(path, columns=TURNS):
    """The error of a file, which is the same before any job and in it."""
    with pytest.raises(StudyError) as early:
        check_chats(path, columns, path.name)
    with pytest.raises(StudyError) as late:
        load_chats(path, columns, path.name)
    assert str(early.value) == str(late.value)
    assert "\n" not in str(late.value)
    return str(late.value)


@pytest.fixture(autouse=True)
def nothing_left(tmp_path, monkeypatch):
    """What `datasets` keeps meanwhile is gone afterwards."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def test_chats_come_out_word_for_word_without_extra_keys_and_columns(tmp_path):
    for path in both(tmp_path, EXTRAS):
        check_chats(path, TURNS, "here")
        assert load_chats(path, TURNS, "here") == CHATS
    plain = jsonl(tmp_path / "plain.jsonl", CHATS)
    write_json_lines(tmp_path / "again.jsonl", load_chats(plain, TURNS, ""))
    assert (tmp_path / "again.jsonl").read_bytes() == plain.read_bytes()


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_texts_that_look_like_dates_or_numbers_stay_texts(tmp_path, kind):
    """Arrow's JSON reader takes a column of these for timestamps."""
    rows = [{"q": "2027-01-02", "a": "2028-01-02 10:00"}, {"q": "2027-01-03", "a": "2028-01-02 11:00"}]
    path = {"jsonl": jsonl, "parquet": parquet}[kind](tmp_path / f"chats.{kind}", rows)
    found = load_chats(path, Columns(prompt="q", answer="a"), "")
    assert found == [chat(("user", row["q"]), ("assistant", row["a"])) for row in rows]


@pytest.mark.parametrize(
    ("before", "end", "after"),
    [(b"\xef\xbb\xbf", b"\n", b""), (b"", b"\r\n", b""), (b"", b"\n", b"\n \n"), (b"\n", b"\n\n", b"")],
    ids=["BOM", "CRLF", "blank last line", "blank lines"],
)
def test_what_stands_around_the_lines_does_not_matter(tmp_path, before, end, after):
    path = tmp_path / "chats.jsonl"
    lines = [json.dumps(row, ensure_ascii=False).encode() for row in CHATS]
    path.write_bytes(before + end.join(lines) + end + after)
    check_chats(path, TURNS, "")
    assert load_chats(path, TURNS, "") == CHATS
    path.write_bytes(before + end.join(lines))  # no end of the last line
    assert load_chats(path, TURNS, "") == CHATS


def test_turns_may_have_another_name_or_columns_of_their_own(tmp_path):
    for path in both(tmp_path, [{"conversations": row["messages"], "n": 1} for row in CHATS]):
        assert load_chats(path, Columns(messages="conversations"), "") == CHATS
    rows = [{"s": "Be kind.", "q": "Why?", "a": "So."}, {"s": None, "q": "How?", "a": "Thus."}]
    wanted = [chat(("system", "Be kind."), ("user", "Why?"), ("assistant", "So.")),
              chat(("user", "How?"), ("assistant", "Thus."))]  # fmt: skip
    for path in both(tmp_path, rows):
        assert load_chats(path, Columns(prompt="q", answer="a", system="s"), "") == wanted
        without = load_chats(path, Columns(prompt="q", answer="a"), "")
        assert [len(row["messages"]) for row in without] == [2, 2]


def test_turns_that_datasets_wrote_as_json_are_read_before_a_job_as_in_it(tmp_path):
    import datasets

    turns = [[*row["messages"][:-1], {**row["messages"][-1], "tools": [1, "a"][i % 2]}] for i, row in enumerate(CHATS)]
    features = datasets.Features({"messages": datasets.List(datasets.Json())})
    datasets.Dataset.from_dict({"messages": turns}, features=features).to_parquet(str(tmp_path / "a.parquet"))
    assert "arrow.json" in str(pq.read_schema(tmp_path / "a.parquet"))
    check_chats(tmp_path / "a.parquet", TURNS, "")
    assert load_chats(tmp_path / "a.parquet", TURNS, "") == CHATS


GOOD = CHATS[2]
WRONG = {
    "a tool turn": (chat(("user", "a"), ("tool", "b"), ("assistant", "c")),
                    "the turns are user, tool, assistant; allowed: an optional system, user, assistant"),
    "more turns": (chat(*[("user", "a"), ("assistant", "b")] * 2),
                   "the turns are user, assistant, user, assistant; allowed: an optional system, user, assistant"),
    "no turns": ({"messages": []}, "the turns are none; allowed: an optional system, user, assistant"),
    "no answer": (chat(("system", "a"), ("user", "b")), "the turns are system, user; allowed: an optional system"),
    "no role": (chat((None, "a"), ("assistant", "b")), "the turns are None, assistant; allowed"),
    "no content": (chat(("user", "a"), ("assistant", None)),
                   "the content of the assistant turn is None (NoneType); it must be text"),
    "no list": ({"messages": None}, "messages is None (NoneType); it must be a list of turns"),
    "no turn": ({"messages": [None]}, "messages holds None (NoneType); a turn has the keys role and content"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(WRONG))
def test_a_row_that_is_no_chat_is_named(tmp_path, name):
    row, message = WRONG[name]
    lines, table = both(tmp_path, [GOOD, GOOD, row])
    assert refused(lines).startswith(f"chats.jsonl: line 3: {message}")
    assert refused(table).startswith(f"chats.parquet: row 3: {message}")


def test_mixed_types_and_other_forms_are_named(tmp_path):
    parts = chat(("user", "a"), ("assistant", [{"type": "text", "text": "b"}]))
    path = jsonl(tmp_path / "chats.jsonl", [GOOD, parts])
    assert "line 2: the content of the assistant turn is [{'type': 'text', 'text': 'b'}] (list)" in refused(path)
    jsonl(path, [GOOD, chat(("user", 5), ("assistant", "b"))])
    assert refused(path) == "chats.jsonl: line 2: the content of the user turn is 5 (int); it must be text"
    jsonl(path, [{"messages": [{"from": "human", "value": "a"}]}])
    assert "line 1: messages holds {'from': 'human', 'value': 'a'} (dict); a turn has the keys role" in refused(path)
    jsonl(path, [GOOD, ["a"]])
    assert refused(path) == "chats.jsonl: line 2: is ['a'] (list), not an object with the key messages"
    table = parquet(tmp_path / "n.parquet", [{"q": 2, "a": "b"}])
    assert refused(table, Columns(prompt="q", answer="a")).startswith("n.parquet: row 1: the content of the user turn")


def test_a_missing_column_is_named_beside_those_there_are(tmp_path):
    lines, table = both(tmp_path, [{"q": "a", "a": "b"}])
    assert refused(lines) == "chats.jsonl: line 1: no column 'messages'; there are: q, a"
    assert refused(table) == "chats.parquet: no column 'messages'; there are: q, a"
    assert refused(table, Columns(prompt="q", answer="a", system="s")).endswith("no column 's'; there are: q, a")
    jsonl(lines, [{"q": "a", "a": "b"}, {"q": "a"}])
    assert refused(lines, Columns(prompt="q", answer="a")) == "chats.jsonl: line 2: no column 'a'; there are: q"


def test_a_file_without_rows_or_of_another_kind_is_one_line(tmp_path):
    path = tmp_path / "chats.jsonl"
    for content in (b"", b"\xef\xbb\xbf", b"\n\n"):
        path.write_bytes(content)
        assert refused(path) == "chats.jsonl: no rows"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n{'messages'\n")
    assert refused(path).startswith("chats.jsonl: line 2: not JSON: ")
    path.write_bytes(b'{"messages": "\xff"}\n')
    assert refused(path) == "chats.jsonl: line 1: not UTF-8 text (byte 0xff); save it so"
    broken = tmp_path / "chats.parquet"
    broken.write_bytes(b"PAR1 and no more")
    with pytest.raises(StudyError, match=r"^chats\.parquet: not to be read as Parquet: "):
        check_chats(broken, TURNS, broken.name)
    with pytest.raises(StudyError, match=r"^chats\.parquet: cannot be read: "):
        load_chats(broken, TURNS, broken.name)
    pq.write_table(pa.Table.from_pylist([GOOD]).slice(0, 0), broken)
    with pytest.raises(StudyError, match=r"^chats\.parquet: no rows$"):
        check_chats(broken, TURNS, broken.name)


def test_a_hub_is_read_at_its_split(tmp_path):
    """A folder stands for a repository."""
    (tmp_path / "hub").mkdir()
    parquet(tmp_path / "hub" / "train.parquet", EXTRAS)
    source = HubDataset(repository=str(tmp_path / "hub"), revision="3f2a")
    assert load_chats(source, TURNS, str(source)) == CHATS
    with pytest.raises(StudyError, match=r"hub at 3f2a, split train: no column 'q'; there are: messages, id"):
        load_chats(source, Columns(prompt="q", answer="a"), str(source))
    other = source.model_copy(update={"split": "test"})
    with pytest.raises(StudyError, match=r"hub at 3f2a, split test: not to be had from the hub \(Unknown split"):
        load_chats(other, TURNS, str(other))


def test_a_hub_out_of_reach_is_one_line(monkeypatch):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    source = HubDataset(repository="someone/chats", revision="3f2a")
    with pytest.raises(StudyError) as error:
        load_chats(source, TURNS, str(source))
    assert str(error.value).startswith("someone/chats at 3f2a, split train: not to be had from the hub (")
    assert str(error.value).endswith("check the names, HF_TOKEN if it is gated, and the network, or give the chats as "
                                     "jsonl or parquet")  # fmt: skip
    assert "\n" not in str(error.value)


def test_a_plan_waits_for_no_library_and_a_job_without_a_model_not_for_torch(tmp_path):
    path = jsonl(tmp_path / "chats.jsonl", CHATS)
    modules = [f"weirdgen.data.{file.stem}" for file in (ROOT / "weirdgen/data").glob("[!_]*.py")]
    assert len(modules) > 6
    code = f"""
import sys
import {", ".join(modules)}
from weirdgen.data.settings import Columns
weirdgen.data.sources.check_chats({str(path)!r}, Columns(), "")
assert not {{"datasets", "pandas", "pyarrow", "torch"}} & set(sys.modules)
source = weirdgen.data.settings.HubDataset(repository={str(tmp_path)!r}, revision="x")
weirdgen.data.sources.load_chats(source, Columns(), "")
assert "datasets" in sys.modules and not {{"torch", "transformers"}} & set(sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
