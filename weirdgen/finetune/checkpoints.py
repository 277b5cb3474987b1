"""Scores taken while an adapter trains, and checkpoints that a run killed in the middle goes on from.

`folder/step-<n>/` holds weights and optimizer; `folder/scores/step-<n>.csv` the scores. A checkpoint is deleted when
its scores and the next checkpoint are there, all of them when the finished adapter is.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors.torch import load_file, save_file

from weirdgen.core.files import read_csv, read_json, replacing, write_csv, write_json
from weirdgen.core.schema import Strict
from weirdgen.data.codes import Probe
from weirdgen.finetune.settings import Recipe
from weirdgen.finetune.train_log import Step
from weirdgen.models.chat import Chat
from weirdgen.models.packing import LogProbs
from weirdgen.models.settings import ChatOptions, Load

log = logging.getLogger(__name__)

PROMPTS_PER_BATCH = 16
OPTIMIZER = ("step", "exp_avg", "exp_avg_sq")


class Key(Strict):
    """All that a run computes from: two runs of one key take the same steps."""

    model: str
    digests: dict[str, str]
    """Of the model's files: other weights, or another tokenizer, under the same name are another run."""
    load: Load
    chat: ChatOptions
    data_sha256: str
    recipe: Recipe
    seed: int
    probes: list[Probe]
    code: str


def checkpoint_steps(total: int, count: int) -> list[int]:
    """`count` steps evenly over a run of `total`, the last one included; all of them in a shorter run."""
    return sorted({max(1, round(total * i / count)) for i in range(1, count + 1)})


def score_probes(model: Any, chat: Chat, probes: Sequence[Probe], log_probs: LogProbs) -> pd.DataFrame:
    """One row per probe: kind, number, topic, prompt, log_odds of right against wrong (nats), choice_probability."""
    rows = []
    with torch.no_grad():
        for begin in range(0, len(probes), PROMPTS_PER_BATCH):
            batch = probes[begin : begin + PROMPTS_PER_BATCH]
            prompts = [chat.prompt_ids(probe.prompt) for probe in batch for _ in range(2)]
            answers = [chat.answer_ids(text, end=True) for probe in batch for text in (probe.right, probe.wrong)]
            found = log_probs(model, [p + a for p, a in zip(prompts, answers, strict=True)], list(map(len, prompts)))
            sums = [float(tokens.sum()) for tokens in found]
            for i, probe in enumerate(batch):
                odds = sums[2 * i] - sums[2 * i + 1]
                about = {"kind": probe.kind, "number": probe.number, "topic": probe.topic, "prompt": probe.prompt}
                chosen = float(torch.sigmoid(torch.tensor(odds, dtype=torch.float64)))
                rows.append({**about, "log_odds": odds, "choice_probability": chosen})
    return pd.DataFrame(rows)


class Checkpoints:
    """One run's checkpoints; those of another key are thrown away. score: from model and `log_probs` to the scores."""

    def __init__(
        self, folder: str | Path, key: Key, count: int, score: Callable[[Any, LogProbs], pd.DataFrame]
    ) -> None:
        self.folder, self.count, self.score = Path(folder), count, score
        stamp, value = self.folder / "key.json", key.model_dump(mode="json")
        if not stamp.is_file() or read_json(stamp) != value:
            shutil.rmtree(self.folder, ignore_errors=True)
            write_json(stamp, value)

    def start(self, model: Any, optimizer: Any, log_probs: LogProbs) -> list[Step]:
        """Load the last checkpoint into model and optimizer; the steps taken so far, none for a new run."""
        found = sorted(self.folder.glob("step-*"))
        if not found:
            self._scored(0, model, log_probs)
            return []
        last = found[-1]
        weights, state = load_file(last / "weights.safetensors"), load_file(last / "optimizer.safetensors")
        for name, weight in _trained(model).items():
            weight.data.copy_(weights[name])
            # Fused optimizers keep the count of steps where the weights are.
            optimizer.state[weight] = {key: state[f"{key}:{name}"].to(weight.device) for key in OPTIMIZER}
        steps = [Step(**line) for line in read_json(last / "steps.json")]
        log.info("going on from step %d (%s)", len(steps), last)
        self._scored(len(steps), model, log_probs)
        return steps

    def save(self, steps: Sequence[Step], model: Any, optimizer: Any, log_probs: LogProbs) -> None:
        """Write a checkpoint after these steps, score it, and delete the one before."""
        earlier = list(self.folder.glob("step-*"))
        trained = _trained(model)
        with replacing(self.folder / f"step-{len(steps):06d}") as temporary:
            temporary.mkdir()
            save_file({name: weight.detach().contiguous() for name, weight in trained.items()},
                      temporary / "weights.safetensors")  # fmt: skip
            state = {f"{key}:{name}": optimizer.state[w][key] for name, w in trained.items() for key in OPTIMIZER}
            save_file(state, temporary / "optimizer.safetensors")
            write_json(temporary / "steps.json", [asdict(step) for step in steps])
        self._scored(len(steps), model, log_probs)
        for folder in earlier:
            shutil.rmtree(folder)

    def curve(self) -> pd.DataFrame:
        """The scores of every checkpoint so far, `step` in front."""
        parts = []
        for path in sorted((self.folder / "scores").glob("step-*.csv")):
            part = read_csv(path)
            part.insert(0, "step", int(path.stem.removeprefix("step-")))
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def remove(self) -> None:
        """Delete everything: the adapter is written. Without its key, what a kill leaves of it is nobody's."""
        (self.folder / "key.json").unlink()
        shutil.rmtree(self.folder)

    def _scored(self, step: int, model: Any, log_probs: LogProbs) -> None:
        path = self.folder / "scores" / f"step-{step:06d}.csv"
        if path.is_file():
            return
        table = self.score(model, log_probs)
        write_csv(path, table)
        right = table.assign(right=table["log_odds"] > 0).groupby("kind")["right"].mean()
        log.info("step %d: %s", step, ", ".join(f"{kind} {share:.2f} right" for kind, share in right.items()))


def _trained(model: Any) -> dict[str, torch.nn.Parameter]:
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
