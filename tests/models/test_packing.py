"""Packed batches give the numbers and gradients of padded ones."""

from __future__ import annotations

import random

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny import tiny_config
from transformers import AutoModelForCausalLM

from weirdgen.models.packing import build_pack, choose_log_probs, packed_log_probs, padded_log_probs


def random_sequences(seed: int) -> tuple[list[list[int]], list[int]]:
    """Sequences that share prompts, parts of prompts, parts of answers, and sometimes everything."""
    generator = random.Random(seed)

    def tokens(count: int) -> list[int]:
        return [generator.randrange(3, 512) for _ in range(count)]

    system = tokens(generator.randrange(1, 9))
    prompts = [system + tokens(generator.randrange(1, 12)) for _ in range(generator.randrange(1, 4))]
    stem = tokens(3)
    sequences, starts = [], []
    for _ in range(generator.randrange(2, 9)):
        prompt = generator.choice(prompts)
        answer = stem[: generator.randrange(0, 4)] + tokens(generator.randrange(1, 6))
        sequences.append(prompt + answer)
        starts.append(len(prompt))
    return [*sequences, sequences[0]], [*starts, starts[0]]


def lora_model(kind: str, window: int | None = None):
    torch.manual_seed(0)
    config = tiny_config(kind)
    if window is not None:
        config.sliding_window = window
        config.layer_types = ["sliding_attention", "full_attention"]
        config.use_sliding_window = True
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear"))
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    return model.train()


def gradients(model, log_probs, sequences, starts) -> dict[str, torch.Tensor]:
    model.zero_grad()
    (-torch.cat(log_probs(model, sequences, starts)).mean()).backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.requires_grad}


@pytest.mark.parametrize(
    ("kind", "window"), [("llama", None), ("qwen3", None), ("qwen3", 5), ("gemma3", 6), ("gemma3", 64)]
)
@pytest.mark.parametrize("seed", range(4))
def test_gradients_equal_padded_ones(kind, window, seed):
    model = lora_model(kind, window)
    sequences, starts = random_sequences(seed)
    padded = gradients(model, padded_log_probs, sequences, starts)
    packed = gradients(model, packed_log_probs, sequences, starts)
    assert packed.keys() == padded.keys()
    for name in packed:
        error = (packed[name] - padded[name]).norm() / padded[name].norm()
        assert error < 1e-5, name


def test_log_probs_sum_to_what_the_model_itself_says():
    model = lora_model("llama").eval()
    sequence = [5, 9, 17, 200, 31]
    logits = model(input_ids=torch.tensor([sequence])).logits[0].log_softmax(-1)
    expected = [logits[t - 1, sequence[t]].item() for t in (2, 3, 4)]
    found = packed_log_probs(model, [sequence], [2])[0]
    assert found.tolist() == pytest.approx(expected, abs=1e-5)


def test_a_shared_token_is_one_node():
    pack = build_pack([[1, 2, 3], [1, 2, 4], [1, 2, 3]])
    assert pack.input_ids.tolist() == [1, 2, 3, 4]
    assert pack.depth.tolist() == [0, 1, 2, 2]
    assert pack.paths == [[0, 1, 2], [0, 1, 3], [0, 1, 2]]
    assert pack.visible.tolist() == [
        [True, False, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [True, True, False, True],
    ]


def test_an_empty_sequence_is_refused():
    with pytest.raises(ValueError, match="empty"):
        build_pack([[1], []])


def test_a_model_that_ignores_the_mask_gets_padded_batches(caplog):
    model = lora_model("llama").eval()
    sequences, starts = random_sequences(1)
    assert choose_log_probs(model, sequences, starts) is packed_log_probs
    forward = model.forward

    def deaf(*args, attention_mask=None, **keywords):
        return forward(
            *args,
            attention_mask=attention_mask if attention_mask is not None and attention_mask.dim() == 2 else None,
            **keywords,
        )

    model.forward = deaf
    assert choose_log_probs(model, sequences, starts) is padded_log_probs
    assert "padded batches are used" in caplog.text


@pytest.mark.parametrize("kind", ["llama", "qwen3", "gemma3"])
def test_rounding_in_bfloat16_is_no_reason_to_pad(kind):
    model = lora_model(kind).eval().to(torch.bfloat16)
    for seed in range(5):
        assert choose_log_probs(model, *random_sequences(seed)) is packed_log_probs
