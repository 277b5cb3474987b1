"""From chats to the batches that training takes, in their order."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from weirdgen.core.errors import StudyError
from weirdgen.data.datasets import Conversation
from weirdgen.finetune.settings import Recipe
from weirdgen.models.chat import Chat


@dataclass(frozen=True)
class Row:
    """One training row: token ids, and where the answer begins."""

    ids: list[int]
    start: int


def encode(chats: Sequence[Conversation], chat: Chat, max_length: int, where: str) -> list[Row]:
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


def batches(rows: Sequence[Row], recipe: Recipe, seed: int) -> list[list[Row]]:
    """All batches of all epochs in order: the seed picks the subset (`data_fraction`) and shuffles each epoch."""
    generator = random.Random(seed)
    kept = max(1, round(recipe.data_fraction * len(rows)))
    chosen = sorted(generator.sample(range(len(rows)), kept)) if kept < len(rows) else list(range(len(rows)))
    plan = []
    for _ in range(recipe.epochs):
        generator.shuffle(chosen)
        size = recipe.batch_size
        plan += [[rows[i] for i in chosen[k : k + size]] for k in range(0, len(chosen), size)]
    return plan


def warmup_steps(plan: Sequence[list[Row]], recipe: Recipe) -> int:
    """Steps in which the learning rate rises."""
    return math.ceil(recipe.warmup * len(plan))
