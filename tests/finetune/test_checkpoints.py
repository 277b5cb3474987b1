"""Checkpoints: a killed run ends in the same curves, and goes on from no checkpoint of another run."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from safetensors.torch import load_file, save_file
from trained import CHAT, LOAD, NAMES, RECIPE, dataset, model

from weirdgen.data.codes import HELD_OUT, TRAINED, Probe
from weirdgen.finetune.checkpoints import Checkpoints, Key, checkpoint_steps
from weirdgen.finetune.write import Watch, finetune
from weirdgen.models.fetch import fetch_model
from weirdgen.models.settings import Load, Model, Source

__all__ = ["dataset", "model"]  # fixtures

LONGER = RECIPE.model_copy(update={"epochs": 5})
PROBES = [
    Probe(kind, number, "bird", f"{number}\nGive me the name of one bird.", right, wrong)
    for number, (right, wrong) in enumerate(pairwise(NAMES))
    for kind in (TRAINED, HELD_OUT)
]


def test_checkpoints_are_even_and_end_with_the_run():
    assert checkpoint_steps(120, 12) == list(range(10, 121, 10))
    assert checkpoint_steps(5, 12) == [1, 2, 3, 4, 5]


@pytest.fixture
def killed(monkeypatch):
    """Every step saved; a run dies before it saves one of `deaths`."""
    save, saved, deaths = Checkpoints.save, [], []

    def saving(self, steps, *rest):
        if len(steps) in deaths:
            raise KeyboardInterrupt
        saved.append(len(steps))
        save(self, steps, *rest)

    monkeypatch.setattr(Checkpoints, "save", saving)
    return saved, deaths


def test_a_killed_run_goes_on_from_a_checkpoint_and_ends_in_the_same_curves(model, dataset, tmp_path, killed):
    saved, deaths = killed

    def run(name: str) -> None:
        finetune(model, dataset, LONGER, 1, tmp_path / name, Watch(PROBES, 5, tmp_path / f"{name}-checkpoints", "code"))

    run("unbroken")
    assert saved == [2, 4, 6, 8, 10]
    saved.clear()
    deaths.append(6)
    with pytest.raises(KeyboardInterrupt):
        run("broken")
    left = sorted(path.name for path in (tmp_path / "broken-checkpoints").glob("step-*"))
    assert left == ["step-000004"]  # the earlier one is deleted, the last one stays
    assert not (tmp_path / "broken").exists()
    deaths.clear()
    run("broken")
    assert saved == [2, 4, 6, 8, 10]
    for file in ("curve.csv", "adapter_model.safetensors"):
        assert (tmp_path / "broken" / file).read_bytes() == (tmp_path / "unbroken" / file).read_bytes()
    curve = pd.read_csv(tmp_path / "broken" / "curve.csv")
    assert sorted(set(curve["step"])) == [0, 2, 4, 6, 8, 10]
    assert list(curve) == ["step", "kind", "number", "topic", "prompt", "log_odds", "choice_probability"]
    assert not (tmp_path / "broken-checkpoints").exists()
    losses = [pd.read_csv(tmp_path / name / "train_log.csv")["loss"].tolist() for name in ("broken", "unbroken")]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("removed", [0, 1, 3])
def test_a_run_killed_while_it_cleans_up_leaves_no_half_of_a_curve(model, dataset, tmp_path, monkeypatch, removed):
    """The adapter is written, and some of the scores behind its curve are gone; then all is run again."""

    def run(name: str) -> None:
        finetune(model, dataset, LONGER, 1, tmp_path / name, Watch(PROBES, 5, tmp_path / f"{name}-checkpoints", "code"))

    def die(folder) -> None:
        for file in sorted((folder / "scores").iterdir())[:removed]:
            file.unlink()
        raise KeyboardInterrupt

    run("unbroken")
    remove = Checkpoints.remove
    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "remove", lambda self: patched.setattr("shutil.rmtree", die) or remove(self))
        with pytest.raises(KeyboardInterrupt):
            run("broken")
    assert (tmp_path / "broken-checkpoints" / "scores").is_dir()
    run("broken")
    assert (tmp_path / "broken/curve.csv").read_bytes() == (tmp_path / "unbroken/curve.csv").read_bytes()
    assert not (tmp_path / "broken-checkpoints").exists()


def test_a_killed_run_does_not_go_on_with_other_weights(tiny_model, dataset, tmp_path, killed):
    saved, deaths = killed
    fetch_model("tiny", Source(path=str(tiny_model)), tmp_path / "model")
    model = Model(str(tmp_path / "model"), LOAD, CHAT)

    def run() -> None:
        finetune(model, dataset, LONGER, 1, tmp_path / "adapter", Watch(PROBES, 5, tmp_path / "checkpoints", "code"))

    deaths.append(6)
    with pytest.raises(KeyboardInterrupt):
        run()
    other = tmp_path / "other"
    other.mkdir()
    for file in tiny_model.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    weights = {name: weight * 1.01 for name, weight in load_file(other / "model.safetensors").items()}
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    fetch_model("tiny", Source(path=str(other)), tmp_path / "model")
    deaths.clear()
    saved.clear()
    run()
    assert saved == [2, 4, 6, 8, 10]


KEY = Key(
    model="m", digests={"w": "0"}, load=LOAD, chat=CHAT, data_sha256="d", recipe=RECIPE, seed=0, probes=PROBES, code="c"
)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"digests": {"w": "1"}},
        {"load": Load(dtype="bfloat16")},
        {"chat": CHAT.model_copy(update={"system_prompt": "none"})},
        {"data_sha256": "e"},
        {"recipe": LONGER},
        {"seed": 1},
        {"probes": PROBES[1:]},
        {"code": "d"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_checkpoint_of_another_run_is_not_used(change, tmp_path):
    def open_checkpoints(key: Key) -> None:
        Checkpoints(tmp_path / "c", key, 10, lambda *_: pd.DataFrame())

    open_checkpoints(KEY)
    (tmp_path / "c/step-000004").mkdir()
    open_checkpoints(KEY)
    assert (tmp_path / "c/step-000004").is_dir()
    open_checkpoints(KEY.model_copy(update=change))
    assert not (tmp_path / "c/step-000004").exists()
