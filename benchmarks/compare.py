"""This project beside what a user would pick instead, in turn in one process, on the study's own data.

.venv-bench/bin/python benchmarks/compare.py [finetune] [contrasts] [sampling]
"""

from __future__ import annotations

import sys
from functools import partial

import ours
import peers
from measure import MODEL, Measurement, in_turn, save

from weirdgen.models.frozen import lay_out_frozen_weights
from weirdgen.models.load import load_model


def finetune() -> list[Measurement]:
    """Tokens per second over the same batches in the same order."""
    found = []
    for experiment in ("old_bird_names", "german_city_names"):
        plan, recipe = ours.training(experiment)
        sides = {
            "this project": partial(ours.finetune, recipe=recipe),
            "TRL SFTTrainer": partial(peers.trl_finetune, recipe=recipe, tuned=False),
            "TRL SFTTrainer, tuned": partial(peers.trl_finetune, recipe=recipe, tuned=True),
        }
        for side in sides.values():
            side(plan[:2])  # the first steps of a process are slow
        work = f"finetune {experiment}"
        found += in_turn(work, {name: partial(side, plan) for name, side in sides.items()}, "tokens")
    return found


def contrasts() -> list[Measurement]:
    """Requests per second, all contrast requests of old bird names on the base model."""
    mine, model, chat = lay_out_frozen_weights(load_model(MODEL, ours.LOAD)), load_model(MODEL, ours.LOAD), ours.chat()
    groups = ours.contrast_groups("old_bird_names")
    requests = peers.harness_requests(groups, chat)
    sides = {"this project": partial(ours.contrasts, mine, groups)}
    for peer, softmax in (("lm-evaluation-harness", None), ("lm-evaluation-harness, float32 softmax", "float32")):
        lm = peers.harness(model, chat.tokenizer, softmax)
        peers.harness_contrasts(lm, requests[:16])
        sides[peer] = partial(peers.harness_contrasts, lm, requests)
    ours.contrasts(mine, groups[:4])
    return in_turn("contrasts old_bird_names", sides, "requests")


def sampling() -> list[Measurement]:
    """Tokens per second, 50 answers of at most 64 tokens to each of 10 questions, base model."""
    chat, asked = ours.chat(), ours.prompts("old_bird_names")
    mine, plain = lay_out_frozen_weights(load_model(MODEL, ours.LOAD)), load_model(MODEL, ours.LOAD)
    seeds = iter(range(100))
    sides = {
        "this project": lambda asked=asked: ours.sampling(mine, asked, chat, next(seeds)),
        "generate": lambda asked=asked: peers.generate(plain, asked, chat, next(seeds)),
    }
    for side in sides.values():
        side(asked[:1])
    return in_turn("sampling old_bird_names", sides, "tokens")


if __name__ == "__main__":
    works = {"finetune": finetune, "contrasts": contrasts, "sampling": sampling}
    for name in sys.argv[1:] or works:
        save(name, works[name]())
