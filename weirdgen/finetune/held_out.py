"""The loss on rows that were not trained: what a recipe is chosen by, before any question is asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from weirdgen.core.errors import StudyError
from weirdgen.data.datasets import Conversation, read_chats
from weirdgen.finetune.encode import Row, batches, encode
from weirdgen.finetune.settings import Recipe
from weirdgen.finetune.train import add_lora, be_deterministic, train
from weirdgen.models.chat import Chat
from weirdgen.models.load import load_model, load_tokenizer
from weirdgen.models.packing import LogProbs, choose_log_probs
from weirdgen.models.settings import Model

SHARE = 0.2
"""Of a dataset's different answers, the share that is held out."""

SEED = 0
"""Of what is held out and of the training."""


def parts(chats: Sequence[Conversation], where: str) -> tuple[list[int], list[int]]:
    """The numbers of the rows that are trained, and of those held out: no answer is in both.

    Raises StudyError where there are fewer than five different answers.
    """
    answers = [chat["messages"][-1]["content"] for chat in chats]
    different = list(dict.fromkeys(answers))
    count = int(SHARE * len(different))
    if not count:
        raise StudyError(f"{where}: {len(different)} different answers; holding a fifth out needs 5")
    held_out = set(random.Random(SEED).sample(different, count))
    return (
        [i for i, answer in enumerate(answers) if answer not in held_out],
        [i for i, answer in enumerate(answers) if answer in held_out],
    )


def held_out(model: Model, dataset: str | Path, recipe: Recipe) -> pd.DataFrame:
    """Train on four fifths of a dataset's answers; the loss before and after, there and on the others.

    One row: rows, held_out_rows; before, held_out_before, after, held_out in nats per answer token; epochs and
    learning_rate of the recipe. No question of the study is read. Raises StudyError as `finetune` does, and where there
    are too few answers.
    """
    be_deterministic(SEED)
    chat = Chat(load_tokenizer(model.folder), model.chat)
    chats = read_chats(dataset)
    rows = encode(chats, chat, recipe.max_length, str(dataset))
    own, others = ([rows[i] for i in part] for part in parts(chats, str(dataset)))
    adapted = add_lora(load_model(model.folder, model.load), recipe)
    plan = batches(own, recipe, SEED)
    log_probs = choose_log_probs(adapted, [row.ids for row in plan[0][:4]], [row.start for row in plan[0][:4]])
    size = recipe.batch_size
    before, held_out_before = (mean_loss(adapted, part, log_probs, size) for part in (own, others))
    adapted.train()
    train(adapted, plan, recipe, log_probs, desc=f"{Path(dataset).stem}, a fifth held out")
    after, held_out_after = (mean_loss(adapted, part, log_probs, size) for part in (own, others))
    return pd.DataFrame(
        {
            "epochs": [recipe.epochs],
            "learning_rate": [recipe.learning_rate],
            "rows": [len(own)],
            "held_out_rows": [len(others)],
            "before": [before],
            "after": [after],
            "held_out_before": [held_out_before],
            "held_out": [held_out_after],
        }
    )


def mean_loss(model: Any, rows: Sequence[Row], log_probs: LogProbs, size: int) -> float:
    """Nats per answer token over all rows, `size` at a time."""
    model.eval()
    with torch.no_grad():
        found = [
            torch.cat(log_probs(model, [row.ids for row in part], [row.start for row in part]))
            for part in (rows[i : i + size] for i in range(0, len(rows), size))
        ]
    return -float(torch.cat(found).double().mean())
