"""What an endpoint is told: checked when a study is loaded, and no key is ever shown."""

from __future__ import annotations

import datetime
import math

import pytest
import yaml
from conftest import ROOT
from judging import SETTINGS, told

from weirdgen.core.errors import StudyError
from weirdgen.study.load import load_study

SECRET = "sk-proj-Ab3dE6gH1jK4mN7pQ0"


def load(**endpoint) -> None:
    """Load a study with these values in judging.openai."""
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    raw["judging"] = {"backend": "openai", "openai": {**SETTINGS, "base_url": "http://a/v1", **endpoint}}
    load_study(raw, ROOT)


@pytest.mark.parametrize(
    "address",
    [
        "https://api.openai.com/v1",
        "http://127.0.0.1:8000/v1",
        "http://[::1]:8000/v1/",
        "http://judge",
        "https://a.b/c/d",
    ],
)
def test_an_address(address):
    assert told(address).base_url == address


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("api.openai.com/v1", "is no address such as"),
        ("localhost:8000/v1", "is no address such as"),
        ("//a/v1", "is no address such as"),
        ("ftp://a/v1", "is no address such as"),
        ("http://", "is no address such as"),
        ("http:///v1", "is no address such as"),
        ("http://[nowhere", "is no address such as"),
        ("http://a:port/v1", "is no address such as"),
        ("http://a:70000/v1", "is no address such as"),
        ("http://a/v1 ", "is no address such as"),
        ("http://a b/v1", "is no address such as"),
        ("", "is no address such as"),
        (f"https://user:{SECRET}@a/v1", "holds more than an address"),
        ("https://hidden-word@a/v1", "holds more than an address"),
        ("https://a/v1?api-version=1", "holds more than an address"),
        ("https://a/v1#x", "holds more than an address"),
    ],
)
def test_what_is_no_address_is_found_at_the_plan(address, said):
    with pytest.raises(StudyError, match=rf"config: judging\.openai\.base_url = .*: {said}") as raised:
        load(base_url=address)
    assert SECRET not in str(raised.value)
    assert "hidden-word" not in str(raised.value)


KEYS = [
    SECRET,
    "AIzaSyA1b2C3d4",
    "gsk_abcdefgh1234",
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "Ab3dE6gH1jK4mN7pQ0rS",
    12345678,
]
KEYS += ["OPENAI-API-KEY", "my key", "", "$OPENAI_API_KEY", "1KEY", ["A", SECRET], {"value": SECRET}]


@pytest.mark.parametrize("value", KEYS, ids=str)
def test_a_key_is_the_name_of_a_variable_and_is_never_shown(value):
    with pytest.raises(StudyError, match=r"config: judging\.openai\.key = \(not shown\): ") as raised:
        load(key=value)
    assert not value or str(value) not in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "judging",
    [
        {"backend": "vllm", "openai": {"key": SECRET}},
        {"backend": "openai", "openai": SECRET},
        {"backend": SECRET},
        {"backend": "openai", "openai": {"api_key": SECRET}},
        {"backend": "openai", "openai": [{"key": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}]},
        {"backend": "openai", "openai": {"model": {"api_key": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}}},
        {"key": SECRET},
        f"key: {SECRET}",
    ],
    ids=str,
)
def test_a_key_in_another_place_is_not_shown_either(judging):
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    with pytest.raises(StudyError, match=r"config: .*judging") as raised:
        load_study({**raw, "judging": judging}, ROOT)
    assert SECRET not in str(raised.value)
    assert "0f1e2d3c" not in str(raised.value)


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "KEY", "_K2", None])
def test_a_variable(name):
    assert told("http://a", key=name).key == name


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"stream": True}, "stream is none of them: replies are read whole"),
        ({"model": "other"}, r"model is none of them: judging\.openai\.model says it"),
        ({"messages": []}, "messages is none of them"),
        ({"extra_headers": {"Authorization": SECRET}}, "extra_headers is none of them"),
        ({"extra_body": {"stream": True}}, "stream is none of them"),
        ({"extra_body": [1]}, "extra_body holds further parameters"),
        ({"max_tokens": None}, "max_tokens is a whole number"),
        ({"max_tokens": 1.5}, "max_tokens is a whole number"),
        ({"max_completion_tokens": "many"}, "max_completion_tokens is a whole number"),
        ({"n": 0}, "n is a whole number"),
        ({"n": True}, "n is a whole number"),
        ({"extra_body": {"best_of": -1}}, "best_of is a whole number"),
        ({"temperature": math.nan}, "cannot be sent as JSON"),
        ({"temperature": math.inf}, "cannot be sent as JSON"),
        ({"seed": datetime.date(2027, 1, 1)}, "cannot be sent as JSON"),
    ],
)
def test_parameters_that_cannot_be_sent_are_found_at_the_plan(parameters, said):
    with pytest.raises(StudyError, match=rf"judging\.openai\.parameters = .*: {said}") as raised:
        load(parameters=parameters)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("parameters", [{"top_k": 5, "stop": ["\n"]}, {"n": 2, "extra_body": {"min_p": 0.1}}])
def test_parameters(parameters):
    assert told("http://a", parameters=parameters).parameters == parameters
