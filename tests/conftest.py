from __future__ import annotations

import os
from pathlib import Path

import pytest

# Two test processes side by side (pytest -n 2) take one thread each: more would fight over two cores.
os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from endpoint import Endpoint
from tiny import make_tiny_model

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """A tiny Llama on disk."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def serve():
    """Start an endpoint that behaves as told."""
    opened = []

    def start(behave) -> Endpoint:
        opened.append(Endpoint(behave))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def pauses(monkeypatch) -> list[float]:
    """The pauses that openai-python makes before it tries again: noted, and not made."""
    import anyio

    made = []

    async def note(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(anyio, "sleep", note)
    return made
