"""One finetuned adapter on disk, whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from weirdgen.core.files import replacing, sha256, write_csv
from weirdgen.data.codes import Probe
from weirdgen.data.datasets import read_chats
from weirdgen.finetune.checkpoints import Checkpoints, Key, score_probes
from weirdgen.finetune.encode import batches, encode
from weirdgen.finetune.run import Run, write_run
from weirdgen.finetune.settings import Recipe
from weirdgen.finetune.train import add_lora, be_deterministic, peak_memory, train, versions
from weirdgen.finetune.train_log import write_train_log
from weirdgen.models.chat import Chat
from weirdgen.models.fetch import read_source
from weirdgen.models.load import load_model, load_tokenizer
from weirdgen.models.packing import choose_log_probs, packed_log_probs
from weirdgen.models.settings import Model


@dataclass(frozen=True)
class Watch:
    """What is scored while an adapter trains: probes, at how many checkpoints.

    folder: keeps a killed run's state. code: what the run computes, as a hash; a checkpoint of other code is not used.
    """

    probes: Sequence[Probe]
    count: int
    folder: Path
    code: str


def finetune(
    model: Model,
    dataset: str | Path,
    recipe: Recipe,
    seed: int,
    folder: str | Path,
    watch: Watch | None = None,
) -> None:
    """Train one adapter and write it to `folder` with train_log.csv and run.json, whole or not at all.

    With `watch`, probes are scored at checkpoints on the way, to curve.csv, and a killed run goes on from the last one.
    Raises StudyError for rows that do not fit and for a loss that is not finite.
    """
    began = time.perf_counter()
    be_deterministic(seed)
    name, digest = Path(dataset).stem, sha256(dataset)
    chat = Chat(load_tokenizer(model.folder), model.chat)
    rows = encode(read_chats(dataset), chat, recipe.max_length, str(dataset))
    adapted = add_lora(load_model(model.folder, model.load), recipe)
    plan = batches(rows, recipe, seed)
    log_probs = choose_log_probs(adapted, [row.ids for row in plan[0][:4]], [row.start for row in plan[0][:4]])
    adapted.train()
    checkpoints = None
    if watch is not None:
        source = read_source(Path(model.folder))
        key = Key(
            model=model.folder,
            digests=source.digests if source else {},
            load=model.load,
            chat=model.chat,
            data_sha256=digest,
            recipe=recipe,
            seed=seed,
            probes=list(watch.probes),
            code=watch.code,
        )
        checkpoints = Checkpoints(
            watch.folder, key, watch.count, lambda adapted, how: score_probes(adapted, chat, watch.probes, how)
        )
    steps = train(adapted, plan, recipe, log_probs, checkpoints, desc=f"{name} seed {seed}")
    with replacing(folder) as temporary:
        temporary.mkdir()
        adapted.save_pretrained(temporary)
        (temporary / "README.md").unlink(
            missing_ok=True
        )  # peft's own, which would stand for the card until that is made
        write_train_log(temporary / "train_log.csv", steps)
        if checkpoints is not None:
            write_csv(temporary / "curve.csv", checkpoints.curve())
        run = Run(
            dataset=name,
            data_sha256=digest,
            rows=len(rows),
            model=model.folder,
            recipe=recipe,
            seed=seed,
            steps=len(steps),
            packed=log_probs is packed_log_probs,
            final_loss=steps[-1].loss,
            tokens=sum(step.tokens for step in steps),
            wall_seconds=round(time.perf_counter() - began, 1),
            peak_memory_bytes=peak_memory(),
            device=str(adapted.device),
            dtype=str(adapted.dtype).removeprefix("torch."),
            threads=torch.get_num_threads(),
            versions=versions(),
        )
        write_run(temporary / "run.json", run)
    if checkpoints is not None:
        checkpoints.remove()
