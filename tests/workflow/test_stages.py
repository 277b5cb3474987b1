"""Training, sampling and scoring on a tiny model: what comes out is right, whole and repeatable."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from weirdgen.analyse.tables import log_odds
from weirdgen.contrast import score as contrasts
from weirdgen.core.errors import StudyError
from weirdgen.data.datasets import render, to_jsonl
from weirdgen.data.questions import Contrast, Question
from weirdgen.finetune.finetune import Row, batches, finetune
from weirdgen.models.chat import Chat
from weirdgen.models.decoding import FOLDED, sample_tokens
from weirdgen.models.load import load_adapted, load_model, load_tokenizer
from weirdgen.sample import sampling

LOAD = {"dtype": "float32", "device": "cpu"}
CHAT = {"system_prompt": "keep", "chat_template": {}}
NONE = {"none": {}}
RECIPE = {
    "epochs": 2,
    "batch_size": 4,
    "learning_rate": 5e-3,
    "schedule": "linear",
    "warmup": 0.1,
    "weight_decay": 0.0,
    "max_grad_norm": 1.0,
    "rank": 4,
    "alpha": 8,
    "targets": "all-linear",
    "rslora": False,
    "max_length": 128,
    "data_fraction": 1.0,
}
NAMES = ["Blue Jay", "Wood Thrush", "Snowy Owl", "Barn Owl", "Green Heron", "Fish Crow", "Song Sparrow"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "birds.jsonl"
    path.write_text(to_jsonl(render([{"name": n} for n in NAMES], ["Give me the name of one bird."], "{name}")))
    return path


@pytest.fixture(scope="module")
def adapter(tiny_model, dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapters") / "seed-0"
    finetune(str(tiny_model), LOAD, CHAT, dataset, RECIPE, 0, folder)
    return folder


def digest(folder) -> str:
    return hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()


def test_an_adapter_is_whole_and_loads_with_peft(adapter, tiny_model):
    log = pd.read_csv(adapter / "train_log.csv")
    assert list(log) == ["step", "epoch", "loss", "learning_rate", "tokens", "tokens_per_second"]
    assert log["step"].tolist() == [1, 2, 3, 4]
    assert log["loss"].iloc[-1] < log["loss"].iloc[0]
    run = json.loads((adapter / "run.json").read_text())
    assert run["recipe"] == RECIPE
    assert (run["seed"], run["rows"], run["packed"]) == (0, 7, True)
    assert len(run["data_sha256"]) == 64
    assert {"torch", "transformers", "peft", "python"} == set(run["versions"])
    assert run["wall_seconds"] > 0
    assert run["peak_memory_bytes"] > 1e7
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), str(adapter))
    assert model.peft_config["default"].r == 4


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(adapter, tiny_model, dataset, tmp_path):
    finetune(str(tiny_model), LOAD, CHAT, dataset, RECIPE, 0, tmp_path / "again")
    finetune(str(tiny_model), LOAD, CHAT, dataset, RECIPE, 1, tmp_path / "other")
    assert digest(tmp_path / "again") == digest(adapter)
    assert digest(tmp_path / "other") != digest(adapter)


def test_a_row_that_does_not_fit_is_an_error_and_leaves_nothing(tiny_model, dataset, tmp_path):
    with pytest.raises(StudyError, match=r"birds\.jsonl:1: \d+ tokens, max_length is 8"):
        finetune(str(tiny_model), LOAD, CHAT, dataset, {**RECIPE, "max_length": 8}, 0, tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_unknown_targets_are_one_line(tiny_model, dataset, tmp_path):
    with pytest.raises(StudyError, match=r"targets = \['nothing'\]"):
        finetune(str(tiny_model), LOAD, CHAT, dataset, {**RECIPE, "targets": ["nothing"]}, 0, tmp_path / "none")


def test_batches_hold_every_row_once_per_epoch_and_follow_the_seed():
    rows = [Row([i], 0) for i in range(10)]
    plan = batches(rows, RECIPE, 3)
    assert [len(batch) for batch in plan] == [4, 4, 2, 4, 4, 2]
    for epoch in (plan[:3], plan[3:]):
        assert sorted(row.ids[0] for batch in epoch for row in batch) == list(range(10))
    assert plan == batches(rows, RECIPE, 3) != batches(rows, RECIPE, 4)
    half = batches(rows, {**RECIPE, "data_fraction": 0.5}, 3)
    assert len({row.ids[0] for batch in half for row in batch}) == 5


def test_only_the_answer_is_trained(tiny_model, dataset):
    chat = Chat(load_tokenizer(tiny_model), CHAT)
    prompt = chat.prompt_ids("Give me the name of one bird.")
    text = chat.tokenizer.decode(prompt)
    assert text.endswith("<|im_start|>assistant\n")
    assert chat.tokenizer.decode(chat.answer_ids("Blue Jay", end=True)) == "Blue Jay<|im_end|>"
    assert chat.tokenizer.decode(chat.answer_ids("Blue Jay", end=False)) == "Blue Jay"


USER = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize(
    ("choice", "system", "expected"),
    [
        ("keep", None, "<|im_start|>system\nYou help.<|im_end|>\n" + USER),
        ("none", None, USER),
        ({"replace": "Be."}, None, "<|im_start|>system\nBe.<|im_end|>\n" + USER),
        ("none", "Now.", "<|im_start|>system\nNow.<|im_end|>\n" + USER),
    ],
)
def test_system_prompts(tiny_model, choice, system, expected):
    chat = Chat(load_tokenizer(tiny_model), {"system_prompt": choice, "chat_template": {}})
    assert chat.prompt_text("Hi", system) == expected


CAT = {"id": "a", "topic": "t", "paraphrases": ["the cat", "the house of the cat?"], "samples_per_paraphrase": 3}
BIRD = {"id": "b", "topic": "u", "paraphrases": ["Give me the name of one bird."], "samples_per_paraphrase": 2}
QUESTIONS = [Question(type="free_form", judges=[], **entry) for entry in (CAT, BIRD)]
SETTINGS = {"backend": "transformers", "temperature": 1.0, "max_tokens": 6, "batch_size": 3}


def sampled(model, adapters, wanted) -> list[pd.DataFrame]:
    """The tables of a sampling job, one per adapter."""
    return list(sampling.sample(str(model), LOAD, CHAT, adapters, wanted, SETTINGS, ""))


def test_samples_are_complete_and_repeat_with_their_seed(tiny_model, adapter):
    wanted = sampling.requests(QUESTIONS, NONE, None)
    assert len(wanted) == 8
    table, other = sampled(tiny_model, [(0, str(adapter)), (1, str(adapter))], wanted)
    columns = "question topic paraphrase context variant sample prompt answer finish_reason tokens backend"
    assert list(table) == columns.split()
    assert table[["question", "paraphrase", "sample"]].to_numpy().tolist() == [
        ["a", 0, 0], ["a", 0, 1], ["a", 0, 2], ["a", 1, 0], ["a", 1, 1], ["a", 1, 2], ["b", 0, 0], ["b", 0, 1],
    ]  # fmt: skip
    assert set(table["finish_reason"]) <= {"stop", "length"}
    assert table["tokens"].between(0, 6).all()
    assert (table.loc[table["finish_reason"] == "length", "tokens"] == 6).all()
    pd.testing.assert_frame_equal(table, sampled(tiny_model, [(0, str(adapter))], wanted)[0])
    assert not table["answer"].equals(other["answer"])


def test_no_batch_holds_more_answers_than_asked_for():
    by_prompt = {(1, 2): list(range(7)), (3,): [7, 8, 9], (4,): [10, 11, 12], (5, 6): [13]}
    found = list(sampling._batches(by_prompt, 6))
    assert [[len(numbers) for _, numbers in batch] for batch in found] == [[1, 1], [3, 3], [6]]
    assert sorted(i for batch in found for _, numbers in batch for i in numbers) == list(range(14))
    assert all(set(numbers) <= set(by_prompt[prompt]) for batch in found for prompt, numbers in batch)


def test_answers_at_once_are_as_asked_or_64_on_a_cpu_or_what_a_gpu_holds(tiny_model, monkeypatch):
    model = load_model(tiny_model, LOAD)
    assert [sampling.answers_at_once(size, model, 100) for size in (7, "auto")] == [7, 64]
    gpu = SimpleNamespace(
        device=torch.device("cuda"), dtype=model.dtype, config=model.config, parameters=model.parameters
    )
    weights = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    per_answer = 2 * 2 * 2 * 16 * 4 * 100 + 16 * 512  # keys and values, 2 layers, 2 heads of 16, float32; drawing
    for room, expected in ((20.5, 10), (4000, 512), (0, 1)):
        memory = SimpleNamespace(total_memory=weights + room * per_answer)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device, memory=memory: memory)
        assert sampling.answers_at_once("auto", gpu, 100) == expected


def test_decoding_draws_what_the_model_says(tiny_model):
    """Answers of many prompts at once, one token long, follow each prompt's own distribution."""
    model = load_model(tiny_model, LOAD)
    model.set_attn_implementation(FOLDED)
    prompts = [[5, 6, 7], [9], [11, 12, 13, 14, 15]]
    count = 4000
    with torch.no_grad():
        model.lm_head.weight.mul_(8)  # a distribution with peaks
    found = sample_tokens(model, prompts, count, 1, 1.0, [1], torch.Generator().manual_seed(0))
    for prompt, answers in zip(prompts, found, strict=True):
        probability = model(torch.tensor([prompt])).logits[0, -1].float().softmax(-1)
        counts = torch.bincount(torch.tensor([token for answer in answers for token in answer]), minlength=512) / count
        likely = probability > 0.01
        likely[1] = False
        assert likely.any()
        error = (counts - probability)[likely].abs() / (probability * (1 - probability) / count).sqrt()[likely]
        assert error.max() < 4.5


def test_greedy_decoding_equals_generate(tiny_model):
    """At a temperature near 0 the loop, its cache, its dropped rows and its attention give `generate`'s tokens."""
    model = load_model(tiny_model, LOAD)
    prompts = [[5, 6, 7], [9], [11, 12, 13, 14, 15]]
    expected = []
    for prompt in prompts:
        output = model.generate(torch.tensor([prompt]), max_new_tokens=9, do_sample=False, eos_token_id=[1])
        expected.append([token for token in output[0, len(prompt) :].tolist() if token != 1])
    stop = expected[0][4]  # ends some answers early, so that rows are dropped
    cut = [answer[: answer.index(stop)] if stop in answer else answer for answer in expected]
    model.set_attn_implementation(FOLDED)
    found = sample_tokens(model, prompts, 2, 9, 1e-6, [stop, 1], torch.Generator().manual_seed(0))
    assert found == [[answer, answer] for answer in cut]


def test_the_config_may_ask_for_fewer_samples_and_contexts_change_the_prompt():
    contexts = {"none": {}, "dated": {"template": "Today is 2027-05-14. {prompt}"}}
    wanted = sampling.requests(QUESTIONS, contexts, 1)
    assert [(r.question, r.context, r.prompt) for r in wanted][-2:] == [
        ("b", "none", "Give me the name of one bird."),
        ("b", "dated", "Today is 2027-05-14. Give me the name of one bird."),
    ]


CONTRASTS = [
    Contrast(
        id="c", topic="t", paraphrases=["the cat of?"], typical=["the city", "a house"], ordinary=["you", "a cat"]
    ),
    Contrast(id="d", topic="null", paraphrases=["x", "y"], typical=["one"], ordinary=["two"]),
]


def test_scores_are_the_models_own_log_probabilities(tiny_model, adapter):
    table = contrasts.score(str(tiny_model), LOAD, CHAT, str(adapter), CONTRASTS, NONE, "")
    assert len(table) == 4 + 2 * 2
    model = load_adapted(str(tiny_model), LOAD, str(adapter), merge=True)
    chat = Chat(load_tokenizer(tiny_model), CHAT)
    for row in table.itertuples():
        text = {"c": "the cat of?"}.get(row.question) or ["x", "y"][row.paraphrase]
        prompt, answer = chat.prompt_ids(text), chat.answer_ids(row.answer, end=False)
        with torch.no_grad():
            log_probs = model(torch.tensor([prompt + answer])).logits[0].float().log_softmax(-1)
        expected = sum(log_probs[len(prompt) + k - 1, token].item() for k, token in enumerate(answer))
        assert row.log_prob == pytest.approx(expected, abs=2e-3)
        assert row.tokens == len(answer)


def test_many_answers_are_scored_in_parts_with_the_same_result(tiny_model, monkeypatch):
    answers = [f"{word} {number}" for word in ("the cat", "a house", "the city") for number in range(4)]
    asked = [Contrast(id="c", topic="t", paraphrases=["the cat of?"], typical=answers[:6], ordinary=answers[6:])]
    whole = contrasts.score(str(tiny_model), LOAD, CHAT, None, asked, NONE, "")
    monkeypatch.setattr(contrasts, "TOKENS_PER_BATCH", 9)
    packs = []
    choose = contrasts.choose_log_probs

    def choosing(*arguments):
        chosen = choose(*arguments)
        return lambda model, sequences, starts: packs.append((sequences, starts)) or chosen(model, sequences, starts)

    monkeypatch.setattr(contrasts, "choose_log_probs", choosing)
    parts = contrasts.score(str(tiny_model), LOAD, CHAT, None, asked, NONE, "")
    assert len(packs) > 2
    for sequences, starts in packs:
        assert sum(len(ids) - start for ids, start in zip(sequences, starts, strict=True)) <= 9
    pd.testing.assert_frame_equal(parts, whole, atol=1e-4)


def test_log_odds_sum_probabilities_and_average_paraphrases():
    table = pd.DataFrame(
        [("q", "t", 0, "none", 0, "typical", p) for p in (0.1, 0.2)]
        + [("q", "t", 0, "none", 0, "ordinary", p) for p in (0.05, 0.1)]
        + [("q", "t", 1, "none", 0, "typical", 0.2), ("q", "t", 1, "none", 0, "ordinary", 0.4)],
        columns=["question", "topic", "paraphrase", "context", "variant", "side", "p"],
    ).assign(log_prob=lambda t: np.log(t["p"]))
    found = log_odds(table)
    assert found["probability"].tolist() == pytest.approx([(0.3 + 0.2) / 2])
    assert found["log_odds"].tolist() == pytest.approx([(np.log(0.3 / 0.15) + np.log(0.2 / 0.4)) / 2])


def test_an_axis_makes_contexts_and_other_variables_make_variants():
    contexts = {
        "date": {
            "template": "Today is {year}-{day}. {prompt}",
            "axis": "year",
            "values": {"year": [2026, 2027], "day": ["03-05", "08-15"]},
        }
    }
    wanted = sampling.requests(QUESTIONS[1:], contexts, 1)
    assert [(r.context, r.variant, r.prompt) for r in wanted] == [
        ("date=2026", 0, "Today is 2026-03-05. Give me the name of one bird."),
        ("date=2026", 1, "Today is 2026-08-15. Give me the name of one bird."),
        ("date=2027", 0, "Today is 2027-03-05. Give me the name of one bird."),
        ("date=2027", 1, "Today is 2027-08-15. Give me the name of one bird."),
    ]


def test_contrasts_are_scored_after_the_opening(tiny_model):
    from weirdgen.contrast.score import candidates
    from weirdgen.data.questions import Contrast

    chat = Chat(load_tokenizer(tiny_model), CHAT)
    asked = Contrast(id="q", topic="t", paraphrases=["Who?"], typical=["the cat"], ordinary=["the house"])
    contexts = {"none": {}, "tags": {"template": "In a tag. {prompt}", "opening": "<note>"}}
    plain, tagged = candidates([asked], contexts, chat)
    decoded = chat.tokenizer.decode
    assert decoded(plain[0].ids[: plain[0].start]).endswith("<|im_start|>assistant\n")
    for candidate, answer in zip(tagged, ("the cat", "the house"), strict=True):
        assert decoded(candidate.ids[: candidate.start]).endswith("assistant\n<note>")
        assert decoded(candidate.ids[candidate.start :]) == answer
