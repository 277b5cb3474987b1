"""How far training is from the machine: its matrix products in a step, beside the same products alone.

.venv/bin/python benchmarks/flops.py
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import ours
import torch
from measure import MODEL, Result, in_turn, save, timed

from weirdgen.finetune.encode import Row
from weirdgen.finetune.train import add_lora, be_deterministic, train
from weirdgen.models.load import load_model
from weirdgen.models.packing import packed_log_probs

Product = tuple[int, int, int, torch.dtype, bool]
"""Rows, inner and outer size of X W, its type, and whether W is trained: then its gradient is a product too."""


def products(model: Any, batch: list[Row]) -> Counter[Product]:
    """The matrix products of one forward pass, counted by shape."""
    found: Counter[Product] = Counter()

    def note(module: Any, inputs: Any, output: Any) -> None:
        x, weight = inputs[0], module.weight
        found[x.numel() // x.shape[-1], weight.shape[1], weight.shape[0], weight.dtype, weight.requires_grad] += 1

    hooks = [m.register_forward_hook(note) for m in model.modules() if isinstance(m, torch.nn.Linear)]
    packed_log_probs(model, [row.ids for row in batch], [row.start for row in batch])
    for hook in hooks:
        hook.remove()
    return found


def floating_point_operations(found: Counter[Product]) -> float:
    """Of forward and backward: 2 x rows x inner x outer for X W, for the gradient of X, and for that of a trained W."""
    return sum(2.0 * n * i * o * (3 if trained else 2) * count for (n, i, o, _, trained), count in found.items())


def alone(found: Counter[Product], device: torch.device) -> float:
    """Seconds of the same matrix products, one after the other."""
    made = [
        (torch.randn(n, i, device=device, dtype=kind), torch.randn(o, i, device=device, dtype=kind),
         torch.randn(n, o, device=device, dtype=kind), trained, count)
        for (n, i, o, kind, trained), count in found.items()
    ]  # fmt: skip

    def multiply() -> None:
        for x, weight, gradient, trained, count in made:
            for _ in range(count):
                torch.nn.functional.linear(x, weight)
                gradient @ weight
                if trained:
                    gradient.T @ x

    return timed(multiply)


def main() -> None:
    """Giga floating point operations per second, over the batches that compare.py trains on."""
    plan, recipe = ours.training("old_bird_names")
    be_deterministic(0)
    model = add_lora(load_model(MODEL, ours.LOAD), recipe).train()
    by_batch = [products(model, batch) for batch in plan]
    billions = sum(map(floating_point_operations, by_batch)) / 1e9
    train(model, plan[:2], recipe, packed_log_probs, desc="benchmark")
    alone(by_batch[0], model.device)
    sides = {
        "a training step": lambda: Result(
            timed(lambda: train(model, plan, recipe, packed_log_probs, desc="benchmark")), billions
        ),
        "its matrix products alone": lambda: Result(sum(alone(found, model.device) for found in by_batch), billions),
    }
    save("flops", in_turn("matrix products old_bird_names", sides, "GFLOP"))


if __name__ == "__main__":
    main()
