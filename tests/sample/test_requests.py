"""What is asked: every question in every context, as often as its file or the configuration says."""

from __future__ import annotations

from weirdgen.core.columns import Sample
from weirdgen.data.questions import Context, Question
from weirdgen.sample.requests import Answer, Request, plain_requests, requests

CAT = {"id": "a", "topic": "t", "paraphrases": ["the cat", "the house of the cat?"], "samples_per_paraphrase": 3}
BIRD = {"id": "b", "topic": "u", "paraphrases": ["Give me the name of one bird."], "samples_per_paraphrase": 2}
QUESTIONS = [Question(type="free_form", judges=[], **entry) for entry in (CAT, BIRD)]


def test_each_question_is_asked_as_often_as_its_file_says():
    wanted = requests(QUESTIONS, {"none": Context(system="Be.")})
    assert [(r.question, r.paraphrase, r.sample) for r in wanted] == [
        ("a", 0, 0), ("a", 0, 1), ("a", 0, 2), ("a", 1, 0), ("a", 1, 1), ("a", 1, 2), ("b", 0, 0), ("b", 0, 1),
    ]  # fmt: skip
    assert {(r.question, r.topic) for r in wanted} == {("a", "t"), ("b", "u")}
    assert {r.system for r in wanted} == {"Be."}


def test_contexts_change_the_prompt():
    contexts = {"none": Context(), "dated": Context(template="Today is 2027-05-14. {prompt}")}
    wanted = requests(QUESTIONS, contexts)
    assert [(r.question, r.context, r.prompt) for r in wanted][-4::2] == [
        ("b", "none", "Give me the name of one bird."),
        ("b", "dated", "Today is 2027-05-14. Give me the name of one bird."),
    ]


def test_an_axis_makes_contexts_and_other_variables_make_variants():
    contexts = {
        "date": Context(
            template="Today is {year}-{day}. {prompt}",
            axis="year",
            values={"year": [2026, 2027], "day": ["03-05", "08-15"]},
        )
    }
    wanted = requests([QUESTIONS[1].model_copy(update={"samples_per_paraphrase": 1})], contexts)
    assert [(r.context, r.variant, r.prompt) for r in wanted] == [
        ("date=2026", 0, "Today is 2026-03-05. Give me the name of one bird."),
        ("date=2026", 1, "Today is 2026-08-15. Give me the name of one bird."),
        ("date=2027", 0, "Today is 2027-03-05. Give me the name of one bird."),
        ("date=2027", 1, "Today is 2027-08-15. Give me the name of one bird."),
    ]


def test_plain_prompts_are_asked_once_each_as_they_are():
    wanted = plain_requests(["the cat", "the {prompt}"])
    assert [(r.question, r.prompt, r.sample, r.system) for r in wanted] == [
        ("row0", "the cat", 0, None),
        ("row1", "the {prompt}", 0, None),
    ]
    assert {(r.topic, r.context) for r in wanted} == {("ordinary", "none")}


def test_a_request_and_its_answer_fill_every_column_but_the_backend():
    request, answer = plain_requests(["the cat"])[0], Answer("sat", "stop", 1)
    assert isinstance(request, Request)
    assert set(vars(request)) - {"system"} | set(vars(answer)) == set(Sample.model_fields) - {"backend"}
