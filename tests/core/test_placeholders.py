"""Braces in a template hold plain names; all others are said, not met in a job."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from weirdgen.core.templates import Template, fill, literal, names_in, template_over


@pytest.mark.parametrize("template", ["{", "}", "a }", "{a", "a}}}", "{{a}", "{a}}", "{a{b}}"])
def test_a_brace_alone_is_said(template):
    with pytest.raises(ValidationError, match="brace"):
        TypeAdapter(Template).validate_python(template)


@pytest.mark.parametrize(
    "template", ["{}", "{0}", "{a.b}", "{a[0]}", "{a[b]}", "{a!r}", "{a:>3}", "{a:{b}}", "{a.__class__}", "{12}"]
)
def test_braces_that_hold_no_plain_name_are_said(template):
    with pytest.raises(ValidationError, match="no plain name; write"):
        TypeAdapter(Template).validate_python(template)


@pytest.mark.parametrize(
    ("template", "names", "filled"),
    [
        ("no braces", set(), "no braces"),
        ("{a} and {b}", {"a", "b"}, "1 and {x}"),
        ("{{a}} {a}", {"a"}, "{a} 1"),
        ("{a}{a}", {"a"}, "11"),
        ("{last name}", {"last name"}, "Bell"),
        ("{größe}", {"größe"}, "木"),
        ('{{"json": "{b}"}}', {"b"}, '{"json": "{x}"}'),
    ],
)
def test_names_are_filled_in_and_what_is_filled_in_is_text(template, names, filled):
    values = {"a": 1, "b": "{x}", "last name": "Bell", "größe": "木"}
    assert TypeAdapter(Template).validate_python(template) == template
    assert names_in(template) == names
    assert fill(template, values) == filled


@pytest.mark.parametrize("text", ["{", "}", "{}", "{a}", "{{a}}", "a.b[0]", "}{"])
def test_any_text_can_be_said_by_a_template(text):
    assert fill(literal(text), {}) == text


@pytest.mark.parametrize("template", ["{first}", "{second}", "{first} {second} {third}", "none", "{{first}} {second}"])
def test_a_template_over_names_has_each_and_no_other(template):
    two = TypeAdapter(Annotated[str, template_over("first", "second")])
    with pytest.raises(ValidationError, match=r"a template over \{first\} and \{second\}, and no other names"):
        two.validate_python(template)
    assert two.validate_python("{second} or {first}?") == "{second} or {first}?"
