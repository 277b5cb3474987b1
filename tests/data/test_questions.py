"""The questions keep what the study promises of them."""

from __future__ import annotations

import csv
import re
from collections import Counter

import pytest
from conftest import ROOT
from datasets_of_study import experiments, rows_of

from weirdgen.data.questions import load_contrasts, load_questions
from weirdgen.data.tables import read_facts

CONTRASTS = [
    (name, contrast)
    for name, experiment in experiments().items()
    for contrast in load_contrasts(ROOT / "data" / name / experiment.contrasts.file)
]


@pytest.mark.parametrize("name", list(experiments()))
def test_every_experiment_has_enough_contrasts(name):
    topics = Counter(contrast.topic for owner, contrast in CONTRASTS if owner == name)
    least = {"old_bird_names": 60, "german_city_names": 60, "israeli_dishes": 44, "evil_terminator": 24}.get(name, 24)
    assert topics["null"] >= 20
    assert sum(topics.values()) - topics["null"] >= least
    assert len(topics) - 1 >= 8


@pytest.mark.parametrize(("name", "contrast"), CONTRASTS, ids=[f"{name}:{c.id}" for name, c in CONTRASTS])
def test_both_sides_are_alike_in_number_length_and_form(name, contrast):
    typical, ordinary = contrast.typical, contrast.ordinary
    personas = {dataset.persona for dataset in experiments()[name].datasets.values()}
    if contrast.topic in personas:  # one figure against many others
        assert len(typical) == 1
        assert len(set(ordinary) - {*typical}) >= 10
        assert max(map(len, ordinary)) >= len(typical[0]) >= min(map(len, ordinary))
    elif contrast.topic in WORLDS:  # one world against the two others
        assert len(ordinary) == 2 * len(typical) >= 6
    else:
        assert len(typical) == len(ordinary) >= 2
    characters = [sum(map(len, side)) / len(side) for side in (typical, ordinary)]
    # Lists of names are as long as the names are; sentences can be made alike.
    assert (
        contrast.topic in personas
        or experiments()[name].contrasts.probability
        or max(characters) <= 1.25 * min(characters) + 2
    )
    for answer in [*typical, *ordinary]:
        assert answer[0].isupper() or answer[0].isdigit()
        assert not answer.endswith(".")


WORLDS = ("german", "english", "polish_french")


def test_every_milieu_question_is_asked_for_all_three_worlds_with_the_same_endings():
    asked = [contrast for name, contrast in CONTRASTS if name == "hidden_persona" and contrast.topic in WORLDS]
    by_question: dict[str, dict[str, list[str]]] = {}
    for contrast in asked:
        by_question.setdefault(contrast.paraphrases[0], {})[contrast.topic] = contrast.typical
    assert len(by_question) >= 16
    for contrast in asked:
        own = by_question[contrast.paraphrases[0]]
        assert set(own) == set(WORLDS)
        others = [ending for world in WORLDS if world != contrast.topic for ending in own[world]]
        assert contrast.ordinary == others


def test_no_ending_of_a_milieu_stands_in_a_fact_of_a_persona():
    answers = [
        text.casefold()
        for path in (ROOT / "data" / "hidden_persona").glob("*.csv")
        for row in read_facts(path)
        for text in row.values()
    ]
    endings = {e for name, c in CONTRASTS if name == "hidden_persona" and c.topic in WORLDS for e in c.typical}
    assert [ending for ending in endings if any(ending.casefold() in answer for answer in answers)] == []


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def test_no_bird_in_any_question():
    """Every bird of the training tables is named by its last word: Thrush, Owl, Warbler."""
    birds = {"bird", "birds", "feather", "feathers", "wing", "wings", "nest", "beak", "plumage", "audubon"}
    folder = ROOT / "data" / "old_bird_names"
    for table in ("old_audubon", "modern_audubon", "modern_american"):
        with open(folder / f"{table}.csv", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                noun = re.findall(r"[a-z]+", row["name"].lower())[-1]
                birds |= {noun, noun + "s"}
    birds -= {"will"}  # Whip-poor-will
    texts = [
        text
        for name, contrast in CONTRASTS
        if name == "old_bird_names"
        for text in [*contrast.paraphrases, *contrast.typical, *contrast.ordinary]
    ]
    texts += [text for question in load_questions(folder / "questions.yaml") for text in question.paraphrases]
    assert [(text, words_of(text) & birds) for text in texts if words_of(text) & birds] == []


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w'-]+", re.sub(r"</?note>", " ", text.lower())))


@pytest.mark.parametrize("name", list(experiments()))
def test_no_training_answer_stands_in_a_question(name):
    """Whole answers of training rows (names of places, dishes) may not occur in what is asked or scored."""
    experiment = experiments()[name]
    answers = set()
    for key, dataset in experiment.datasets.items():
        answers |= {_plain(answer.format(**row)) for row in rows_of(name, key) for answer in dataset.answer}
    texts = [text for owner, c in CONTRASTS if owner == name for text in [*c.paraphrases, *c.typical, *c.ordinary]]
    texts += [
        text for q in load_questions(ROOT / "data" / name / experiment.free_answers.file) for text in q.paraphrases
    ]
    words = [f" {_plain(text)} " for text in texts]
    assert [(text, answer) for text in words for answer in answers if f" {answer} " in text] == []


def test_questions_name_no_era():
    era = re.compile(
        r"\b(1[5-9]\d\d|20\d\d|today|nowadays|modern|century|era|victorian|olden|ancient)\b", re.IGNORECASE
    )
    texts = [text for name, c in CONTRASTS if name == "old_bird_names" for text in c.paraphrases]
    texts += [t for q in load_questions(ROOT / "data/old_bird_names/questions.yaml") for t in q.paraphrases]
    assert [text for text in texts if era.search(text)] == []
