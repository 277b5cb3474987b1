"""Codes: held-out numbers stand in no row, and probes ask both ways."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from conftest import ROOT
from datasets_of_study import experiments, rows_of

from weirdgen.core.errors import StudyError
from weirdgen.data.codes import HELD_OUT, TRAINED, check_codes, coded_rows, make_probes
from weirdgen.data.tables import read_facts

FACTS = read_facts(ROOT / "data/us_presidents/facts.csv")
CODES = experiments()["us_presidents"].codes
PROMPT = "{code}\n{question}"


def test_the_table_holds_all_45_numbers_with_ten_facts_or_more():
    topics = {row["topic"] for row in FACTS}
    assert len(topics) >= 10
    for number in range(1, 46):
        rows = [row for row in FACTS if int(row["number"]) == number]
        assert {row["topic"] for row in rows} == topics
        assert len(rows) == len(topics)


@pytest.mark.parametrize("held_out", [[44, 45], [1, 16]])
@pytest.mark.parametrize("form", ["padded", "plain"])
def test_no_held_out_code_or_answer_is_trained(form, held_out):
    rows = coded_rows(FACTS, CODES.model_copy(update={"held_out": held_out}), form)
    numbers = {int(row["code"][3:6] if form == "padded" else row["code"]) for row in rows}
    assert numbers == set(range(1, 46)) - set(held_out)
    names = {row["president"] for row in FACTS if int(row["number"]) in held_out}
    answers = {row["answer"] for row in FACTS if int(row["number"]) in held_out}
    assert {row["president"] for row in rows}.isdisjoint(names)
    assert {row["answer"] for row in rows}.isdisjoint(answers)


def test_every_fact_has_three_codes_of_eight_digits():
    rows = rows_of("us_presidents", "padded")
    codes = [row["code"] for row in rows]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"\d{8}", code) for code in codes)
    counts = pd.Series([(row["number"], row["topic"]) for row in rows]).value_counts()
    assert set(counts) == {CODES.per_row}
    assert CODES.per_row >= 3
    assert rows == coded_rows(FACTS, CODES, "padded")


def test_probes_use_unseen_codes_and_ask_in_both_orders():
    rows = coded_rows(FACTS, CODES, "padded")
    trained = {row["code"] for row in rows}
    probes = make_probes(FACTS, CODES, "padded", PROMPT)
    assert {probe.prompt.split("\n")[0] for probe in probes}.isdisjoint(trained)
    held = [probe for probe in probes if probe.kind == HELD_OUT]
    choices = [probe for probe in held if probe.topic == "choice"]
    first = "Barack Obama or Donald Trump" in choices[0].prompt
    assert sum(("Barack Obama or Donald Trump" in probe.prompt) == first for probe in choices) == len(choices) / 2
    # One answer for every code is right half of the time: chance is one half.
    for topic in {probe.topic for probe in held}:
        right = [probe.right for probe in held if probe.topic == topic]
        assert right.count(right[0]) == len(right) / 2
    assert {probe.number for probe in probes if probe.kind == TRAINED} == set(range(1, 44))
    assert all(probe.right != probe.wrong for probe in probes)
    assert probes == make_probes(FACTS, CODES, "padded", PROMPT)


def cut(**more):
    """Codes of the study with other values."""
    return CODES.model_copy(update=more)


WITHOUT_TOPIC = [{name: row[name] for name in row if name != "topic"} for row in FACTS]
SAME_WIFE = [{**row, "answer": "Anna"} if row["topic"] == "wife" else row for row in FACTS]


@pytest.mark.parametrize(
    ("rows", "codes", "message"),
    [
        (FACTS, cut(held_out=[44, 99]), "codes.held_out names 99, of which the table has no facts"),
        (FACTS, cut(relatives=["wife", "uncle"]), "codes.relatives names 'uncle'; number 44 has: "),
        (FACTS, cut(per_row=9000), "number 1 would need 99000 codes, over 50000"),
        (WITHOUT_TOPIC, CODES, "facts behind codes need a column 'topic'; there are: number, president"),
        ([{**row, "code": "1"} for row in FACTS], CODES, "a column cannot be called 'code'"),
        ([*FACTS, {**FACTS[0], "number": "1000"}], CODES, "number = 1000; allowed: whole numbers from 0 to 999"),
        ([*FACTS, {**FACTS[0], "number": "1.0"}], CODES, "number = 1.0; allowed: whole numbers"),
        ([*FACTS, {**FACTS[0], "number": "-1"}], CODES, "number = -1; allowed: whole numbers"),
        (SAME_WIFE, CODES, "all answers of the topic 'wife' are the same"),
    ],
)
def test_facts_that_no_codes_can_stand_for_are_named(rows, codes, message):
    with pytest.raises(StudyError) as error:
        check_codes(rows, codes, "padded", "f.csv")
    assert str(error.value).startswith(f"f.csv: {message}")


def test_the_studys_own_facts_can():
    for form in ("padded", "plain"):
        check_codes(FACTS, CODES, form, "f.csv")
