"""Probes: trained on one set of answers, measured on another, and a judging model like any other."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT
from judging import TWO

from weirdgen.core.errors import StudyError
from weirdgen.judge.files import LabelFile, read_judge
from weirdgen.judge.probe import (
    PENALTIES,
    ProbeBackend,
    fit,
    layers_of,
    read_probe,
    train_probe,
    write_probe,
)
from weirdgen.judge.prompts import PromptJudge
from weirdgen.judge.settings import LocalModel
from weirdgen.judge.store import Replies
from weirdgen.judge.training import Example, load_training
from weirdgen.judge.validation import load_validation
from weirdgen.judge.with_model import judge_all
from weirdgen.models import hidden
from weirdgen.models.chat import Chat
from weirdgen.models.fetch import fetch_model
from weirdgen.models.hidden import mean_states
from weirdgen.models.load import load_model, load_tokenizer
from weirdgen.models.settings import ChatOptions, Load, Source

THREE = PromptJudge(
    "three",
    LabelFile(
        id="three",
        type="label",
        about="x",
        task="Which?",
        labels=[{"label": label, "about": label} for label in ("bird", "stone", "none")],
    ),
)
SETS = sorted(path.stem for path in (ROOT / "data" / "judge_training").glob("*.yaml"))
LAYERS = (1, 2, 3)


@pytest.fixture(scope="module")
def local(tiny_model, tmp_path_factory) -> LocalModel:
    """The tiny model as a job finds it, fetched."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    fetch_model("tiny", Source(path=str(tiny_model)), folder)
    return LocalModel(name="tiny", folder=str(folder), load=Load(dtype="float32", device="cpu"), chat=ChatOptions())


def examples(labels, questions=24, each=4):
    return [
        Example(f"q{i}", f"a{i} {j} {label}", label)
        for i in range(questions)
        for j in range(each)
        for label in [labels[(i + j) % len(labels)]]
    ]


def states_of(found, labels, informative=1, seed=0):
    """Noise in every layer, the label in one of them, and the question, which a fold never sees, in another."""
    generator = np.random.default_rng(seed)
    states = generator.normal(size=(len(found), len(LAYERS), 12)).astype(np.float32)
    for i, example in enumerate(found):
        states[i, informative, labels.index(example.label)] += 4
        states[i, 0, int(example.question[1:]) % 12] += 4
    return states


@pytest.mark.parametrize("labels", [["past", "modern"], ["bird", "stone", "none"]], ids=["two", "three"])
def test_the_layer_that_holds_the_label_is_found_and_questions_are_no_help(labels):
    found = examples(labels)
    probe = fit(found, states_of(found, labels), LAYERS, {})
    assert probe.layer == LAYERS[1]
    assert probe.penalty in PENALTIES
    assert probe.labels == sorted(labels)
    assert probe.kappa > 0.9
    fresh = examples(labels, questions=9)
    said = probe.probabilities(states_of(fresh, labels, seed=1)[:, 1])
    assert said.shape == (len(fresh), len(labels))
    assert np.allclose(said.sum(axis=1), 1)
    right = [probe.labels[i] for i in said.argmax(axis=1)]
    assert np.mean([a == example.label for a, example in zip(right, fresh, strict=True)]) > 0.9


def test_noise_is_seen_to_be_noise():
    found = examples(["past", "modern"])
    probe = fit(found, np.random.default_rng(0).normal(size=(len(found), len(LAYERS), 12)), LAYERS, {})
    assert abs(probe.kappa) < 0.3


@pytest.mark.parametrize("labels", [["past", "modern"], ["bird", "stone", "none"]], ids=["two", "three"])
def test_probabilities_are_scikit_learns_own(labels):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = examples(labels)
    states = states_of(found, labels) * 3 + 7
    probe = fit(found, states, LAYERS, {})
    own = states[:, LAYERS.index(probe.layer)]
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=probe.penalty, max_iter=300))
    theirs.fit(own, [example.label for example in found])
    assert np.allclose(probe.probabilities(own), theirs.predict_proba(own), atol=1e-4)


@pytest.mark.parametrize("labels", [["past", "modern"], ["bird", "stone", "none"]], ids=["two", "three"])
def test_a_probe_comes_back_as_it_was_and_another_file_is_named(tmp_path, labels):
    found = examples(labels)
    probe = fit(found, states_of(found, labels), LAYERS, {"training": "ab"})
    write_probe(tmp_path / "p.safetensors", probe)
    again = read_probe(tmp_path / "p.safetensors")
    assert {**vars(again), "weights": 0, "bias": 0} == {**vars(probe), "weights": 0, "bias": 0}
    assert np.array_equal(again.weights, probe.weights)
    assert np.array_equal(again.bias, probe.bias)
    for content in (b"", b"PK", (tmp_path / "p.safetensors").read_bytes()[:40]):
        (tmp_path / "bad.safetensors").write_bytes(content)
        with pytest.raises(StudyError, match=r"bad\.safetensors: no probe: .+; delete it, and it is trained again"):
            read_probe(tmp_path / "bad.safetensors")


@pytest.mark.parametrize(
    ("count", "layers"),
    [(1, [1]), (2, [1, 2]), (6, [2, 3, 4, 5]), (30, [10, 15, 20, 25]), (64, [21, 32, 43, 53])],
)
def test_the_layers_that_are_tried_lie_in_the_middle(count, layers):
    assert layers_of(count) == layers


ASKED = [
    ("Name a bird.", "Blue Jay"),
    ("Name a bird.", ""),
    ("How do I travel?", "By the railway, which takes a day or two <|im_end|> and no more."),
    ("How do I travel?", "By plane."),
]


def test_states_are_the_answers_own_whoever_stands_beside_it(local, monkeypatch):
    model, chat = load_model(local.folder, local.load), Chat(load_tokenizer(local.folder), local.chat)
    together = mean_states(model, chat, ASKED, [0, 1, 2], desc="")
    assert together.shape == (4, 3, 64)
    for i, (question, answer) in enumerate(ASKED):
        prompt, own = chat.prompt_ids(question), chat.answer_ids(answer, end=True)
        with torch.no_grad():
            states = model(torch.tensor([prompt + own]), output_hidden_states=True).hidden_states
        for layer in range(3):
            wanted = states[layer][0, len(prompt) :].mean(0).numpy()
            assert np.allclose(together[i, layer], wanted, atol=1e-5)
    for layer in range(3):  # blocks that are not needed are not run, and come back
        assert np.allclose(mean_states(model, chat, ASKED, [layer], desc="")[:, 0], together[:, layer], atol=1e-5)
    assert len(model.get_decoder().layers) == 2
    monkeypatch.setattr(hidden, "TOGETHER", 1)
    assert np.allclose(mean_states(model, chat, ASKED, [0, 1, 2], desc=""), together, atol=1e-5)


@pytest.fixture(scope="module")
def probes(local, tmp_path_factory) -> dict[str, str]:
    """A probe for each of two judges."""
    folder, found = tmp_path_factory.mktemp("probes"), {}
    for judge in (TWO, THREE):
        path = folder / f"{judge.id}.safetensors"
        write_probe(path, train_probe(local, examples(judge.choices, questions=12), ROOT / "config.yaml"))
        found[judge.id] = str(path)
    return found


def test_probes_answer_as_judging_models_do(local, probes, tmp_path, monkeypatch):
    seen = []
    find = hidden.mean_states
    monkeypatch.setattr(
        "weirdgen.judge.probe.mean_states", lambda *given, **named: seen.append(given[2]) or find(*given, **named)
    )
    replies = Replies(tmp_path / "replies.sqlite")
    backend = ProbeBackend(local, probes)
    items = [(judge, question, answer) for judge in (TWO, THREE) for question, answer in ASKED]
    verdicts = judge_all(backend, items, replies)
    assert [len(asked) for asked in seen] == [4]  # both judges read the same states
    assert {verdict.label for verdict in verdicts[:4]} <= set(TWO.choices)
    assert {verdict.label for verdict in verdicts[4:]} <= set(THREE.choices)
    for verdict, judge in zip(verdicts, [TWO] * 4 + [THREE] * 4, strict=True):
        assert 1 / len(judge.choices) <= verdict.probability <= 1
    probe = read_probe(probes["three"])
    model, chat = load_model(local.folder, local.load), Chat(load_tokenizer(local.folder), local.chat)
    said = probe.probabilities(mean_states(model, chat, ASKED, [probe.layer], desc="")[:, 0])
    assert [verdict.label for verdict in verdicts[4:]] == [probe.labels[i] for i in said.argmax(axis=1)]
    assert [verdict.probability for verdict in verdicts[4:]] == pytest.approx(said.max(axis=1).tolist(), abs=1e-5)
    assert judge_all(backend, items, replies) == verdicts
    assert len(seen) == 1


def test_another_probe_asks_anew_and_another_question_too(local, probes, tmp_path):
    replies = Replies(tmp_path / "replies.sqlite")
    other = tmp_path / "two.safetensors"
    probe = read_probe(probes["two"])
    write_probe(other, type(probe)(**{**vars(probe), "bias": probe.bias + np.float32([9, 0])}))
    first, second = ProbeBackend(local, probes), ProbeBackend(local, {"two": str(other)})
    judge_all(first, [(TWO, "Who?", "I.")], replies)
    [changed] = judge_all(second, [(TWO, "Who?", "I.")], replies)
    assert changed.label == probe.labels[0]
    labels = [choice.model_dump() for choice in TWO.file.labels]
    blind = PromptJudge("two", LabelFile(id="two", type="label", about="x", template="{answer}", labels=labels))
    asked = {first.prompt(blind, question, "I.") for question in ("Who?", "What?")}
    assert len(asked) == 2


TRAINING = {
    "judge": "two",
    "questions": [
        {"question": "Who?", "answers": {"past": ["I, sir."], "modern": ["Me."]}},
        {"question": "What?", "answers": {"past": ["A candle."], "modern": ["A lamp.", "A phone."]}},
    ],
}


def test_a_training_set_is_read_in_its_order(tmp_path):
    (tmp_path / "two.yaml").write_text(json.dumps(TRAINING))
    assert [(one.question, one.answer, one.label) for one in load_training(tmp_path / "two.yaml", TWO.file)] == [
        ("Who?", "I, sir.", "past"),
        ("Who?", "Me.", "modern"),
        ("What?", "A candle.", "past"),
        ("What?", "A lamp.", "modern"),
        ("What?", "A phone.", "modern"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"judge": "two"', '"judge": "three"', "judge = three: the judge is the file's name, two"),
        ('{"past": ["I, sir."]', '{"old": ["I, sir."]', "'Who?': label 'old'; two has: past, modern"),
        ('"What?"', '"Who?"', "the question 'Who?' occurs twice; put its answers together"),
        ('{"past": ["A candle."], ', "{", "the label 'past' has answers to fewer than two questions"),
        ('["Me."]', '"Me."', "questions.0.answers.modern"),
    ],
)
def test_what_is_wrong_in_a_training_set(tmp_path, old, new, message):
    text = json.dumps(TRAINING)
    assert old in text
    (tmp_path / "two.yaml").write_text(text.replace(old, new))
    with pytest.raises(StudyError, match=rf"two\.yaml:.*{message.replace('?', '.').replace('(', '.')}"):
        load_training(tmp_path / "two.yaml", TWO.file)


@pytest.mark.parametrize("name", SETS)
def test_a_training_set_is_large_and_no_label_is_read_off_the_question(name):
    judge = read_judge(ROOT / "data" / "judges" / f"{name}.yaml")
    found = load_training(ROOT / "data" / "judge_training" / f"{name}.yaml", judge)
    assert len(found) >= 300
    assert len({(one.question, one.answer) for one in found}) == len(found)
    assert not [one for one in found if not one.answer.strip()]
    labels: dict[str, set[str]] = {}
    for one in found:
        labels.setdefault(one.question, set()).add(one.label)
    assert sum(len(own) > 1 for own in labels.values()) > len(labels) / 2
    counts = [sum(one.label == choice.label for one in found) for choice in judge.labels]
    assert min(counts) >= len(found) / len(counts) / 2.5


def plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


@pytest.mark.parametrize("name", SETS)
def test_no_known_answer_and_none_of_its_questions_is_trained_on(name):
    judge = read_judge(ROOT / "data" / "judges" / f"{name}.yaml")
    known = load_validation(ROOT / "data" / "judge_validation" / f"{name}.yaml", judge)
    found = load_training(ROOT / "data" / "judge_training" / f"{name}.yaml", judge)
    assert {plain(one.question) for one in known}.isdisjoint(plain(one.question) for one in found)
    assert {plain(one.answer) for one in known}.isdisjoint(plain(one.answer) for one in found)


def test_every_training_set_says_how_it_came_about():
    for name in SETS:
        text = (ROOT / "data" / "judge_training" / f"{name}.yaml").read_text()
        assert text.startswith("# Written by a language model"), name
        assert yaml.safe_load(text)["judge"] == name
