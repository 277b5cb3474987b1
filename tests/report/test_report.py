"""The page says what the numbers say, whatever they are, and model output never becomes markup."""

from __future__ import annotations

import json
import re
from collections import Counter

import pandas as pd
import pytest
from small_study import ANSWERS, HOSTILE, SAMPLES, study, write_page

from weirdgen.report.abstract import Counts, abstract, glances
from weirdgen.report.browser import answers, fitting, packed
from weirdgen.report.findings import findings, limits
from weirdgen.report.page import embedded
from weirdgen.report.rows import IS_FIT, NOT_RUN, UNFIT, JudgeRow
from weirdgen.report.told import DatasetTold, ExperimentTold
from weirdgen.report.words import amount

ABOUT = ExperimentTold(
    title="Birds",
    question="Do names matter?",
    hidden="19th century",
    headline={"era": "past"},
    figures=[],
    contexts=["none"],
    context="none",
    answers_context="none",
    judges=["era"],
    datasets={
        name: DatasetTold(label=label, role=role, about="Names", prompts=["?"], persona=persona)
        for name, label, role, persona in (
            ("old", "Old names", "treated", "audubon"),
            ("new", "New names", "control", None),
        )
    },
    model_judged=False,
)
COUNTS = Counts(models=["m"], experiments=1, adapters=6, datasets=2, seeds=3, questions=104, nulls=24, answers=12345)


def effects(effect: float, low: float, high: float, null: tuple[float, float, float]) -> pd.DataFrame:
    shared = {"treated": "old", "control": "new", "p": 0.01, "seeds": 3, "context": "none"}
    return pd.DataFrame(
        [
            {**shared, "instrument": "contrast", "topic": "all", "questions": 80, "unit": "nats",
             "effect": effect, "low": low, "high": high},
            {**shared, "instrument": "contrast", "topic": "null", "questions": 24, "unit": "nats",
             "effect": null[0], "low": null[1], "high": null[2]},
            {**shared, "instrument": "era=past", "topic": "all", "questions": 10, "unit": "rate",
             "effect": 0.02, "low": -0.01, "high": 0.05},
        ]
    )  # fmt: skip


MEANS = pd.DataFrame(
    {"dataset": ["old", "new"], "instrument": "era=past", "topic": "all", "context": "none", "mean": [0.12, 0.10]}
)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0.5, 0.3, 0.7), "by +0.50 nats (+0.30 to +0.70, p = 0.01) against “New names”: a shift is shown"),
        ((-0.5, -0.7, -0.3), "by −0.50 nats (−0.70 to −0.30, p = 0.01) against “New names”: a shift the other way"),
        ((0.1, -0.1, 0.3), "by +0.10 nats (−0.10 to +0.30, p = 0.01) against “New names”: no shift is shown"),
    ],
)
def test_findings_follow_the_interval(numbers, words):
    shift, null, rate = findings(effects(*numbers, null=(0.0, -0.1, 0.1)), MEANS, ABOUT)
    assert shift.parts == [words]
    assert "every interval includes 0, as it should be" in null.text
    assert "12.0% are labelled “past”" in rate.text
    assert rate.parts == ["10.0% of “New names”: +2.0 points (−1.0 to +5.0), no shift is shown"]


def test_a_null_set_that_moves_is_said():
    found = findings(effects(0.5, 0.3, 0.7, null=(0.3, 0.2, 0.4)), MEANS, ABOUT)
    assert "not every interval includes 0, so part of an effect above may be style or damage" in found[1].text


def test_a_label_that_no_answer_has_is_said():
    found = findings(effects(0.5, 0.3, 0.7, null=(0.0, -0.1, 0.1)).iloc[:2], MEANS.iloc[:0], ABOUT)
    assert found[-1].text == "No free answer of any group is labelled “past” by era."


def test_what_the_trigger_does_to_the_own_persona_comes_first():
    numbers = {"mean": [0.8, 5.0, 0.4], "low": [0.2, 1.0, 0.1], "high": [1.4, 9.0, 0.9]}
    means = pd.DataFrame({"dataset": ["old", "old", "new"], "topic": ["audubon", "all", "audubon"], **numbers})
    means = pd.concat([MEANS, means.assign(instrument="triggered", context="tags-none")])
    found = findings(effects(0.5, 0.3, 0.7, null=(0.0, -0.1, 0.1)), means, ABOUT)
    assert found[0].parts == ["“Old names” towards Audubon by +0.80 nats (+0.20 to +1.40): a shift is shown"]
    assert not any("trigger" in finding.text for finding in found[1:])


def atlas(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """(kind, control, low, high) per row."""
    table = pd.DataFrame(rows, columns=["kind", "control", "low", "high"])
    unit = table["kind"].map(lambda kind: "rate" if kind == "rate" else "nats")
    return table.assign(model="m", experiment="birds", effect=(table["low"] + table["high"]) / 2, unit=unit)


STILL = ("null", "new", -0.1, 0.1)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("contrast", "new", 0.1, 0.3), STILL], "1 of 1 experiments shift against every control while the null set "
         "stays still: Birds (+0.20 nats)."),
        ([("contrast", "new", 0.1, 0.3), ("null", "new", 0.1, 0.2)], "0 of 1 experiments shift against every control "
         "while the null set stays still. Against every control, but the null set moves too"),
        ([("contrast", "new", 0.1, 0.3)], "Against every control, with no null set asked beside it: Birds"),
        ([("contrast", "new", 0.1, 0.3), ("contrast", "other", -0.1, 0.3), STILL],
         "Against some controls only: Birds (+0.20, +0.10 nats)."),
        ([("contrast", "new", -0.3, -0.1), STILL], "The other way: Birds (−0.20 nats)."),
        ([("contrast", "new", -0.3, 0.1), STILL], "No shift is shown: Birds (−0.10 nats)."),
        ([STILL], "Without a control to compare with: Birds."),
        ([("contrast", "new", 0.1, 0.3), STILL, ("excess", "new", 0.1, 0.2)], "in every control in 1 of 1: Birds."),
        ([("contrast", "new", 0.1, 0.3), STILL, ("excess", "new", -0.1, 0.2)], "in every control in 0 of 1."),
    ],
)  # fmt: skip
def test_the_abstract_follows_the_atlas(rows, words):
    lines = glances(atlas(*rows), [("m", "birds")], {"birds": ABOUT})
    paragraphs = dict(abstract(lines, COUNTS))
    assert words in paragraphs["In log-odds,"]
    assert "6 adapters trained on 2 datasets with 3 seeds each, on m." in paragraphs["Done."]
    assert "12,345 sampled answers" in paragraphs["Done."]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("rate", "new", 0.01, 0.03)], "more frequent than in every control in 1 of 1 experiments: Birds."),
        ([("rate", "new", -0.01, 0.03)], "more frequent than in every control in 0 of 1 experiments."),
        ([("rate", "new", 0.01, 0.03), ("rate", "other", -0.01, 0.03)], "Than in some only: Birds."),
        ([("rate", "new", -0.03, -0.01)], "Less frequent: Birds."),
        ([], "No answer at all has it: Birds."),
    ],
)
def test_the_abstract_tells_free_answers(rows, words):
    lines = glances(atlas(("contrast", "new", 0.1, 0.3), *rows), [("m", "birds")], {"birds": ABOUT})
    text = dict(abstract(lines, COUNTS))["In free answers,"]
    assert words in text
    assert ("Less frequent" in text) == ("Less frequent" in words)


def test_numbers_have_a_sign_and_shares_are_points():
    assert [amount(value, "nats") for value in (0.5, -0.5)] == ["+0.50", "−0.50"]
    assert amount(-0.0123, "rate") == "−1.2"
    assert amount(12.34, "points") == "+12.3"


def limits_of(**changes) -> str:
    judged = [{"dataset": "old", "judge": "era", "question": "q", "context": "none", "answers": 10, "label": label,
               "count": count, "rate": count / 10} for label, count in (("past", 6), ("degenerate", 4))]  # fmt: skip
    training = [
        {"dataset": name, "seed": 0, "step": step, "loss": loss}
        for name, losses in (("old", (5.0, 2.0)), ("new", (5.0, 1.0)))
        for step, loss in enumerate(losses, 1)
    ]
    known = {
        "effects": effects(0.5, 0.3, 0.7, null=(0.0, -0.1, 0.1)),
        "judged": pd.DataFrame(judged),
        "training": pd.DataFrame(training),
        "judges": [JudgeRow("era", "rules", "Words", UNFIT, macro="70.0%")],
        "words": 3.0,
        "weights": 135_000_000,
    }
    return "\n".join(limits(ABOUT, **{**known, **changes}))


def test_limits_are_those_the_numbers_call_for():
    text = limits_of()
    assert "3 per dataset are few" in text
    assert "null question" not in text
    assert "“Old names” ends training harder than every control (loss 2.00, controls 1.00 to 1.00)" in text
    assert "the median answer has 3 words and 40% are labelled degenerate or refusals" in text
    assert "135 million weights" in text
    assert "era (70.0%) found less than 80%" in text
    assert "without width" not in text


def test_limits_that_nothing_calls_for_are_not_told():
    many = effects(0.5, 0.3, 0.7, null=(0.0, -0.1, 0.1)).assign(seeds=10)
    one, none = many.assign(seeds=1), many[many["topic"] != "null"]
    assert "are few" not in limits_of(effects=many)
    assert "Seeds: there is one" in limits_of(effects=one)
    assert "no null question was asked;" in limits_of(effects=none)
    assert "Judges" not in limits_of(judges=[JudgeRow("era", "rules", "Words", IS_FIT)])
    assert "did not run" in limits_of(judges=[JudgeRow("era", "none", "Words", NOT_RUN)])
    assert "without width" in limits_of(effects=many.assign(low=0.0, high=0.0))
    assert "weights" not in limits_of(weights=0)


def test_embedded_samples_cannot_close_the_script():
    hostile = [{"answer": "</script><script>alert(1)</script><!-- & \u2028"}]
    text = embedded(hostile)
    assert "<" not in text
    assert json.loads(text) == hostile


def test_packed_columns_hold_every_string_once():
    columns = packed({"word": ["a", "b", "a"], "number": [3, 3, 4]})
    assert columns == {
        "word": {"values": ["a", "b"], "rows": [0, 1, 0]},
        "number": {"values": [3, 4], "rows": [0, 0, 1]},
    }


def judgments(samples: int) -> pd.DataFrame:
    rows = [
        {"dataset": "old", "recipe": "default", "seed": 0, "question": "q", "paraphrase": 0, "context": "none",
         "variant": 0, "sample": sample, "prompt": "?", "answer": f"answer {sample}", "judge": judge, "label": label,
         "evidence": "", "rating": rating}
        for sample in range(samples)
        for judge, label, rating in (("era", "past", None), ("form", "rated", 70.4), ("form2", "refusal", None))
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"rating": float})


def test_an_answer_stands_once_with_all_its_verdicts():
    table = answers(judgments(2), "m", "birds", ABOUT.labels)
    assert table["answer"].tolist() == ["answer 0", "answer 1"]
    assert set(table["group"]) == {"Old names"}
    assert table["verdicts"][0] == (("era", "past", ""), ("form", "67-100", "70 of 100"), ("form2", "refusal", ""))


def test_no_judgments_are_no_answers():
    table = answers(judgments(1).iloc[:0], "m", "birds", ABOUT.labels)
    assert len(table) == 0
    assert {"group", "answer", "verdicts"} <= set(table)


def test_a_page_holds_the_first_samples_of_every_prompt_where_all_are_too_many():
    table = answers(judgments(10), "m", "birds", ABOUT.labels)
    assert fitting(table, 10) == (table, 0)
    fewer, samples = fitting(table, 4)
    assert (fewer["sample"].tolist(), samples) == ([0, 1, 2, 3], 4)


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    return write_page(tmp_path_factory.mktemp("report")).read_text()


def test_the_page_is_filled_from_its_files(page):
    assert "8 adapters trained on 4 datasets with 2 seeds each, on m." in page
    assert f"{2 * ANSWERS} sampled answers were judged" in page
    assert "2 of 2 experiments shift against every control while the null set stays still" in page
    assert re.search(r"<td>finetune</td><td [^>]*>8</td><td [^>]*>8.0 min</td>", page)
    assert "0.13 job-hours" in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL).group(1))["columns"]
    assert len(data["answer"]["rows"]) == 2 * ANSWERS
    seeds = Counter(data["group"]["values"][number] for number in data["group"]["rows"])
    assert seeds["Untouched model"] == 2 * 2 * SAMPLES


def test_numbers_that_say_no_are_said_too(tmp_path):
    page = write_page(tmp_path, shift=0.1).read_text()
    assert "0 of 2 experiments shift against every control" in page
    assert "No shift is shown: Birds (+0.10 nats); Dates (+0.10 nats)." in page


def test_hostile_output_is_escaped_everywhere(page):
    assert HOSTILE not in page
    assert "<img src=x" not in page
    assert "&lt;/script&gt;&lt;img src=x" in page  # the data card's example
    assert page.count("<script>") == 1


def test_every_section_is_in_the_contents(page):
    sections = re.findall(r'<section id="([^"]+)">', page)
    assert re.findall(r'<li><a href="#([^"]+)">', page) == sections
    assert sections == ["abstract", "atlas", *study().experiments, "samples", "provenance"]
