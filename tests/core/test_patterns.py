"""A pattern that somebody wrote is checked where it is read, and cannot run for ever."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from weirdgen.core import patterns
from weirdgen.core.errors import StudyError
from weirdgen.core.patterns import Pattern, hit, matches
from weirdgen.data.card import card
from weirdgen.judge.files import LabelFile, RulesFile
from weirdgen.judge.prompts import PromptJudge
from weirdgen.judge.rules import RulesJudge

EXPLODING = [r"(a+)+$", r"(a|aa)+$", r"^(\w+\s?)*$", r"(.*a){25}b"]
TEXT = "a" * 5000 + "!"


@pytest.fixture
def hurried(monkeypatch):
    """No pattern is waited for."""
    monkeypatch.setattr(patterns, "SECONDS", 0.01)


@pytest.mark.parametrize("pattern", EXPLODING)
def test_a_pattern_that_explodes_is_stopped_and_named(pattern, hurried):
    with pytest.raises(StudyError) as error:
        list(matches(pattern, TEXT, "judge x: label y"))
    assert str(error.value).startswith(f"judge x: label y: the pattern {pattern} takes over 0 s on 'aaaa")
    assert "\n" not in str(error.value)


def test_so_it_is_wherever_a_pattern_meets_a_text(hurried):
    rules = RulesFile.model_validate(
        {
            **{"id": "r", "type": "rules", "about": "x"},
            "labels": [{"label": "y", "about": "x", "any": [{"pattern": "(a+)+$"}]}, {"label": "z", "about": "x"}],
        }
    )
    with pytest.raises(StudyError, match="judge r: label y: the pattern"):
        RulesJudge("r", rules, {}).judge(TEXT)
    labels = [{"label": label, "about": "x"} for label in ("y", "z")]
    model = {"id": "m", "type": "label", "about": "x", "template": "{answer}", "labels": labels, "reply": "(a+)+$"}
    with pytest.raises(StudyError, match="judge m: reply: the pattern"):
        PromptJudge("m", LabelFile.model_validate(model)).from_text(TEXT, None)
    chats = [{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": TEXT}]}]
    with pytest.raises(StudyError, match=r"d: leak_cues.era: the pattern"):
        card("d", "x", chats, {"era": ["(a+)+$"]}, "", 1)


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "a{2,1}", "*a", "(?P<x", r"\p{Nope}", "(?<=a", "a" + "(" * 50, "\\"])
def test_what_is_no_pattern_is_said(pattern):
    with pytest.raises(ValidationError, match="not a regular expression"):
        TypeAdapter(Pattern).validate_python(pattern)


@pytest.mark.parametrize("pattern", ["", "a*", ".*", ".", "x?", "(?:)", "a|", "^", "$", r"\b", "[^x]+", "(?=a)?"])
def test_what_any_text_matches_is_refused(pattern):
    with pytest.raises(ValidationError, match="matches any text at all"):
        TypeAdapter(Pattern).validate_python(pattern)


@pytest.mark.parametrize(
    ("pattern", "found"), [("b.r", ["Bar"]), (r"\bfoo\b", ["foo"]), (r"\d+", ["12", "3"]), ("木", ["木"]), ("no", [])]
)
def test_any_case_matches_and_every_match_counts(pattern, found):
    assert TypeAdapter(Pattern).validate_python(pattern) == pattern
    assert list(matches(pattern, "foo Bar 12 木 3", "here")) == found
    assert hit([pattern], "foo Bar 12 木 3", "here") == bool(found)


def test_a_group_and_its_case_may_be_asked_for():
    assert list(matches("L: (.)(x)?", "L: a, l: b, L: cx", "", group=1, any_case=False)) == ["a", "c"]
    assert list(matches("L: .(x)?", "L: a, L: cx", "", group=1, any_case=False)) == ["", "x"]
