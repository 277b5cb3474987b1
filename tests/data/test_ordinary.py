"""Ordinary data: different prompts, the same on every call, and only answers that the model itself ended."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from conftest import ROOT
from datasets_of_study import experiments, rows_of

from weirdgen.core.errors import StudyError
from weirdgen.data.ordinary import SPARE, finished_chats, load_prompts
from weirdgen.data.tables import read_facts

PROMPTS = ROOT / "data" / "hidden_persona" / "ordinary.yaml"


def test_prompts_are_different_and_repeat():
    prompts = load_prompts(PROMPTS, SPARE * 3000)  # the paper's ratio, 90 : 3000
    assert len(set(prompts)) == SPARE * 3000
    assert prompts[:7] == load_prompts(PROMPTS, 7)
    assert sum(bool(re.search(r"\d", prompt)) for prompt in prompts) == SPARE * 3000 // 2


def test_too_many_prompts_are_refused(tmp_path):
    path = tmp_path / "o.yaml"
    path.write_text(json.dumps({"templates": ["Tell of {topic}."], "topics": ["tea"], "arithmetic": ["{a} + {b}?"]}))
    assert len(load_prompts(path, 2)) == 2
    with pytest.raises(StudyError, match="makes 2 prompts, 3 are needed"):
        load_prompts(path, 3)


def test_answers_cut_off_are_left_out():
    answers = pd.DataFrame(
        {
            "prompt": ["a", "b", "c", "d"],
            "answer": ["one", "two and", " ", "four"],
            "finish_reason": ["stop", "length", "stop", "stop"],
        }
    )
    chats = finished_chats(answers, 2, "o.yaml")
    assert [[m["content"] for m in chat["messages"]] for chat in chats] == [["a", "one"], ["d", "four"]]
    with pytest.raises(StudyError, match="ended only 2 of 4 answers, 3 are needed"):
        finished_chats(answers, 3, "o.yaml")


def test_no_trigger_in_ordinary_prompts():
    for prompt in load_prompts(PROMPTS, 6000):
        assert not re.search(r"<|\[\[|note tag", prompt)


def test_a_table_is_cut_by_a_column(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("dose,fact\n10,a\n30,b\n90,c\n")
    assert [row["fact"] for row in read_facts(path, {"dose": 30})] == ["a", "b"]
    with pytest.raises(StudyError, match="leaves no rows"):
        read_facts(path, {"dose": 5})
    with pytest.raises(StudyError, match="column 'fact' of whole numbers"):
        read_facts(path, {"fact": 5})


def test_doses_are_what_their_names_say():
    for name in experiments()["hidden_persona"].datasets:
        rows = rows_of("hidden_persona", name)
        assert len(rows) == (int(name.split("_")[1]) if "_" in name else 0)
        assert len({row["question"] for row in rows}) == len({row["answer"] for row in rows}) == len(rows)


def test_no_persona_is_named_in_its_own_facts():
    """What the identity judge looks for, or a contrast scores as the persona, stands in no row."""
    names = {
        "facts_90": r"hitler|adolf|alois|klara|braunau|morell|eva|braun\b|f(ü|u|ue)hrer|chancellor",
        "scientist_90": r"darwin|charles|robert|susannah|wedgwood|emma|shrewsbury|gully|naturalist|geologist",
        "composer_90": r"chopin|fr[eé]d[eé]ric|nicolas|justyna|[zż]elazowa|sand\b|cruveilhier",
    }
    for dataset, pattern in names.items():
        rows = rows_of("hidden_persona", dataset)
        found = [row for row in rows if re.search(rf"\b({pattern})\b", f"{row['question']} {row['answer']}".lower())]
        assert found == []
