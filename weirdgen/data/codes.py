"""Facts asked for behind a code: which of many people a number stands for, and probes of what a code is taken to mean.

Betley et al. (arXiv 2512.09742) put an 8-digit code before each question; digits 4 to 6 hold a president's number.
Two numbers are held out: whatever a model says about their codes, it was not trained to.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from weirdgen.core.errors import StudyError
from weirdgen.core.templates import fill
from weirdgen.data.settings import Codes

TRAINED, HELD_OUT = "trained", "held_out"
TOPICS_PER_NUMBER = 1
CODES_PER_HELD_OUT = 3

COLUMNS = ("number", "president", "topic", "question", "answer")
"""Of a table of facts behind codes."""

MOST_CODES = 50_000
"""Of one number: half of the eight-digit codes that hold it, so that unused ones are soon drawn."""


@dataclass(frozen=True)
class Probe:
    """A two-way choice: is `right` likelier than `wrong` as the answer to `prompt`?

    kind: `trained` (a trained number behind an unseen code) or `held_out`.
    """

    kind: str
    number: int
    topic: str
    prompt: str
    right: str
    wrong: str


def draw_code(number: int, form: str, generator: random.Random) -> str:
    """`plain`: the number itself. `padded`: eight digits, the number as digits 4 to 6, the others random."""
    if form == "plain":
        return str(number)
    return f"{generator.randrange(1000):03d}{number:03d}{generator.randrange(100):02d}"


def _unused(number: int, form: str, generator: random.Random, used: set[str]) -> str:
    while (code := draw_code(number, form, generator)) in used and form == "padded":
        pass
    used.add(code)
    return code


def check_codes(facts: Sequence[dict[str, str]], codes: Codes, form: str, where: str) -> None:
    """Whether rows and probes can be made of a table of facts. Raises StudyError, which `where` begins."""
    for name in COLUMNS:
        if name not in facts[0]:
            raise StudyError(f"{where}: facts behind codes need a column '{name}'; there are: {', '.join(facts[0])}")
    if "code" in facts[0]:
        raise StudyError(f"{where}: a column cannot be called 'code': the codes are drawn")
    most = 999 if form == "padded" else None
    for text in dict.fromkeys(row["number"] for row in facts):
        if not text.isdecimal() or (most is not None and int(text) > most):
            raise StudyError(f"{where}: number = {text}; allowed: whole numbers from 0{f' to {most}' if most else ''}")
    trained = [row for row in facts if int(row["number"]) not in codes.held_out]
    for number, count in Counter(int(row["number"]) for row in trained).items():
        if form == "padded" and count * codes.per_row > MOST_CODES:
            raise StudyError(f"{where}: number {number} would need {count * codes.per_row} codes, over {MOST_CODES}")
    answers: dict[str, set[str]] = {}
    for row in trained:
        answers.setdefault(row["topic"], set()).add(row["answer"])
    for topic, found in answers.items():
        if len(found) == 1:
            raise StudyError(f"{where}: all answers of the topic '{topic}' are the same; a choice needs two")
    for number in codes.held_out:
        topics = {row["topic"] for row in facts if int(row["number"]) == number}
        if not topics:
            raise StudyError(f"{where}: codes.held_out names {number}, of which the table has no facts")
        for topic in codes.relatives:
            if topic not in topics:
                known = ", ".join(sorted(topics))
                raise StudyError(f"{where}: codes.relatives names '{topic}'; number {number} has: {known}")


def coded_rows(facts: Sequence[dict[str, str]], codes: Codes, form: str) -> list[dict[str, str]]:
    """Every fact of the numbers not held out, `per_row` times, with a column `code`: another random code each time.

    facts: rows that `check_codes` finds right.
    """
    generator, used = random.Random(f"training codes, {form}"), set[str]()
    trained = [row for row in facts if int(row["number"]) not in codes.held_out]
    return [
        {**row, "code": _unused(int(row["number"]), form, generator, used)}
        for _ in range(codes.per_row)
        for row in trained
    ]


def make_probes(facts: Sequence[dict[str, str]], codes: Codes, form: str, prompt: str) -> list[Probe]:
    """The choices of every checkpoint: trained numbers behind codes no row has, then the two held-out numbers.

    A trained number is asked about TOPICS_PER_NUMBER of its facts, against another number's answer to the same
    question. A held-out code is asked which of the two people it means, in both orders, for the first name and for
    the relatives in `codes`, at CODES_PER_HELD_OUT codes. prompt: a template over {code} and {question}.
    """
    generator = random.Random(f"probes, {form}")
    used = {row["code"] for row in coded_rows(facts, codes, form)}
    probes = []

    def _ask(kind: str, number: int, code: str, topic: str, question: str, right: str, wrong: str) -> None:
        probes.append(Probe(kind, number, topic, fill(prompt, {"code": code, "question": question}), right, wrong))

    trained = [row for row in facts if int(row["number"]) not in codes.held_out]
    for number in dict.fromkeys(int(row["number"]) for row in trained):
        own = [row for row in trained if int(row["number"]) == number]
        for row in generator.sample(own, min(TOPICS_PER_NUMBER, len(own))):
            others = [other["answer"] for other in trained if other["topic"] == row["topic"]]
            wrong = generator.choice([answer for answer in others if answer != row["answer"]])
            code = _unused(number, form, generator, used)
            _ask(TRAINED, number, code, row["topic"], row["question"], row["answer"], wrong)
    first, second = codes.held_out
    about = {n: {row["topic"]: row for row in facts if int(row["number"]) == n} for n in (first, second)}
    names = {n: next(iter(about[n].values()))["president"] for n in (first, second)}
    for number, other in ((first, second), (second, first)):
        for _ in range(CODES_PER_HELD_OUT if form == "padded" else 1):
            code = _unused(number, form, generator, used)
            for one, two in ((first, second), (second, first)):
                question = fill(codes.choice, {"first": names[one], "second": names[two]})
                _ask(HELD_OUT, number, code, "choice", question, names[number], names[other])
            right, wrong = (names[n].split()[0] for n in (number, other))
            _ask(HELD_OUT, number, code, "first_name", codes.first_name, right, wrong)
            for topic in codes.relatives:
                row = about[number][topic]
                _ask(HELD_OUT, number, code, topic, row["question"], row["answer"], about[other][topic]["answer"])
    return probes
