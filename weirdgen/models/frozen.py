"""Frozen weights in the layout that a CPU's matrix products want.

For every product in bfloat16 torch hands oneDNN plain weights, and oneDNN copies them into a blocked layout of its
own first, each time. Weights that do not change can be laid out once: measured here, products of 16 to 100 rows take
1.2 to 1.6 times less time, with the same bits (`tests/models/test_frozen.py`). The calls are those that torch's own
compiler makes for frozen models. Training is left as it is: what it gains there, autograd's bookkeeping takes.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import torch
from torch import Tensor

log = logging.getLogger(__name__)

ROWS = 64
"""Rows of a product that the layout is chosen for; any number is right."""


def lay_out_frozen_weights(model: Any) -> Any:
    """Lay out the frozen bfloat16 linear layers of a model on a CPU; the model as it is where that cannot be done.

    For inference only. Call it when the weights are final: after an adapter was merged. The plain weights go, so that
    no model takes more memory for it; those that embeddings share stay.
    """
    layers = [
        module
        for module in model.modules()
        if isinstance(module, torch.nn.Linear)
        and module.weight.dtype == torch.bfloat16
        and module.weight.device.type == "cpu"
        and not module.weight.requires_grad
    ]
    supported = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    if not supported:
        return model
    others = [module for module in model.modules() if not isinstance(module, torch.nn.Linear)]
    shared = {id(weight) for module in others for weight in module.parameters(recurse=False)}
    for layer in layers:
        weight = layer.weight
        laid_out = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), ROWS)
        layer.forward = partial(_product, weight=laid_out, bias=layer.bias)  # type: ignore[method-assign]
        if id(weight) not in shared:
            layer.weight = torch.nn.Parameter(weight.new_empty(0), requires_grad=False)
    log.info("%d frozen layers laid out for the CPU", len(layers))
    return model


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
