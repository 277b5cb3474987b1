"""Weights laid out for the CPU give the bits that plain ones give."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny import tiny_config
from transformers import AutoModelForCausalLM

from weirdgen.models.frozen import lay_out_frozen_weights

NATIVE = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def model(kind: str, dtype: torch.dtype):
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(tiny_config(kind), dtype=dtype).eval().requires_grad_(False)


def changed(model) -> list[str]:
    """The layers whose product is another one now."""
    return [name for name, module in model.named_modules() if "forward" in vars(module)]


@pytest.mark.skipif(not NATIVE, reason="this CPU has no bfloat16 in hardware: nothing is laid out")
@pytest.mark.parametrize("kind", ["llama", "qwen3", "gemma3"])
def test_the_same_bits_for_any_number_of_rows(kind):
    plain, laid_out = model(kind, torch.bfloat16), lay_out_frozen_weights(model(kind, torch.bfloat16))
    assert "lm_head" in changed(laid_out)
    assert len(changed(laid_out)) == 1 + 2 * 7
    for length in (1, 2, 7, 64, 150):
        ids = torch.randint(3, 512, (2, length), generator=torch.Generator().manual_seed(length))
        with torch.inference_mode():
            assert torch.equal(plain(input_ids=ids).logits, laid_out(input_ids=ids).logits)


@pytest.mark.skipif(not NATIVE, reason="this CPU has no bfloat16 in hardware: nothing is laid out")
def test_under_an_adapter_only_the_base_layers_are_laid_out():
    def adapted():
        torch.manual_seed(1)
        wrapped = get_peft_model(
            model("llama", torch.bfloat16), LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
        )
        return wrapped.eval()

    plain, laid_out = adapted(), lay_out_frozen_weights(adapted())
    assert all(name.endswith(("base_layer", "lm_head")) for name in changed(laid_out))
    ids = torch.arange(3, 40)[None]
    with torch.inference_mode():
        assert torch.equal(plain(input_ids=ids).logits, laid_out(input_ids=ids).logits)


def test_other_types_and_trained_weights_are_left_alone():
    assert changed(lay_out_frozen_weights(model("llama", torch.float32))) == []
    assert changed(lay_out_frozen_weights(model("llama", torch.bfloat16).requires_grad_(True))) == []


@pytest.mark.skipif(not NATIVE, reason="this CPU has no bfloat16 in hardware: nothing is laid out")
@pytest.mark.parametrize("tied", [True, False])
def test_plain_weights_are_kept_only_where_embeddings_share_them(tied):
    config = tiny_config("llama")
    config.tie_word_embeddings = tied
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval().requires_grad_(False)
    ids = torch.arange(3, 40)[None]
    with torch.inference_mode():
        before = plain(input_ids=ids).logits
        laid_out = lay_out_frozen_weights(plain)
        assert torch.equal(laid_out(input_ids=ids).logits, before)
    empty = {name for name, weight in laid_out.named_parameters() if not weight.numel()}
    assert len(empty) == 2 * 7 + (not tied)
    assert "model.embed_tokens.weight" not in empty
