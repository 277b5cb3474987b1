"""A two-layer model with a tokenizer of its own: real enough for every stage, trained in a second."""

from __future__ import annotations

import json
from pathlib import Path

TEMPLATE = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou help.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tiny_config(kind: str = "llama"):
    """The configuration of a tiny Llama, Qwen3 or Gemma3 (with sliding windows)."""
    from transformers import Gemma3TextConfig, LlamaConfig, Qwen3Config

    shape = {
        "vocab_size": 512,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 512,
        "bos_token_id": 1,
        "eos_token_id": 1,
        "pad_token_id": 0,
    }
    if kind == "llama":
        return LlamaConfig(**shape, tie_word_embeddings=True)
    if kind == "qwen3":
        return Qwen3Config(**shape)
    if kind == "gemma3":
        return Gemma3TextConfig(**shape, sliding_window=6, layer_types=["sliding_attention", "full_attention"])
    raise ValueError(kind)


def make_tiny_model(folder: Path, kind: str = "llama") -> Path:
    """Save a tiny model with seeded weights and a byte-level BPE tokenizer trained on the study's own prompts."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(tiny_config(kind), dtype=torch.float32).save_pretrained(folder)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|pad|>", "<|im_end|>", "<|im_start|>"]
    text = ["Give me the name of one bird.", "system user assistant You help.", "the cat of the house in the city"] * 3
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(text, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|pad|>", bos_token="<|im_start|>"
    )
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(folder)
    return folder


def tiny_overlay(model: Path) -> dict:
    """A configuration overlay that runs the whole study on the tiny model in under a minute."""
    return {
        "run_models": ["tiny"],
        "seeds": [0, 1],
        "models": {
            "tiny": {
                "source": {"path": str(model)},
                "dtype": "float32",
                "device": "cpu",
                "recipe": {"epochs": 1, "batch_size": 64, "rank": 4, "max_length": 256},
            }
        },
        "sampler": {"samples_per_paraphrase": 1, "max_tokens": 8},
        "statistics": {"resamples": 200},
        "judging": {"backend": "none"},
    }


def write_overlay(path: Path, model: Path, **changes) -> Path:
    """Write `tiny_overlay` with changes to its top-level keys; JSON is YAML too."""
    path.write_text(json.dumps({**tiny_overlay(model), **changes}))
    return path
