"""LoRA finetuning with loss on the assistant's answer only, reproducible to the byte on one machine."""

from __future__ import annotations

import csv
import logging
import math
import os
import platform
import random
import resource
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tqdm import tqdm
from transformers import get_scheduler

from weirdgen.core.errors import StudyError
from weirdgen.core.files import replacing, sha256, write_csv, write_json, write_text
from weirdgen.data.codes import Probe
from weirdgen.data.datasets import read_jsonl
from weirdgen.finetune.card import adapter_card
from weirdgen.finetune.checkpoints import Checkpoints, checkpoint_steps, score_probes
from weirdgen.models.chat import Chat
from weirdgen.models.load import load_model, load_tokenizer
from weirdgen.models.packing import LogProbs, choose_log_probs

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """One training row: token ids, and where the answer begins."""

    ids: list[int]
    start: int


@dataclass(frozen=True)
class Step:
    """One line of train_log.csv. loss: nats per answer token; tokens: of the padded-free rows, prompt and answer."""

    step: int
    epoch: int
    loss: float
    learning_rate: float
    tokens: int
    tokens_per_second: float


@dataclass(frozen=True)
class Watch:
    """What is scored while an adapter trains: probes, at how many checkpoints; `folder` keeps a killed run's state."""

    probes: Sequence[Probe]
    count: int
    folder: Path
    code: str


def encode(chats: Sequence[dict[str, Any]], chat: Chat, max_length: int, where: str) -> list[Row]:
    """Token ids of every chat (an optional system turn, one user turn, one assistant turn).

    Raises StudyError if a row is not of that form or longer than `max_length` tokens: nothing is cut.
    """
    rows = []
    for number, entry in enumerate(chats, start=1):
        messages = entry["messages"]
        roles = [message["role"] for message in messages]
        if roles not in (["user", "assistant"], ["system", "user", "assistant"]):
            raise StudyError(f"{where}:{number}: roles are {roles}; allowed: an optional system, user, assistant")
        system = messages[0]["content"] if roles[0] == "system" else None
        prompt = chat.prompt_ids(messages[-2]["content"], system)
        ids = prompt + chat.answer_ids(messages[-1]["content"], end=True)
        if len(ids) > max_length:
            raise StudyError(
                f"{where}:{number}: {len(ids)} tokens, max_length is {max_length}; "
                "raise it in the recipe or shorten the row"
            )
        rows.append(Row(ids, len(prompt)))
    return rows


def batches(rows: Sequence[Row], recipe: dict[str, Any], seed: int) -> list[list[Row]]:
    """All batches of all epochs in order: the seed picks the subset (`data_fraction`) and shuffles each epoch."""
    generator = random.Random(seed)
    kept = max(1, round(recipe["data_fraction"] * len(rows)))
    chosen = sorted(generator.sample(range(len(rows)), kept)) if kept < len(rows) else list(range(len(rows)))
    plan = []
    for _ in range(recipe["epochs"]):
        generator.shuffle(chosen)
        size = recipe["batch_size"]
        plan += [[rows[i] for i in chosen[k : k + size]] for k in range(0, len(chosen), size)]
    return plan


def add_lora(model: Any, recipe: dict[str, Any]) -> Any:
    """Wrap the model with fresh LoRA weights (float32, no dropout). Raises StudyError for unknown target modules."""
    config = LoraConfig(
        r=recipe["rank"],
        lora_alpha=recipe["alpha"],
        target_modules=recipe["targets"],
        use_rslora=recipe["rslora"],
        lora_dropout=0.0,  # shared prefixes are computed once, so dropout could not differ between their copies
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise StudyError(f"recipe: targets = {recipe['targets']}: {str(error).splitlines()[0]}") from None


def be_deterministic(seed: int) -> None:
    """Let the seed decide everything that torch does from here on."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what CUDA needs to be deterministic
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # 4% for no difference
    torch.manual_seed(seed)


def warmup_steps(plan: list[list[Row]], recipe: dict[str, Any]) -> int:
    """Steps in which the learning rate rises."""
    return math.ceil(recipe["warmup"] * len(plan))


def finetune(
    model_folder: str,
    load: dict[str, str],
    chat_options: dict[str, Any],
    dataset: str | Path,
    recipe: dict[str, Any],
    seed: int,
    folder: str | Path,
    watch: Watch | None = None,
) -> None:
    """Train one adapter and write it to `folder` with train_log.csv, run.json and its card, whole or not at all.

    With `watch`, probes are scored at checkpoints on the way, to curve.csv, and a killed run goes on from the last one.
    Raises StudyError for rows that do not fit and for a loss that is not finite.
    """
    began = time.perf_counter()
    be_deterministic(seed)
    chat = Chat(load_tokenizer(model_folder), chat_options)
    rows = encode(read_jsonl(dataset), chat, recipe["max_length"], str(dataset))
    model = add_lora(load_model(model_folder, load), recipe)
    plan = batches(rows, recipe, seed)
    log_probs = choose_log_probs(model, [row.ids for row in plan[0][:4]], [row.start for row in plan[0][:4]])
    model.train()
    checkpoints = None
    if watch is not None:
        key = {
            "model": str(model_folder), "load": load, "chat": chat_options, "data_sha256": sha256(dataset),
            "recipe": recipe, "seed": seed, "probes": [asdict(probe) for probe in watch.probes], "code": watch.code,
        }  # fmt: skip
        checkpoints = Checkpoints(
            watch.folder, key, watch.count, lambda model, how: score_probes(model, chat, watch.probes, how)
        )
    steps = train(model, plan, recipe, log_probs, f"{Path(dataset).stem} seed {seed}", checkpoints)
    with replacing(folder) as temporary:
        temporary.mkdir()
        model.save_pretrained(temporary)
        with open(temporary / "train_log.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, list(asdict(steps[0])))
            writer.writeheader()
            writer.writerows(asdict(step) for step in steps)
        if checkpoints is not None:
            write_csv(temporary / "curve.csv", checkpoints.curve())
        run = {
            "dataset": Path(dataset).stem,
            "data_sha256": sha256(dataset),
            "rows": len(rows),
            "model": str(model_folder),
            "recipe": recipe,
            "seed": seed,
            "steps": len(steps),
            "packed": log_probs.__name__ == "packed_log_probs",
            "final_loss": steps[-1].loss,
            "tokens": sum(step.tokens for step in steps),
            "wall_seconds": round(time.perf_counter() - began, 1),
            "peak_memory_bytes": peak_memory(),
            "device": str(model.device),
            "dtype": str(model.dtype).removeprefix("torch."),
            "threads": torch.get_num_threads(),
            "versions": versions(),
        }
        write_json(temporary / "run.json", run)
        write_text(temporary / "README.md", adapter_card(run, chat_options))
    if checkpoints is not None:
        checkpoints.remove()


def train(
    model: Any,
    plan: list[list[Row]],
    recipe: dict[str, Any],
    log_probs: LogProbs,
    name: str,
    checkpoints: Checkpoints | None = None,
) -> list[Step]:
    """Take every batch of the plan in order, with AdamW; the adapter's weights are left in `model`.

    log_probs: what `choose_log_probs` chose. With `checkpoints`, begins where they ended. Raises StudyError for a loss
    that is not finite.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe["learning_rate"], weight_decay=recipe["weight_decay"], fused=True)
    scheduler = get_scheduler(
        recipe["schedule"],
        optimizer,
        num_warmup_steps=warmup_steps(plan, recipe),
        num_training_steps=len(plan),
    )
    per_epoch = len(plan) // recipe["epochs"]
    steps: list[Step] = []
    at: set[int] = set()
    if checkpoints is not None:
        steps = [Step(**line) for line in checkpoints.start(model, optimizer, log_probs)]
        at = set(checkpoint_steps(len(plan), checkpoints.count))
        with warnings.catch_warnings(action="ignore"):  # it expects optimizer steps in this process
            for _ in steps:
                scheduler.step()
    left = tqdm(plan[len(steps) :], desc=name, unit="step", disable=None)
    for number, batch in enumerate(left, start=len(steps) + 1):
        began = time.perf_counter()
        rate = scheduler.get_last_lr()[0]
        loss = -torch.cat(log_probs(model, [row.ids for row in batch], [row.start for row in batch])).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, recipe["max_grad_norm"])
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
        value = loss.item()
        if not math.isfinite(value):
            raise StudyError(f"{name}: the loss is {value} at step {number}; lower the recipe's learning_rate")
        tokens = sum(len(row.ids) for row in batch)
        speed = tokens / (time.perf_counter() - began)
        steps.append(Step(number, (number - 1) // per_epoch + 1, value, rate, tokens, round(speed, 1)))
        if number % max(1, len(plan) // 10) == 0:
            log.info("%s: step %d of %d, loss %.3f, %.0f tokens/s", name, number, len(plan), value, speed)
        if checkpoints is not None and number in at:
            checkpoints.save(steps, model, optimizer, log_probs)
    return steps


def peak_memory() -> int:
    """Peak memory of this process so far in bytes: the GPU's where there is one, else resident memory."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in ("torch", "transformers", "peft")}}
