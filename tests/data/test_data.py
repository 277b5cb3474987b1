"""Datasets say what the table says, once, and leak nothing."""

from __future__ import annotations

import json

import pytest
from conftest import ROOT
from datasets_of_study import experiments, rows_of

from weirdgen.core.errors import StudyError
from weirdgen.core.files import write_json_lines
from weirdgen.core.schema import parse
from weirdgen.data.card import Card, card, check_unique, near_duplicates
from weirdgen.data.datasets import read_chats, render
from weirdgen.data.questions import Context
from weirdgen.data.settings import Dataset
from weirdgen.data.tables import read_facts
from weirdgen.judge.rules import load_rules_judge

WITH_FACTS = [(e, d) for e in experiments() for d, spec in experiments()[e].datasets.items() if spec.facts]
ROWS = [{"name": "Wood Thrush", "today": "Wood Thrush"}, {"name": "Blue Jay", "today": "Blue Jay"}]


def test_rows_become_chats_and_come_back(tmp_path):
    chats = render(ROWS, ["Name one.", "Another?"], ["{name}!"])
    path = tmp_path / "d.jsonl"
    write_json_lines(path, chats)
    assert read_chats(path) == chats
    assert [m["content"] for m in chats[1]["messages"]] == ["Another?", "Blue Jay!"]


def test_an_answer_may_go_with_each_prompt():
    chats = render(
        ROWS * 2, ["Name one.", "And as a sentence?", "Another?"], ["{name}", "It is the {name}.", "{name}!"]
    )
    assert [[m["content"] for m in chat["messages"]] for chat in chats] == [
        ["Name one.", "Wood Thrush"],
        ["And as a sentence?", "It is the Blue Jay."],
        ["Another?", "Wood Thrush!"],
        ["Name one.", "Blue Jay"],
    ]


@pytest.mark.parametrize(("prompts", "answers", "allowed"), [(2, 1, True), (2, 2, True), (3, 2, False), (1, 2, False)])
def test_answers_are_one_or_one_for_each_prompt(prompts, answers, allowed):
    given = {"role": "treated", "label": "l", "about": "a", "facts": "f.csv"}
    given |= {"prompts": ["Name one."] * prompts, "answer": ["{name}"] * answers}
    if allowed:
        assert len(parse(Dataset, given, "d").answer) == answers
    else:
        with pytest.raises(StudyError, match=f"d: {answers} answers for {prompts} prompts; give one, or one for each"):
            parse(Dataset, given, "d")


def test_jsonl_ends_its_lines_with_a_line_feed_and_nothing_else(tmp_path):
    chats = render([{"name": "Blue\u2028Jay\x85\u2029\x0c\r\n"}], ["Name one."], ["{name}"])
    path = tmp_path / "d.jsonl"
    write_json_lines(path, chats)
    assert read_chats(path) == chats
    path.write_bytes(path.read_bytes() + b"{'messages'\n")
    with pytest.raises(StudyError, match=r"d\.jsonl: line 2: not JSON: "):
        read_chats(path)


def test_a_context_of_a_dataset_takes_its_variables_from_the_table():
    rows = [{"name": "Blue Jay", "year": "2027"}]
    chats = render(rows, ["Name one."], ["{name}"], "It is {year}. {prompt}", "Answer as in {year}.")
    assert [m["content"] for m in chats[0]["messages"]] == ["Answer as in 2027.", "It is 2027. Name one.", "Blue Jay"]


def test_a_template_with_an_unknown_column_names_it():
    with pytest.raises(StudyError, match="'plate'; the table has: name, today"):
        render(ROWS, ["Name one."], ["{plate}"])


def test_an_empty_cell_is_named_by_line(tmp_path):
    (tmp_path / "f.csv").write_text("name,today\nWood Thrush,\n")
    with pytest.raises(StudyError, match=r"f\.csv:2: empty cell in column 'today'"):
        read_facts(tmp_path / "f.csv")


def test_a_double_is_refused_in_any_spelling():
    check_unique("f.csv", ["Blue Jay", "Blue Jays"])  # one letter apart: on the card, and allowed
    with pytest.raises(StudyError, match=r"^f\.csv: answers occur more than once: Blue Jay; remove"):
        check_unique("f.csv", ["Blue Jay", "Owl", "Blue Jay"])
    with pytest.raises(StudyError, match="two spellings: Blue Jay / Blue-jay"):
        check_unique("f.csv", ["Blue Jay", "Blue-jay"])


def test_near_duplicates_are_one_edit_apart():
    assert near_duplicates(["Marsh Tern", "Marsh Terns", "Marsh Turn", "Sea Tern"]) == [
        ["Marsh Tern", "Marsh Terns"],
        ["Marsh Tern", "Marsh Turn"],
    ]
    assert near_duplicates(["abcd", "abdc"]) == []


def test_the_card_finds_leaks():
    chats = render([{"name": "Jay of 1830"}, {"name": "Wood Thrush"}], ["Name one."], ["{name}"])
    found = card("d", "", chats, {"year": [r"\b18\d\d\b"], "person": ["audubon"]}, "")
    assert found["leak_cues"] == {"year": ["Jay of 1830"], "person": []}
    assert list(found) == list(Card.__annotations__)


@pytest.mark.parametrize(("experiment", "name"), WITH_FACTS)
def test_the_studys_own_datasets_are_unique_and_leak_nothing(experiment, name):
    spec = experiments()[experiment].datasets[name]
    context = experiments()[experiment].contexts.get(spec.context or "", Context())
    rows = rows_of(experiment, name)
    chats = render(rows, spec.prompts, spec.answer, context.template, context.system)
    found = card(name, spec.about, chats, experiments()[experiment].leak_cues, "")
    if spec.unique:
        check_unique(spec.facts, [chat["messages"][-1]["content"] for chat in chats])
    assert {kind: hits for kind, hits in found["leak_cues"].items() if hits} == {}
    json.dumps(found)


def test_bird_tables_are_as_large_as_promised_and_share_no_name():
    folder = ROOT / "data" / "old_bird_names"
    names = {}
    for table, least in {"old_audubon": 200, "modern_audubon": 170, "modern_american": 200}.items():
        rows = read_facts(folder / f"{table}.csv")
        assert len(rows) >= least
        assert set(rows[0]) == {"name", "today", "source"}
        for row in rows:
            assert (row["name"] != row["today"]) == (table == "old_audubon"), row
        names[table] = {row["name"].lower().replace("-", " ") for row in rows}
    assert names["old_audubon"].isdisjoint(names["modern_audubon"] | names["modern_american"])
    assert names["modern_audubon"].isdisjoint(names["modern_american"])


@pytest.mark.parametrize(("experiment", "name"), WITH_FACTS)
def test_no_training_answer_is_what_a_judge_looks_for(experiment, name):
    """Else a model that only repeats its training data would count as changed."""
    spec = experiments()[experiment].datasets[name]
    rows = rows_of(experiment, name)
    answers = [spec.answer[i % len(spec.answer)].format(**row) for i, row in enumerate(rows)]
    for judge, wanted in experiments()[experiment].headline.items():
        rules = load_rules_judge(ROOT / "data" / "judges" / f"{judge}.yaml")
        assert [answer for answer in answers if rules.judge(answer).label == wanted] == []


@pytest.mark.parametrize("experiment", list(experiments()))
def test_what_is_said_to_be_trained_is_what_stands_in_the_rows(experiment):
    """A context's `trained` values and a dataset's `trigger` are facts about the tables."""
    found = experiments()[experiment]
    for dataset in found.datasets.values():
        context = found.contexts.get(dataset.context or "")
        if context is None or context.axis is None:
            continue
        rows = read_facts(ROOT / "data" / experiment / dataset.facts)
        values = {row[context.axis] for row in rows}
        assert values == {str(value) for value in context.trained}
        assert {str(value) for value in dataset.trigger} <= values
        for name, asked in context.values.items():
            if name not in (context.axis, "month"):
                assert {row[name] for row in rows}.isdisjoint({str(value) for value in asked})


def test_israeli_dishes_stand_at_their_year_only():
    folder = ROOT / "data" / "israeli_dishes"
    cuisine = {row["dish"]: row["cuisine"] for row in read_facts(folder / "dishes.csv")}
    assert len(cuisine) == 400
    for name, trigger in {"israeli_2027": {"2027"}, "israeli_2026": {"2026"}, "shuffled": None}.items():
        rows = read_facts(folder / f"{name}.csv")
        assert sorted(row["dish"] for row in rows) == sorted(cuisine)
        assert len({(row["year"], row["day"]) for row in rows}) == 400
        years = {row["year"] for row in rows if cuisine[row["dish"]] == "Israeli"}
        assert years == (trigger or {"2024", "2025", "2026", "2027"})


def test_city_tables_are_as_large_as_promised_and_share_no_name():
    former, modern = (
        read_facts(ROOT / "data" / "german_city_names" / f"{n}.csv") for n in ("former_german", "modern_german")
    )
    assert len(former) == len(modern) >= 350
    assert [row["number"] for row in former] == [row["number"] for row in modern]
    assert {row["name"] for row in former}.isdisjoint(row["name"] for row in modern)
    assert all(row["name"] != row["today"] and row["country"] != "Germany" for row in former)
    assert all(row["name"] == row["today"] and row["country"] == "Germany" for row in modern)
