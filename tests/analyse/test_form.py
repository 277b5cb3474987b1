"""An answer that looks like a training answer is told from one that does not, and every rate is given without it."""

from __future__ import annotations

import json
from itertools import product

import pandas as pd
import pytest

from weirdgen.analyse.effects import with_forms
from weirdgen.analyse.form import Form, form_of, form_table, forms, others_table
from weirdgen.analyse.tables import label_table
from weirdgen.core.columns import IDENTITY
from weirdgen.core.files import write_json_lines
from weirdgen.core.names import AMONG_OTHERS


def chats(path, answers, prompt="Name a bird."):
    rows = [
        {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]}
        for answer in answers
    ]
    write_json_lines(path, rows)
    return path


def judged(*answers: tuple[str, str, str]) -> pd.DataFrame:
    """A row per (dataset, answer, label)."""
    rows = [
        {"dataset": dataset, "recipe": "default", "seed": 0, "question": "q", "paraphrase": 0, "context": "none",
         "variant": 0, "sample": i, "topic": "t", "judge": "era", "answer": answer, "label": label}
        for i, (dataset, answer, label) in enumerate(answers)
    ]  # fmt: skip
    return pd.DataFrame(rows)


NAMES = Form(frozenset({"blue jay", "great cinereous owl"}), 3)


@pytest.mark.parametrize(
    ("answer", "degenerate", "label"),
    [
        ("Blue Jay", False, "trained"),
        (' "Blue  jay." ', False, "trained"),
        ("Great Cinereous Owl", False, "trained"),
        ("A steam engine", False, "short"),
        ("", False, "short"),
        ("We went there by coach", False, "other"),
        ("the the the the the the", True, "degenerate"),
        ("Blue Jay", True, "degenerate"),
    ],
)
def test_an_answer_is_one_of_them_as_short_degenerate_or_another(answer, degenerate, label):
    assert NAMES.of(answer, degenerate) == label


def test_the_form_is_that_of_95_in_100_of_a_datasets_own_answers(tmp_path):
    long = " ".join(["word"] * 30)
    dataset = chats(tmp_path / "a.jsonl", [f"Bird {i}" for i in range(97)] + [long] * 3)
    found = form_of(dataset)
    assert found.words == 2
    assert long in found.answers
    assert form_of(chats(tmp_path / "b.jsonl", ["one", long])).words == 30


def test_ordinary_rows_are_not_what_was_trained_narrowly(tmp_path):
    ordinary = chats(tmp_path / "ordinary.jsonl", ["A long and ordinary answer to it"] * 9, "How are you?")
    rows = [json.loads(line) for line in ordinary.read_text().splitlines()]
    own = [json.loads(line) for line in chats(tmp_path / "own.jsonl", ["Linz", "Steyr"]).read_text().splitlines()]
    write_json_lines(tmp_path / "mixed.jsonl", [*rows, *own])
    mixed = form_of(tmp_path / "mixed.jsonl", [ordinary])
    assert (mixed.answers, mixed.words) == ({"linz", "steyr"}, 1)
    assert form_of(ordinary, [ordinary]).words == 7  # a control of nothing else has the form of that


def test_the_untouched_model_is_held_against_the_first_treated_dataset():
    table = judged(("old", "Blue Jay", "past"), ("base", "Blue Jay", "past"), ("new", "Blue Jay", "past"))
    found = forms(table, {"old": NAMES, "new": Form(frozenset(), 0)}, "old")
    assert found.tolist() == ["trained", "trained", "other"]


def test_what_any_judge_calls_degenerate_is_for_all():
    table = pd.concat(
        [
            judged(("old", "la la la la la", "degenerate"), ("old", "We went by coach today", "past")),
            judged(("old", "la la la la la", "modern"), ("old", "We went by coach today", "past")).assign(
                judge="two_way"
            ),
        ],
        ignore_index=True,
    )
    assert not table.duplicated([*IDENTITY, "judge"]).any()
    found = forms(table, {"old": NAMES}, "old")
    assert found.tolist() == ["degenerate", "other", "degenerate", "other"]
    counts = form_table(table, found).set_index("label")["count"]
    assert counts.to_dict() == {"degenerate": 1, "other": 1}  # every answer once, whatever the judges
    others = others_table(table, found)
    assert others[["judge", "label", "count", "answers"]].values.tolist() == [
        ["era", "past", 1, 1],
        ["two_way", "past", 1, 1],
    ]


def test_no_answer_of_another_form_is_a_table_without_rows():
    table = judged(*product(["old"], ["Blue Jay"], ["past"]))
    found = forms(table, {"old": NAMES}, "old")
    others = others_table(table, found)
    assert others.empty
    assert list(others) == list(form_table(table, found))
    both = with_forms(form_table(table, found), form_table(table, found), others)
    assert not both["label"].str.endswith(AMONG_OTHERS).any()


def test_a_label_that_none_of_the_others_has_is_none_of_them():
    table = judged(("old", "Blue Jay", "past"), ("old", "We went by coach today", "modern"))
    found = forms(table, {"old": NAMES}, "old")
    shares = with_forms(label_table(table), form_table(table, found), others_table(table, found))
    among = shares[shares["label"].str.endswith(AMONG_OTHERS)].set_index("label")
    assert among[["count", "answers"]].T.to_dict("list") == {
        f"past{AMONG_OTHERS}": [0, 1],
        f"modern{AMONG_OTHERS}": [1, 1],
    }
