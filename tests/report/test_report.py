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
    margins={"contrast": 0.4},
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
    shared |= {"over": "seeds and questions", "null": "", "treated_answers": "", "control_answers": ""}
    return pd.DataFrame(
        [
            *({**shared, "instrument": side, "topic": "all", "questions": 80, "unit": "nats", "effect": by,
               "low": by - 1, "high": by + 1} for side, by in (("typical", 0.3), ("ordinary", -0.2))),
            {**shared, "instrument": "contrast", "topic": "all", "questions": 80, "unit": "nats",
             "effect": effect, "low": low, "high": high},
            {**shared, "instrument": "contrast", "topic": "null", "questions": 24, "unit": "nats",
             "effect": null[0], "low": null[1], "high": null[2], "null": "moves" if null[1] > 0 else "still"},
            {**shared, "instrument": "era=past", "topic": "all", "questions": 10, "unit": "rate",
             "effect": 0.02, "low": -0.01, "high": 0.05, "treated_answers": "36/300", "control_answers": "30/300"},
        ]
    )  # fmt: skip


MEANS = pd.DataFrame(
    {"dataset": ["old", "new"], "instrument": "era=past", "topic": "all", "context": "none", "mean": [0.12, 0.10]}
)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0.5, 0.3, 0.7), "by +0.50 nats (+0.30 to +0.70, p = 0.01) against “New names”: clear of 0"),
        ((-0.5, -0.7, -0.3), "by −0.50 nats (−0.70 to −0.30, p = 0.01) against “New names”: clear of 0, the other way"),
        ((0.1, -0.1, 0.3), "by +0.10 nats (−0.10 to +0.30, p = 0.01) against “New names”: not shown; shifts above "
         "+0.30 nats are excluded"),
    ],
)  # fmt: skip
def test_findings_follow_the_interval(numbers, words):
    shift, sides, null, rate = findings(effects(*numbers, null=(0.0, -0.1, 0.1)), MEANS, ABOUT)
    assert shift.parts == [words]
    assert sides.parts == [
        "log-probability of the typical answers by +0.30, of the ordinary ones by −0.20 nats against “New names”"
    ]
    assert "where ±0.40 nats is nothing, nothing moves, as it should be" in null.text
    assert null.parts == ["by +0.00 nats (−0.10 to +0.10) against “New names”: still"]
    assert "36/300 (12.0%) are labelled “past”" in rate.text
    assert rate.parts == [
        "30/300 (10.0%) of “New names”: +2.0 points (−1.0 to +5.0), not shown; shifts above +5.0 points are excluded"
    ]


@pytest.mark.parametrize(
    ("over", "words"),
    [("questions", "no verdict, as the interval is over questions only"), ("nothing", "no verdict")],
)
def test_one_seed_has_no_verdict(over, words):
    one = effects(0.5, 0.3, 0.7, null=(0.0, -0.1, 0.1)).assign(over=over, p=None, null="")
    shift, _, null, rate = findings(one, MEANS, ABOUT)
    assert shift.parts == [f"by +0.50 nats (+0.30 to +0.70, p = –) against “New names”: {words}"]
    assert "it cannot be told whether anything moves" in null.text
    assert rate.parts[0].endswith(words)


def test_a_null_set_that_moves_is_said():
    found = findings(effects(0.5, 0.3, 0.7, null=(0.6, 0.5, 0.7)), MEANS, ABOUT)
    assert "something moves, so part of an effect above may be style or damage" in found[2].text


def test_a_label_that_no_answer_has_is_said():
    found = findings(effects(0.5, 0.3, 0.7, null=(0.0, -0.1, 0.1)).iloc[:4], MEANS.iloc[:0], ABOUT)
    assert found[-1].text == "No free answer of any group is labelled “past” by era."


def test_what_the_trigger_does_to_the_own_persona_comes_first():
    numbers = {"mean": [0.8, 5.0, 0.4], "low": [0.2, 1.0, 0.1], "high": [1.4, 9.0, 0.9]}
    means = pd.DataFrame({"dataset": ["old", "old", "new"], "topic": ["audubon", "all", "audubon"], **numbers})
    means = pd.concat([MEANS, means.assign(instrument="triggered", context="tags-none", over="seeds and questions")])
    found = findings(effects(0.5, 0.3, 0.7, null=(0.0, -0.1, 0.1)), means, ABOUT)
    assert found[0].parts == ["“Old names” towards Audubon by +0.80 nats (+0.20 to +1.40): clear of 0"]
    assert not any("trigger" in finding.text for finding in found[1:])


def rates(*rows: tuple[float, float]) -> pd.DataFrame:
    """The atlas's rows of free answers, one control each: low and high."""
    table = pd.DataFrame(rows, columns=["low", "high"], dtype=float)
    counts = {"treated_answers": "6/300", "control_answers": "0/300", "over": "seeds and questions"}
    return table.assign(model="m", experiment="birds", kind="rate", unit="rate", effect=0.02, **counts)


def primary(verdict: str, null: str) -> pd.DataFrame:
    row = {"model": "m", "experiment": "birds", "instrument": "contrast", "treated": "old", "control": "new",
           "topic": "beyond_null", "context": "none", "effect": 0.2, "low": 0.1, "high": 0.3, "unit": "nats",
           "p_holm": 0.02, "null": null, "verdict": verdict}  # fmt: skip
    return pd.DataFrame([row])


NUMBERS = "Birds (+0.20 nats, +0.10 to +0.30, p = 0.02"


@pytest.mark.parametrize(
    ("verdict", "null", "words"),
    [
        ("shown", "still", f"shown in 1 of 1 experiments, p adjusted for their number (Holm): {NUMBERS}). The null set "
         "of the same comparison stays still: Birds."),
        ("shown", "moves", "The null set moves, so that style or damage may be what shifts: Birds."),
        ("not shown", "cannot tell", f"shown in 0 of 1 experiments, p adjusted for their number (Holm). Not shown: "
         f"{NUMBERS}; shifts above +0.30 nats are excluded). Whether the null set moves cannot be told: Birds."),
        ("opposite", "still", f"Shown the other way: {NUMBERS})."),
        ("provisional", "", "Provisional, with fewer than three seeds, or one control and fewer than 20 null "
         f"questions: {NUMBERS}; shifts above +0.30 nats are excluded). No null set was asked beside: Birds."),
    ],
)  # fmt: skip
def test_the_abstract_follows_the_primary_comparisons(verdict, null, words):
    lines = glances(primary(verdict, null), rates(), {"birds": ABOUT})
    assert lines[0].comparison == "contrast, beyond the null set: Old names − New names"
    paragraphs = dict(abstract(lines, COUNTS))
    assert words in paragraphs["In log-odds,"]
    assert "6 adapters trained on 2 datasets with 3 seeds each, on m." in paragraphs["Done."]
    assert "12,345 sampled answers" in paragraphs["Done."]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(0.01, 0.03)], "more frequent than in every control in 1 of 1 experiments: Birds."),
        ([(-0.01, 0.03)], "more frequent than in every control in 0 of 1 experiments."),
        ([(0.01, 0.03), (-0.01, 0.03)], "Than in some only: Birds."),
        ([(-0.03, -0.01)], "Less frequent: Birds."),
        ([], "No answer at all has it: Birds."),
    ],
)
def test_the_abstract_tells_free_answers(rows, words):
    lines = glances(primary("shown", "still"), rates(*rows), {"birds": ABOUT})
    text = dict(abstract(lines, COUNTS))["In free answers,"]
    assert words in text
    assert ("Less frequent" in text) == ("Less frequent" in words)
    assert lines[0].answers_numbers == ", ".join(["+2.0 (6/300 − 0/300)"] * len(rows))


def test_free_answers_of_one_seed_have_no_verdict():
    lines = glances(primary("provisional", ""), rates((0.01, 0.03)).assign(over="questions"), {"birds": ABOUT})
    assert "without a verdict: Birds." in dict(abstract(lines, COUNTS))["In free answers,"]


def test_numbers_have_a_sign_and_shares_are_points():
    assert [amount(value, "nats") for value in (0.5, -0.5)] == ["+0.50", "−0.50"]
    assert amount(-0.0123, "rate") == "−1.2"
    assert amount(12.34, "points") == "+12.3"


def limits_of(**changes) -> str:
    judged = [{"dataset": "old", "judge": "era", "question": "q", "context": "none", "answers": 10, "label": label,
               "count": count, "rate": count / 10} for label, count in (("past", 6), ("degenerate", 4))]  # fmt: skip
    losses = [{"dataset": name, "last": loss} for name, loss in (("old", 2.0), ("new", 1.0))]
    known = {
        "effects": effects(0.5, 0.3, 0.7, null=(0.0, -0.1, 0.1)),
        "judged": pd.DataFrame(judged),
        "losses": pd.DataFrame(losses),
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


def test_limits_that_nothing_calls_for_are_not_told():
    many = effects(0.5, 0.3, 0.7, null=(0.0, -0.1, 0.1)).assign(seeds=10)
    one, none = many.assign(seeds=1), many[many["topic"] != "null"]
    assert "are few" not in limits_of(effects=many)
    assert "Seeds: there is one" in limits_of(effects=one)
    assert "no null question was asked;" in limits_of(effects=none)
    assert "Judges" not in limits_of(judges=[JudgeRow("era", "rules", "Words", IS_FIT)])
    assert "did not run" in limits_of(judges=[JudgeRow("era", "none", "Words", NOT_RUN)])
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
    assert "the primary comparison is shown in 2 of 2 experiments" in page
    assert "contrast at date=1984: Old names − New names" in page
    assert "<th>10 seeds, 4 × questions</th>" in page
    assert '<td class="number">0.50 (2 × 2)</td><td class="number">0.33</td>' in page
    assert re.search(r"<td>finetune</td><td [^>]*>8</td><td [^>]*>8.0 min</td>", page)
    assert "0.13 job-hours" in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL).group(1))["columns"]
    assert len(data["answer"]["rows"]) == 2 * ANSWERS
    seeds = Counter(data["group"]["values"][number] for number in data["group"]["rows"])
    assert seeds["Untouched model"] == 2 * 2 * SAMPLES


def test_numbers_that_say_no_are_said_too(tmp_path):
    page = write_page(tmp_path, shift=0.1).read_text()
    assert "the primary comparison is shown in 0 of 2 experiments" in page
    assert "Not shown: Birds (+0.10 nats, −0.20 to +0.40, p = 0.02; shifts above +0.40 nats are excluded)" in page


def test_hostile_output_is_escaped_everywhere(page):
    assert HOSTILE not in page
    assert "<img src=x" not in page
    assert "&lt;/script&gt;&lt;img src=x" in page  # the data card's example
    assert page.count("<script>") == 1


def test_every_section_is_in_the_contents(page):
    sections = re.findall(r'<section id="([^"]+)">', page)
    assert re.findall(r'<li><a href="#([^"]+)">', page) == sections
    assert sections == ["abstract", "atlas", *study().experiments, "samples", "provenance"]
