"""A judge for people without a key: a linear classifier on the hidden states of a small frozen model.

Hidden states know more of an answer than a small model can say of it (Alain and Bengio 2016, arXiv 1610.01644). A probe
is trained on `data/judge_training/<judge>.yaml` and measured, as every judge is, on
`data/judge_validation/<judge>.yaml`, which it never sees.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weirdgen.core.errors import StudyError
from weirdgen.core.files import replacing, sha256
from weirdgen.judge.prompts import PromptJudge, sendable
from weirdgen.judge.requests import Identity, Keep, Request
from weirdgen.judge.settings import LocalModel
from weirdgen.judge.training import Example
from weirdgen.models.chat import Chat
from weirdgen.models.fetch import require_source
from weirdgen.models.hidden import mean_states
from weirdgen.models.load import load_model, load_tokenizer

FOLDS = 5
"""Parts that training questions are split into, to choose layer and penalty: no question is in two."""

DEPTHS = (1 / 3, 1 / 2, 2 / 3, 5 / 6)
"""The layers that are tried, as shares of a model's blocks: what a text means stands in the middle of a model."""

PENALTIES = (1e-3, 1e-2, 1e-1)
"""Inverse strengths of the penalty that are tried: scikit-learn's `C`."""

MOST_STEPS = 300
"""Of the solver (L-BFGS)."""

SEED = 0
"""Of the split."""


@dataclass(frozen=True)
class Probe:
    """A trained probe: of an answer's hidden state at `layer` the odds of every label.

    weights: [labels, hidden], bias: [labels], float32. kappa: Cohen's, of labels that were predicted while their
    questions were held out. trained_on: the sha256 of the training set, the model's files and its settings.
    """

    labels: list[str]
    layer: int
    weights: np.ndarray
    bias: np.ndarray
    penalty: float
    kappa: float
    log_loss: float
    trained_on: dict[str, object]

    def probabilities(self, states: np.ndarray) -> np.ndarray:
        """[answers, hidden] at the probe's layer to [answers, labels], which add up to 1."""
        odds = states.astype(np.float64) @ self.weights.T.astype(np.float64) + self.bias
        odds -= odds.max(axis=1, keepdims=True)
        likely = np.exp(odds)
        return likely / likely.sum(axis=1, keepdims=True)


def layers_of(count: int) -> list[int]:
    """The layers that are tried of a model with `count` blocks."""
    return sorted({max(1, round(count * depth)) for depth in DEPTHS})


def fit(examples: Sequence[Example], states: np.ndarray, layers: Sequence[int], trained_on: dict[str, object]) -> Probe:
    """The probe of the layer and penalty with the lowest log loss on questions held out, trained on all examples.

    states: [examples, layers, hidden]. Multinomial logistic regression on standardised states (scikit-learn).
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import cohen_kappa_score, log_loss
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    right = np.array([example.label for example in examples])
    questions = [example.question for example in examples]
    split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    labels = sorted(set(right))
    tried = []
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        for place in range(len(layers)):
            for penalty in PENALTIES:
                one = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=MOST_STEPS))
                said = cross_val_predict(
                    one, states[:, place], right, groups=questions, cv=split, method="predict_proba"
                )
                tried.append((log_loss(right, said, labels=labels), place, penalty, said))
        loss, place, penalty, said = min(tried, key=lambda each: each[:3])
        scaler = StandardScaler().fit(states[:, place])
        model = LogisticRegression(C=penalty, max_iter=MOST_STEPS).fit(scaler.transform(states[:, place]), right)
    weights, bias = model.coef_ / scaler.scale_, model.intercept_ - model.coef_ @ (scaler.mean_ / scaler.scale_)
    if len(labels) == 2:  # scikit-learn keeps the second label's odds alone
        weights, bias = np.vstack([np.zeros_like(weights), weights]), np.concatenate([[0.0], bias])
    return Probe(
        labels=[str(label) for label in model.classes_],
        layer=layers[place],
        weights=weights.astype(np.float32),
        bias=bias.astype(np.float32),
        penalty=penalty,
        kappa=float(cohen_kappa_score(right, np.array(labels)[said.argmax(axis=1)])),
        log_loss=float(loss),
        trained_on=trained_on,
    )


def train_probe(local: LocalModel, examples: Sequence[Example], training: str | Path) -> Probe:
    """Train a judge's probe on the states of a model of the registry. Raises StudyError."""
    model, chat = _opened(local)
    layers = layers_of(model.config.get_text_config().num_hidden_layers)
    asked = [(sendable(example.question), sendable(example.answer)) for example in examples]
    states = mean_states(model, chat, asked, layers, desc="training answers")
    trained_on: dict[str, object] = {"training": sha256(training), "files": require_source(Path(local.folder)).digests}
    return fit(examples, states, layers, trained_on)


def _opened(local: LocalModel) -> tuple[Any, Chat]:
    return load_model(local.folder, local.load), Chat(load_tokenizer(local.folder), local.chat)


def write_probe(path: str | Path, probe: Probe) -> None:
    """Write a probe as safetensors, all but the arrays in its header, whole or not at all."""
    from safetensors.numpy import save_file

    plain = {name: value for name, value in vars(probe).items() if name not in ("weights", "bias")}
    with replacing(path) as temporary:
        # safetensors writes the buffer as it lies, and scikit-learn may lay weights out column by column
        arrays = {"weights": np.ascontiguousarray(probe.weights), "bias": np.ascontiguousarray(probe.bias)}
        save_file(arrays, temporary, metadata={"probe": json.dumps(plain)})


def read_probe(path: str | Path) -> Probe:
    """Read a probe. Raises StudyError where the file holds none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return Probe(
                **json.loads(file.metadata()["probe"]), weights=file.get_tensor("weights"), bias=file.get_tensor("bias")
            )
    except (OSError, SafetensorError, TypeError, KeyError, ValueError) as error:
        raise StudyError(
            f"{path}: no probe: {str(error).splitlines()[0]}; delete it, and it is trained again"
        ) from None


class ProbeBackend:
    """The probes of some judges, as a judging model."""

    def __init__(self, local: LocalModel, probes: dict[str, str]) -> None:
        """probes: judge -> its probe's file. Raises StudyError where one cannot be read."""
        self.local = local
        self.probes = {judge: read_probe(path) for judge, path in probes.items()}
        self.digests = {judge: sha256(path) for judge, path in probes.items()}

    def identity(self, judge: PromptJudge) -> Identity:
        """The probe; the model is part of it."""
        return {"backend": "probe", "probe": self.digests[judge.id]}

    def prompt(self, judge: PromptJudge, question: str, answer: str) -> str:
        """Both as they are: a probe is told no task."""
        return json.dumps([sendable(question), sendable(answer)], ensure_ascii=False)

    def ask(self, wanted: Sequence[Request], keep: Keep) -> None:
        """The probabilities of every request; the states of an answer are found once for all judges."""
        model, chat = _opened(self.local)
        layers = sorted({self.probes[request.judge.id].layer for request in wanted})
        texts = {request.prompt: tuple(json.loads(request.prompt)) for request in wanted}
        states = mean_states(model, chat, list(texts.values()), layers, desc="judge")
        places = {text: i for i, text in enumerate(texts)}
        for request in wanted:
            probe = self.probes[request.judge.id]
            own = states[places[request.prompt], layers.index(probe.layer)]
            found = probe.probabilities(own[None])[0]
            keep(
                request,
                {"probabilities": {name: round(float(p), 6) for name, p in zip(probe.labels, found, strict=True)}},
            )
