"""The sampling of compare.py through vLLM, which has an environment of its own.

.venv-vllm/bin/python benchmarks/with_vllm.py
"""

from __future__ import annotations

import random

import ours
import torch
from measure import MODEL, Measurement, Result, in_turn, save, timed

from weirdgen.models.vllm_engine import Engine, open_engine
from weirdgen.sample.with_vllm import generation_config, sampling_params


def main() -> None:
    """One engine start, then the whole work in rounds; the start is a row of its own."""
    chat = ours.chat()
    asked = [chat.prompt_ids(prompt) for prompt in ours.prompts("old_bird_names")]
    longest = max(map(len, asked)) + ours.SAMPLING.max_tokens
    engines: list[Engine] = []
    serving = ours.study().config.models[MODEL.name].vllm
    threads = torch.get_num_threads()
    start = timed(lambda: engines.append(open_engine(str(MODEL), ours.LOAD, serving, [None], longest, threads)))
    engine, stops = engines[0], chat.stop_ids(generation_config(str(MODEL)))
    draws = random.Random(0)

    def sample() -> Result:
        params = [sampling_params(ours.SAMPLING, ours.ANSWERS, stops, draws) for _ in asked]
        found: list[object] = []
        seconds = timed(lambda: found.extend(engine.generate(asked, params, desc="benchmark")))
        answers = [list(answer.token_ids) for output in found for answer in output.outputs]  # type: ignore[attr-defined]
        return Result(seconds, sum(token not in stops for tokens in answers for token in tokens))

    sample()
    rows = in_turn("sampling old_bird_names", {"vLLM": sample}, "tokens")
    rows.append(Measurement(rows[0].work, "vLLM, start of the engine", 0, start, 0, "tokens", float("nan")))
    save("vllm", rows)


if __name__ == "__main__":
    main()
