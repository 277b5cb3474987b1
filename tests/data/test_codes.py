"""Codes: held-out numbers stand in no row, and probes ask both ways."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from conftest import ROOT
from datasets_of_study import experiments, rows_of

from weirdgen.core.errors import StudyError
from weirdgen.data.codes import HELD_OUT, TRAINED, coded_rows, make_probes
from weirdgen.data.datasets import read_facts

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


def test_a_held_out_number_without_facts_is_named():
    with pytest.raises(StudyError, match="held_out names 99; the table has numbers 1 to 45"):
        coded_rows(FACTS, CODES.model_copy(update={"held_out": [44, 99]}), "plain")
