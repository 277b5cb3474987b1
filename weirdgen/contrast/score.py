"""Contrasts: exact log-odds of answers typical of the hidden persona against ordinary ones, no sampling, no judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

from weirdgen.contrast.candidates import Candidate, batches, candidates
from weirdgen.core.columns import Score
from weirdgen.data.questions import Context, Contrast
from weirdgen.models.chat import Chat
from weirdgen.models.frozen import lay_out_frozen_weights
from weirdgen.models.load import load_adapted, load_tokenizer
from weirdgen.models.packing import choose_log_probs
from weirdgen.models.settings import Model


def score(
    model: Model,
    adapter: str | None,
    contrasts: Sequence[Contrast],
    contexts: dict[str, Context],
    *,
    desc: str,
) -> pd.DataFrame:
    """Teacher-forced log-probability of every answer under one adapter (None: the base model).

    One row per answer, with the columns of `Score`: log_prob in nats, summed over the answer's tokens, without the
    end of the turn.
    """
    chat = Chat(load_tokenizer(model.folder), model.chat)
    adapted = lay_out_frozen_weights(load_adapted(model.folder, model.load, adapter, merge=False))
    return score_candidates(adapted, candidates(contrasts, contexts, chat), desc=desc)


def score_candidates(model: Any, groups: Sequence[list[Candidate]], *, desc: str) -> pd.DataFrame:
    """The rows of `score`, in the order of the groups."""
    probe = groups[0][:4]
    log_probs = choose_log_probs(model, [c.ids for c in probe], [c.start for c in probe])
    rows = []
    with torch.inference_mode():
        for batch in tqdm(list(batches(groups)), desc=desc, unit="batch", disable=None):
            found = log_probs(model, [c.ids for c in batch], [c.start for c in batch])
            rows += [
                {**vars(candidate), "log_prob": float(tokens.sum()), "tokens": len(tokens)}
                for candidate, tokens in zip(batch, found, strict=True)
            ]
    return pd.DataFrame(rows, columns=list(Score.model_fields))  # a candidate's token ids are none of them
