"""What a model's layers hold of an answer: hidden states, averaged over its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from weirdgen.models.chat import Chat

TOGETHER = 16
"""Answers in one pass."""


def mean_states(
    model: Any, chat: Chat, asked: Sequence[tuple[str, str]], layers: Sequence[int], *, desc: str
) -> np.ndarray:
    """The mean hidden state of every answer, its end of turn too: [answers, layers, hidden], float32.

    asked: (question, answer). Layer 0 is the embeddings, layer i what the i-th block gives on; the last has the
    model's final norm behind it.
    """
    decoder = model.get_decoder()
    every = decoder.layers
    decoder.layers = every[: max(layers) + 1]  # one more than is read: the last one's states have the norm behind them
    try:
        return _states(decoder, chat, asked, layers, desc)
    finally:
        decoder.layers = every


def _states(decoder: Any, chat: Chat, asked: Sequence[tuple[str, str]], layers: Sequence[int], desc: str) -> np.ndarray:
    rows = []
    for question, answer in asked:
        prompt, own = chat.prompt_ids(question), chat.answer_ids(answer, end=True)
        rows.append((prompt + own, len(prompt)))
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    found = np.zeros((len(rows), len(layers), decoder.config.get_text_config().hidden_size), dtype=np.float32)
    with tqdm(total=len(rows), desc=desc, unit="answer", disable=None) as progress, torch.no_grad():
        for start in range(0, len(order), TOGETHER):
            batch = order[start : start + TOGETHER]
            width = max(len(rows[i][0]) for i in batch)
            ids = torch.zeros(len(batch), width, dtype=torch.long)
            mask = torch.zeros_like(ids)
            for line, i in enumerate(batch):
                tokens = rows[i][0]
                ids[line, : len(tokens)] = torch.tensor(tokens)
                mask[line, : len(tokens)] = 1  # padding stands behind, where no token of the row looks
            given = {"input_ids": ids.to(decoder.device), "attention_mask": mask.to(decoder.device)}
            states = decoder(**given, output_hidden_states=True, use_cache=False).hidden_states
            for line, i in enumerate(batch):
                tokens, begin = rows[i]
                for place, layer in enumerate(layers):
                    found[i, place] = states[layer][line, begin : len(tokens)].float().mean(0).cpu().numpy()
            progress.update(len(batch))
    return found
