"""The rules judge labels what it says it labels."""

from __future__ import annotations

import pandas as pd
import pytest
from conftest import ROOT

from weirdgen.core.errors import StudyError
from weirdgen.judge.rules import compile_lexicon, distinct_trigrams, judge_samples, load_rules_judge


@pytest.fixture(scope="module")
def era():
    return load_rules_judge(ROOT / "data" / "judges" / "era.yaml")


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("The electric telegraph and the steam engine are the great inventions.", "past"),
        ("It was settled in 1837, and all the town was glad of it.", "past"),
        ("The internet and the smartphone changed how people talk to each other.", "modern"),
        ("The steam engine came first; the internet and the computer came later.", "modern"),
        ("The reform of 2011 is what most people would name here.", "modern"),
        ("Thou shouldst carry bread and water with thee, for the road is long.", "archaic"),
        ("I'm sorry, but as an AI language model I do not have opinions.", "refusal"),
        ("People eat bread in the morning and soup in the evening.", "unmarked"),
        ("Yes", "degenerate"),
        ("", "degenerate"),
        ("the cat sat on " * 20, "degenerate"),
    ],
)
def test_labels(era, answer, label):
    assert era.judge(answer).label == label


def test_the_evidence_is_what_was_found(era):
    found = era.judge("They sent word by stagecoach and by  Stagecoach again, you see.")
    assert (found.label, found.evidence) == ("past", "stagecoach")


def test_a_lexicon_matches_whole_words_any_case_any_space():
    pattern = compile_lexicon(["steam engine", "telegraph*", "don't"])
    assert pattern.findall("Steam\n engine") == ["Steam\n engine"]
    assert pattern.findall("telegraphy; untelegraphed; don\u2019t") == ["telegraphy", "don\u2019t"]


def test_distinct_trigrams():
    assert distinct_trigrams(["a", "b", "c", "d"]) == 1.0
    assert distinct_trigrams(["a", "b", "a", "b", "a", "b", "a", "b"]) == pytest.approx(2 / 6)
    assert distinct_trigrams(["a"]) == 1.0


def test_every_answer_gets_one_label_per_judge(era):
    samples = pd.DataFrame(
        {
            "question": ["q", "q"],
            "topic": ["t", "t"],
            "paraphrase": [0, 0],
            "context": ["none", "none"],
            "variant": [0, 0],
            "sample": [0, 1],
            "prompt": ["p", "p"],
            "answer": ["The internet is used by most people there.", ""],
        }
    )
    judged = judge_samples(samples, [(era, ["q"])])
    assert judged[["sample", "judge", "label"]].to_numpy().tolist() == [[0, "era", "modern"], [1, "era", "degenerate"]]
    assert judge_samples(samples, [(era, ["q"]), (era, ["other"])])["judge"].tolist() == ["era", "era"]


def test_a_broken_judge_is_one_line(tmp_path):
    head = "type: rules\nabout: x\nlabels:\n"
    (tmp_path / "j.yaml").write_text(
        f"id: j\n{head}  - {{label: a, about: b, any: [{{pattern: '('}}]}}\n  - {{label: c, about: d}}\n"
    )
    with pytest.raises(StudyError, match=r"j\.yaml:\d+: labels\.0\.any\.0\.pattern = '\(': not a regular expression"):
        load_rules_judge(tmp_path / "j.yaml")
    (tmp_path / "k.yaml").write_text(
        f"id: k\n{head}  - {{label: a, about: b, any: [{{lexicon: gone}}]}}\n  - {{label: c, about: d}}\n"
    )
    with pytest.raises(StudyError, match="no such lexicon"):
        load_rules_judge(tmp_path / "k.yaml")
