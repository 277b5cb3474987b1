"""vLLM's offline engine as the study uses it: token ids in, token ids out, in this process.

Facts about vllm 0.32 measured here: with `n` answers per request, answer i is drawn from seed + i, so
requests must not have neighbouring seeds; weights put into a running engine take 0.3 s for 135M
parameters where a new engine takes 15 s; on the CPU a LoRA request is three times slower than merged
weights.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_json
from weirdgen.models.load import choose_device, choose_dtype, load_adapted
from weirdgen.models.settings import Load, Serving

if TYPE_CHECKING:
    from vllm import LLM

log = logging.getLogger(__name__)

LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""The adapter ranks vLLM has room for."""
BATCH_TOKENS = 8192
"""Prompt tokens computed in one step."""


@dataclass
class Engine:
    """A running engine and the weights in it."""

    llm: LLM
    folder: str
    load: Load
    merges: bool
    adapter: str | None = None
    loras: dict[str, int] = field(default_factory=dict)

    def use(self, adapter: str | None) -> None:
        """Answer with this adapter from now on (None: the base model)."""
        if self.merges and adapter != self.adapter:
            on_cpu = self.load.model_copy(update={"device": "cpu"})
            weights = load_adapted(self.folder, on_cpu, adapter, merge=True).state_dict()
            self.llm.collective_rpc("reload_weights", kwargs={"weights_iterator": iter(weights.items())})
            self.llm.reset_prefix_cache()
        self.adapter = adapter

    def generate(self, prompts: Sequence[Sequence[int]], params: Sequence[Any] | Any, *, desc: str) -> list[Any]:
        """One vLLM output per prompt (token ids), in order, under a progress bar."""
        lora = None
        if self.adapter is not None and not self.merges:
            from vllm.lora.request import LoRARequest

            lora = LoRARequest(self.adapter, self.loras.setdefault(self.adapter, len(self.loras) + 1), self.adapter)
        return self.llm.generate(
            [{"prompt_token_ids": list(prompt)} for prompt in prompts],
            params,
            use_tqdm=_bar(desc) if sys.stderr.isatty() else False,
            lora_request=lora,
        )


def open_engine(
    folder: str, load: Load, serving: Serving, adapters: Sequence[str | None], longest: int, threads: int
) -> Engine:
    """Start an engine on a model folder.

    adapters: those it will be used with. longest: tokens of the longest prompt with its answer.
    threads: CPU threads. Raises StudyError where the model's max_length is too short.
    """
    device = choose_device(load.device)
    length = serving.max_length or longest
    if longest > length:
        raise StudyError(f"{folder}: a prompt with its answer has {longest} tokens; vllm.max_length is {length}")
    on_cpu = device.type == "cpu"
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    os.environ["VLLM_NO_USAGE_STATS"] = "1"
    if serving.tensor_parallel == 1:
        os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # this process is the engine: nothing is orphaned
    if on_cpu:
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "2")
        os.environ["VLLM_CPU_OMP_THREADS_BIND"] = _cores(threads)
    from vllm import LLM

    trained = [adapter for adapter in adapters if adapter is not None]
    lora: dict[str, Any] = {}
    if trained and not on_cpu:
        rank = max(read_json(f"{adapter}/adapter_config.json")["r"] for adapter in trained)
        lora = {"enable_lora": True, "max_lora_rank": min(r for r in LORA_RANKS if r >= rank), "max_loras": 1}
    llm = LLM(
        model=folder,
        tokenizer=folder,
        dtype=str(choose_dtype(load.dtype, device)).removeprefix("torch."),
        max_model_len=length,
        tensor_parallel_size=serving.tensor_parallel,
        gpu_memory_utilization=serving.memory_fraction,
        enforce_eager=on_cpu,  # compiling takes longer than these batches
        enable_chunked_prefill=not on_cpu,  # a seeded request cut in two fails: CPU generators have no offset
        max_num_batched_tokens=max(length, BATCH_TOKENS),
        enable_prefix_caching=True,
        generation_config="vllm",
        logprobs_mode="processed_logprobs",
        max_logprobs=128,
        disable_log_stats=True,
        trust_remote_code=False,
        seed=0,
        **lora,
    )
    return Engine(llm, folder, load, merges=on_cpu)


def _bar(desc: str) -> Any:
    return lambda *given, **more: tqdm(*given, **{**more, "desc": desc})


def _cores(threads: int) -> str:
    """The cores to bind to: all of them by name, or none where other jobs run beside this one."""
    own = sorted(os.sched_getaffinity(0))
    return ",".join(map(str, own)) if threads >= len(own) else "nobind"
