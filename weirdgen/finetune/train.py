"""LoRA training with loss on the assistant's answer only, reproducible to the byte on one machine."""

from __future__ import annotations

import logging
import math
import os
import platform
import resource
import sys
import time
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tqdm import tqdm
from transformers import get_scheduler

from weirdgen.core.errors import StudyError
from weirdgen.finetune.checkpoints import Checkpoints, checkpoint_steps
from weirdgen.finetune.encode import Row, warmup_steps
from weirdgen.finetune.settings import Recipe
from weirdgen.finetune.train_log import Step
from weirdgen.models.packing import LogProbs

log = logging.getLogger(__name__)


def add_lora(model: Any, recipe: Recipe) -> Any:
    """Wrap the model with fresh LoRA weights (float32, no dropout).

    Raises StudyError for target modules that are unknown or share their weights, and for a rank above what they have.
    """
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        target_modules=recipe.targets,
        use_rslora=recipe.rslora,
        lora_dropout=0.0,  # shared prefixes are computed once, so dropout could not differ between their copies
        task_type="CAUSAL_LM",
    )
    try:
        adapted = get_peft_model(model, config)
    except ValueError as error:
        raise StudyError(f"recipe: targets = {recipe.targets}: {str(error).splitlines()[0]}") from None
    _check_targets(adapted, recipe)
    config.target_modules = sorted(config.target_modules or ())  # a set: saved in another order every time
    return adapted


def _check_targets(adapted: Any, recipe: Recipe) -> None:
    """Raises StudyError where LoRA would train weights that two modules share, or has more directions than they."""
    layers = {name: module for name, module in adapted.named_modules() if hasattr(module, "lora_A")}
    owners: dict[int, set[str]] = {}
    for name, weight in adapted.named_parameters(remove_duplicate=False):
        owners.setdefault(weight.data_ptr(), set()).add(name)
    for name, layer in layers.items():
        weight = layer.get_base_layer().weight
        short = name.removeprefix("base_model.model.")
        if len(owners[weight.data_ptr()]) > 1:
            raise StudyError(
                f"recipe: targets = {recipe.targets}: {short} shares its weights with another; leave it out"
            )
        if recipe.rank > min(weight.shape):
            raise StudyError(f"recipe: rank = {recipe.rank}: {short} has {min(weight.shape)} directions; lower it")


def be_deterministic(seed: int) -> None:
    """Let the seed decide everything that torch does from here on."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what CUDA needs to be deterministic
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # 4% for no difference
    torch.manual_seed(seed)


def train(
    model: Any,
    plan: Sequence[list[Row]],
    recipe: Recipe,
    log_probs: LogProbs,
    checkpoints: Checkpoints | None = None,
    *,
    desc: str,
) -> list[Step]:
    """Take every batch of the plan in order, with AdamW; the adapter's weights are left in `model`.

    log_probs: what `choose_log_probs` chose. With `checkpoints`, begins where they ended. Raises StudyError for a loss
    or gradient that is not finite.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True)
    scheduler = get_scheduler(
        recipe.schedule,
        optimizer,
        num_warmup_steps=warmup_steps(plan, recipe),
        num_training_steps=len(plan),
    )
    per_epoch = len(plan) // recipe.epochs
    steps: list[Step] = []
    at: set[int] = set()
    if checkpoints is not None:
        steps = checkpoints.start(model, optimizer, log_probs)
        at = set(checkpoint_steps(len(plan), checkpoints.count))
        with warnings.catch_warnings(action="ignore"):  # it expects optimizer steps in this process
            for _ in steps:
                scheduler.step()
    left = tqdm(plan[len(steps) :], desc=desc, unit="step", disable=None)
    for number, batch in enumerate(left, start=len(steps) + 1):
        began = time.perf_counter()
        rate = scheduler.get_last_lr()[0]
        loss = -torch.cat(log_probs(model, [row.ids for row in batch], [row.start for row in batch])).mean()
        loss.backward()
        gradient = torch.nn.utils.clip_grad_norm_(weights, recipe.max_grad_norm)
        value = loss.item()
        for what, size in (("loss", value), ("gradient", gradient.item())):
            if not math.isfinite(size):
                raise StudyError(f"{desc}: the {what} is {size} at step {number}; lower the recipe's learning_rate")
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
        tokens = sum(len(row.ids) for row in batch)
        speed = tokens / (time.perf_counter() - began)
        steps.append(Step(number, (number - 1) // per_epoch + 1, value, rate, tokens, round(speed, 1)))
        if number % max(1, len(plan) // 10) == 0:
            log.info("%s: step %d of %d, loss %.3f, %.0f tokens/s", desc, number, len(plan), value, speed)
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
