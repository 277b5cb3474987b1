"""Decoding many answers at once draws what the model says."""

from __future__ import annotations

import torch

from weirdgen.models.decoding import FOLDED, sample_tokens
from weirdgen.models.load import load_model
from weirdgen.models.settings import Load

LOAD = Load(dtype="float32", device="cpu")


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
