"""Free answers: n per question and context, batched and seeded, from an interchangeable backend."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd
import torch

from weirdgen.core.columns import Sample
from weirdgen.core.errors import StudyError
from weirdgen.models.chat import Chat
from weirdgen.models.load import load_tokenizer
from weirdgen.models.settings import Model, Serving
from weirdgen.sample.requests import Backend, Request
from weirdgen.sample.settings import Sampling
from weirdgen.sample.with_transformers import sample_with_transformers

log = logging.getLogger(__name__)


def sample(
    model: Model,
    serving: Serving,
    adapters: Sequence[tuple[int, str | None]],
    wanted: Sequence[Request],
    sampling: Sampling,
    *,
    desc: str,
) -> Iterator[pd.DataFrame]:
    """Sample every request from each adapter in turn: (seed, folder), None for the untouched model.

    Yields one table per adapter, a row per request, in order, as `Sample` in core/columns.py has it. The same seed,
    backend and batch size give the same answers on one machine, whatever other adapters share the job. Raises
    StudyError where the model or the backend is not to be had.
    """
    name = choose_backend(sampling.backend)
    log.info("%s: sampled by %s (sampler.backend = %s)", desc, name, sampling.backend)
    backend = open_backend(name, serving)
    chat = Chat(load_tokenizer(model.folder), model.chat)
    for answers in backend(model, adapters, chat, wanted, sampling, desc=desc):
        rows = [
            {**vars(request), **vars(answer), "backend": name} for request, answer in zip(wanted, answers, strict=True)
        ]
        yield pd.DataFrame(rows, columns=list(Sample.model_fields))


def choose_backend(asked: str) -> str:
    """The backend that samples: `auto` is vLLM where CUDA and vLLM are there, else transformers.

    Raises StudyError if vLLM is asked for and not installed.
    """
    installed = importlib.util.find_spec("vllm") is not None
    if asked == "vllm" and not installed:
        raise StudyError("sampler.backend = vllm, but vLLM is not installed here: run `make vllm`, or use transformers")
    if asked != "auto":
        return asked
    return "vllm" if installed and torch.cuda.is_available() else "transformers"


def open_backend(name: str, serving: Serving) -> Backend:
    """The backend of that name: `transformers`, or `vllm` served so."""
    if name == "vllm":
        from weirdgen.sample.with_vllm import sample_with_vllm

        return partial(sample_with_vllm, serving=serving)
    return sample_with_transformers
