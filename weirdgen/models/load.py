"""Loading models: device, dtype, tokenizer, adapters."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weirdgen.core.errors import StudyError
from weirdgen.models.settings import Load

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def choose_device(device: str) -> torch.device:
    """`auto` is CUDA where there is a GPU, else the CPU. Raises StudyError if a GPU is asked for and missing."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise StudyError("device = cuda, but torch sees no GPU; set `device: auto` in the model registry or fix CUDA")
    return torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")


def choose_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """`auto` is bfloat16 where the hardware multiplies it natively (any GPU of use, AVX512-BF16, AMX), else float32."""
    import torch

    if dtype != "auto":
        return getattr(torch, dtype)
    native = device.type == "cuda" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32


def load_model(folder: str | Path, load: Load) -> PreTrainedModel:
    """The base model, frozen, in evaluation mode, with the registry's dtype and device.

    Raises StudyError if a GPU is asked for and missing, or the files are no whole model.
    """
    from transformers import AutoModelForCausalLM

    device = choose_device(load.device)
    with readable(folder):
        model, info = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=choose_dtype(load.dtype, device),
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    if info["missing_keys"]:  # transformers would draw them at random
        raise StudyError(f"{folder}: the weights lack {min(info['missing_keys'])}; fetch the model again")
    return model.to(device).eval().requires_grad_(False)


def load_adapted(folder: str | Path, load: Load, adapter: str | Path | None, merge: bool) -> Any:
    """The base model with an adapter on it (None: as it is).

    merge: add the adapter to the weights, so that sampling pays nothing for it. The sum is rounded
    to the weights' dtype; contrasts keep the adapter apart, in float32.
    """
    from peft import PeftModel

    model = load_model(folder, load)
    if adapter is None:
        return model
    adapted = PeftModel.from_pretrained(model, str(adapter))
    return (adapted.merge_and_unload() if merge else adapted).eval()


@contextmanager
def readable(folder: str | Path) -> Iterator[None]:
    """Raises StudyError where the files of a model folder cannot be read for what they should be."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise StudyError(
            f"{folder}: no model can be loaded from it: {said}; fetch it again, or mend its files"
        ) from None


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerBase:
    """The model's tokenizer. Raises StudyError if it has no chat template."""
    from transformers import AutoTokenizer

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with readable(folder):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    if not tokenizer.chat_template:
        raise StudyError(f"{folder}: the tokenizer has no chat template; use an instruction-tuned model")
    return tokenizer
