"""A card that shows what is in a dataset: counts, doubles, and words that would give the hidden variable away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypedDict

from weirdgen.core.errors import StudyError
from weirdgen.core.patterns import hit
from weirdgen.core.text import brief
from weirdgen.data.datasets import Conversation
from weirdgen.data.spelling import same_word


class Card(TypedDict):
    """`datasets/<dataset>.card.json`."""

    dataset: str
    about: str
    sha256: str
    rows: int
    ordinary_rows: int
    unique_prompts: int
    unique_answers: int
    duplicates: list[str]
    near_duplicates: list[list[str]]
    leak_cues: dict[str, list[str]]
    mean_answer_characters: float
    prompt: str
    examples: list[str]


def card(
    name: str,
    about: str,
    chats: Sequence[Conversation],
    leak_cues: dict[str, list[str]],
    digest: str,
    facts: int | None = None,
) -> Card:
    """What is in a dataset: counts, exact and near duplicates of answers, and cues that would leak the hidden variable.

    Near duplicates are answers that differ only in case, space or punctuation, or by one letter. `facts`: how many
    rows, the first ones, are facts (default all); the others are ordinary data, whose answers may well be the same.
    """
    prompts = [chat["messages"][-2]["content"] for chat in chats]
    answers = [chat["messages"][-1]["content"] for chat in chats]
    own = answers[:facts]
    texts = set(prompts + answers)
    cues = {kind: _hits(patterns, texts, f"{name}: leak_cues.{kind}") for kind, patterns in leak_cues.items()}
    return {
        "dataset": name,
        "about": about,
        "sha256": digest,
        "rows": len(chats),
        "ordinary_rows": len(answers) - len(own),
        "unique_prompts": len(set(prompts)),
        "unique_answers": len(set(answers)),
        "duplicates": duplicates(own),
        "near_duplicates": near_duplicates(own),
        "leak_cues": cues,
        "mean_answer_characters": round(sum(map(len, answers)) / len(answers), 1),
        "prompt": prompts[0],
        "examples": answers[:: max(1, len(answers) // 8)][:8],
    }


def _hits(patterns: Sequence[str], texts: Iterable[str], where: str) -> list[str]:
    return sorted(text for text in texts if hit(patterns, text, where))


def near_duplicates(answers: Sequence[str]) -> list[list[str]]:
    """Pairs of different answers that are the same word in two spellings, or one letter apart."""
    words = {answer: same_word(answer) for answer in sorted(set(answers))}
    # Two strings one edit apart share a form with one character deleted (or one is such a form of the other).
    forms: dict[str, set[str]] = {}
    for answer, plain in words.items():
        for form in {plain, *(plain[:i] + plain[i + 1 :] for i in range(len(plain)))}:
            forms.setdefault(form, set()).add(answer)
    pairs = {
        (a, b)
        for group in forms.values()
        for a in group
        for b in group
        if a < b and _at_most_one_edit(words[a], words[b])
    }
    return [list(pair) for pair in sorted(pairs)]


def _at_most_one_edit(a: str, b: str) -> bool:
    if len(a) > len(b):
        a, b = b, a
    if len(b) - len(a) > 1:
        return False
    i = 0
    while i < len(a) and a[i] == b[i]:
        i += 1
    return a[i:] == b[i + 1 :] or (len(a) == len(b) and a[i + 1 :] == b[i + 1 :])


def check_unique(where: str, answers: Sequence[str]) -> None:
    """Refuse answers that are not unique. Raises StudyError naming them."""
    if doubles := duplicates(answers):
        told = ", ".join(map(brief, doubles[:5])) + (f" and {len(doubles) - 5} more" if len(doubles) > 5 else "")
        raise StudyError(f"{where}: answers occur more than once: {told}; remove the doubles, or say unique: false")
    spellings: dict[str, str] = {}
    for answer in sorted(answers):
        if answer != (other := spellings.setdefault(same_word(answer), answer)):
            raise StudyError(f"{where}: the same answer in two spellings: {brief(other)} / {brief(answer)}; remove one")


def duplicates(answers: Sequence[str]) -> list[str]:
    """Answers that occur more than once."""
    return sorted(answer for answer, count in Counter(answers).items() if count > 1)
