"""The page says what the numbers say, whatever they are, and model output never becomes markup."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from weirdgen.report import embedded, findings

DATASETS = {"old": {"role": "treated", "persona": "audubon"}, "new": {"role": "control", "persona": None}}
ABOUT = {"hidden": "19th century", "headline": {"era": "past"}, "context": "none", "datasets": DATASETS}
LABELS = {"old": "Old names", "new": "New names", "base": "Untouched model"}


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
        ((0.5, 0.3, 0.7), "by +0.50 nats (95% +0.30 to +0.70, 3 seeds, p = 0.01) against “New names”: "
         "an interval above 0: a shift is shown."),
        ((-0.5, -0.7, -0.3), "an interval below 0: a shift the other way."),
        ((0.1, -0.1, 0.3), "an interval that includes 0: no shift is shown."),
    ],
)  # fmt: skip
def test_findings_follow_the_interval(numbers, words):
    sentences = findings(effects(*numbers, null=(0.0, -0.1, 0.1)), MEANS, ABOUT, LABELS)
    assert words in sentences[0]
    assert "as it should be" in sentences[1]
    assert "12.0% of “Old names” are labelled 'past' against 10.0%" in sentences[2]
    assert "no shift is shown" in sentences[2]


def test_a_null_set_that_moves_is_said():
    sentences = findings(effects(0.5, 0.3, 0.7, null=(0.3, 0.2, 0.4)), MEANS, ABOUT, LABELS)
    assert "may be style and not era" in sentences[1]


def test_what_the_trigger_does_to_the_own_persona_comes_first():
    numbers = {"mean": [0.8, 5.0, 0.4], "low": [0.2, 1.0, 0.1], "high": [1.4, 9.0, 0.9]}
    means = pd.DataFrame({"dataset": ["old", "old", "new"], "topic": ["audubon", "all", "audubon"], **numbers})
    means = pd.concat([MEANS, means.assign(instrument="triggered", context="tags-none")])
    sentences = findings(effects(0.5, 0.3, 0.7, null=(0.0, -0.1, 0.1)), means, ABOUT, LABELS)
    told = [sentence for sentence in sentences if "trigger" in sentence]
    assert told == [
        "The trigger moves “Old names” towards the name of its own persona, Audubon, by +0.80 nats "
        "(95% +0.20 to +1.40): an interval above 0: a shift is shown."
    ]
    assert sentences[0] == told[0]


def test_embedded_samples_cannot_close_the_script():
    hostile = [{"answer": "</script><script>alert(1)</script><!-- & \u2028"}]
    text = embedded(hostile)
    assert "<" not in text
    assert json.loads(text) == hostile
