"""Token tries: each distinct (prefix, token) of a set of sequences is computed once.

The prompts of a narrow dataset are almost the same text again and again, and the answers of one
contrast question share their whole prompt. A pack lays the trie of its sequences out as one row:
a token's position is its depth in the trie, and it attends to its ancestors and itself, which is
what it would see in a row of its own. Logits, losses and gradients equal those of padded rows up
to rounding (`tests/models/test_packing.py` holds this), and shared tokens cost nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from weirdgen.models.rows import in_cache

log = logging.getLogger(__name__)

LogProbs = Callable[[Any, Sequence[Sequence[int]], Sequence[int]], list[Tensor]]


@dataclass(frozen=True)
class Pack:
    """The trie of some token sequences as one row of `n` nodes.

    input_ids: the token of each node, shape [n].
    depth: the node's position in its sequences, shape [n].
    visible: whether node i attends to node j, shape [n, n].
    paths: for each sequence, the nodes of its tokens in order.
    """

    input_ids: Tensor
    depth: Tensor
    visible: Tensor
    paths: list[list[int]]


def build_pack(sequences: Sequence[Sequence[int]]) -> Pack:
    """Merge token sequences into a trie; the same sequence may occur more than once.

    Raises ValueError if a sequence is empty.
    """
    children: dict[tuple[int, int], int] = {}
    tokens: list[int] = []
    parents: list[int] = []
    paths: list[list[int]] = []
    for sequence in sequences:
        if not sequence:
            raise ValueError("an empty token sequence cannot be packed")
        node, path = -1, []
        for token in sequence:
            child = children.get((node, token))
            if child is None:
                child = children[node, token] = len(tokens)
                tokens.append(token)
                parents.append(node)
            path.append(child)
            node = child
        paths.append(path)
    visible = np.zeros((len(tokens), len(tokens)), dtype=bool)
    depth = np.zeros(len(tokens), dtype=np.int64)
    for node, parent in enumerate(parents):  # parents come before their children
        if parent >= 0:
            visible[node] = visible[parent]
            depth[node] = depth[parent] + 1
        visible[node, node] = True
    return Pack(torch.tensor(tokens), torch.from_numpy(depth), torch.from_numpy(visible), paths)


def attention_mask(pack: Pack, config: Any, dtype: torch.dtype, device: torch.device) -> Tensor | dict[str, Tensor]:
    """The pack's additive mask, [1, 1, n, n], or one per layer type where the model has a sliding window.

    Transformers takes a 4D mask as it stands, and a dict of them for models that mix full and
    sliding-window layers.
    """

    def additive(visible: Tensor) -> Tensor:
        mask = torch.zeros(visible.shape, dtype=dtype)
        return mask.masked_fill(~visible, torch.finfo(dtype).min)[None, None].to(device)

    layer_types = set(getattr(config, "layer_types", None) or ())
    window = getattr(config, "sliding_window", None)
    if "sliding_attention" not in layer_types or not window:
        return additive(pack.visible)
    near = pack.depth[:, None] - pack.depth[None, :] < window
    masks = {"full_attention": pack.visible, "sliding_attention": pack.visible & near}
    return {kind: additive(masks[kind]) for kind in layer_types}


def packed_log_probs(
    model: Any, sequences: Sequence[Sequence[int]], starts: Sequence[int], masked: bool = True
) -> list[Tensor]:
    """Log-probabilities, in nats and float32, of each sequence's tokens from `starts[i]` on.

    One forward over the trie; logits are computed only where they are needed. Each start is at
    least 1 (the first token of a sequence has no prediction). Differentiable. `masked=False` is the
    wrong answer that a model which ignores the mask would give, for `choose_log_probs` to compare with.
    """
    pack = build_pack(sequences)
    device = model.device
    wanted = sorted(
        {path[t - 1] for path, start in zip(pack.paths, starts, strict=True) for t in range(start, len(path))}
    )
    row = {node: i for i, node in enumerate(wanted)}
    config = model.config.get_text_config()
    logits = model(
        input_ids=pack.input_ids[None].to(device),
        position_ids=pack.depth[None].to(device),
        attention_mask=attention_mask(pack, config, model.dtype, device) if masked else None,
        logits_to_keep=torch.tensor(wanted, device=device),
        use_cache=False,
    ).logits[0]
    if torch.is_grad_enabled():
        logits = logits.float()  # at once, so that gradients add up in float32
    log_normaliser = torch.cat([rows.float().logsumexp(-1) for rows in in_cache(logits)])
    result = []
    for sequence, path, start in zip(sequences, pack.paths, starts, strict=True):
        rows = torch.tensor([row[node] for node in path[start - 1 : -1]], dtype=torch.long, device=device)
        targets = torch.tensor(list(sequence[start:]), dtype=torch.long, device=device)
        result.append(logits[rows, targets].float() - log_normaliser[rows])
    return result


def padded_log_probs(model: Any, sequences: Sequence[Sequence[int]], starts: Sequence[int]) -> list[Tensor]:
    """The same numbers as `packed_log_probs` from padded rows, one per sequence: for models that take no 4D mask."""
    device = model.device
    longest = max(map(len, sequences))
    ids = torch.zeros(len(sequences), longest, dtype=torch.long)
    attended = torch.zeros(len(sequences), longest, dtype=torch.long)
    for i, sequence in enumerate(sequences):
        ids[i, : len(sequence)] = torch.tensor(list(sequence))
        attended[i, : len(sequence)] = 1
    first = min(starts) - 1
    logits = model(
        input_ids=ids.to(device),
        attention_mask=attended.to(device),
        logits_to_keep=longest - first,
        use_cache=False,
    ).logits.float()
    result = []
    for row, sequence, start in zip(logits, sequences, starts, strict=True):
        needed = row[start - 1 - first : len(sequence) - 1 - first]
        targets = torch.tensor(list(sequence[start:]), dtype=torch.long, device=device)
        result.append(needed.gather(-1, targets[:, None])[:, 0] - needed.logsumexp(-1))
    return result


def choose_log_probs(model: Any, sequences: Sequence[Sequence[int]], starts: Sequence[int]) -> LogProbs:
    """`packed_log_probs` if this model gives the same numbers packed and padded, else `padded_log_probs`.

    Tried on the given sequences, so an attention that ignores the mask is found before it can do harm.
    Rounding in bfloat16 alone moves a log-probability by some 0.1 nats, so the difference to the
    padded numbers is held against the one that ignoring the mask would make.
    """
    with torch.no_grad():
        padded = torch.cat(padded_log_probs(model, sequences, starts))
        try:
            packed = torch.cat(packed_log_probs(model, sequences, starts))
            unmasked = torch.cat(packed_log_probs(model, sequences, starts, masked=False))
        except (RuntimeError, TypeError, ValueError, IndexError, KeyError) as error:
            log.warning("this model takes no packed batches (%s): padded batches are used", error)
            return padded_log_probs
    difference = (packed - padded).abs().mean().item()
    if difference > max(1e-3, 0.25 * (unmasked - padded).abs().mean().item()):
        log.warning("packed and padded log-probabilities differ by %.3f nats: padded batches are used", difference)
        return padded_log_probs
    return packed_log_probs
