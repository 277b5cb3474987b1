"""The same work as a user would do it without this project: TRL, lm-evaluation-harness, plain `generate`."""

from __future__ import annotations

import tempfile
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from measure import MODEL, Result, timed
from ours import ANSWERS, LOAD, SAMPLING, tokens_of
from peft import LoraConfig
from transformers import PrinterCallback
from trl import SFTConfig, SFTTrainer

from weirdgen.contrast.candidates import Candidate
from weirdgen.finetune.encode import Row, warmup_steps
from weirdgen.finetune.settings import Recipe
from weirdgen.models.chat import Chat
from weirdgen.models.load import load_model, load_tokenizer

disable_progress_bars()


def trl_finetune(plan: list[list[Row]], recipe: Recipe, tuned: bool) -> Result:
    """TRL's SFTTrainer on the same rows in the same order, loss on the answer only.

    tuned: without two of TRL's defaults that cost time here, gradient checkpointing (it saves memory) and autocast
    (the weights are bfloat16 without it).
    """
    torch.use_deterministic_algorithms(False)
    rows = [row for batch in plan for row in batch]
    data = Dataset.from_list(
        [{"input_ids": row.ids, "completion_mask": [0] * row.start + [1] * (len(row.ids) - row.start)} for row in rows]
    )
    with tempfile.TemporaryDirectory() as output:
        trainer = SFTTrainer(
            model=load_model(MODEL, LOAD),
            processing_class=load_tokenizer(MODEL),
            train_dataset=data,
            args=SFTConfig(
                output_dir=output,
                per_device_train_batch_size=recipe.batch_size,
                num_train_epochs=1,
                learning_rate=recipe.learning_rate,
                lr_scheduler_type=recipe.schedule,
                warmup_steps=warmup_steps(plan, recipe),
                weight_decay=recipe.weight_decay,
                max_grad_norm=recipe.max_grad_norm,
                max_length=recipe.max_length,
                completion_only_loss=True,
                train_sampling_strategy="sequential",
                gradient_checkpointing=not tuned,
                bf16=not tuned,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                use_cpu=not torch.cuda.is_available(),
                disable_tqdm=True,
                seed=0,
            ),
            peft_config=LoraConfig(
                r=recipe.rank,
                lora_alpha=recipe.alpha,
                target_modules=recipe.targets,
                use_rslora=recipe.rslora,
                task_type="CAUSAL_LM",
            ),
        )
        trainer.remove_callback(PrinterCallback)
        seconds = timed(trainer.train)
        losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
        return Result(seconds, tokens_of(plan), losses)


def harness(model: Any, tokenizer: Any, softmax: str | None) -> HFLM:
    """lm-evaluation-harness around a model that is loaded already, 64 requests at once (16 are slower).

    softmax: the type it normalises in; by default the model's own, where this project takes float32.
    """
    return HFLM(pretrained=model, tokenizer=tokenizer, batch_size=64, device=str(model.device), softmax_dtype=softmax)


def harness_requests(groups: list[list[Candidate]], chat: Chat) -> list[Instance]:
    """Our contrast requests as the harness takes them: context and continuation as text."""
    return [
        Instance(
            request_type="loglikelihood",
            doc={},
            arguments=(chat.tokenizer.decode(candidate.ids[: candidate.start]), candidate.answer),
            idx=0,
        )
        for group in groups
        for candidate in group
    ]


def harness_contrasts(lm: HFLM, requests: list[Instance]) -> Result:
    """The harness's `loglikelihood`; values: each answer's log-probability."""
    found: list[Any] = []
    seconds = timed(lambda: found.extend(lm.loglikelihood(requests, disable_tqdm=True)))
    return Result(seconds, len(requests), [log_prob for log_prob, _ in found])


def generate(model: Any, prompts: list[str], chat: Chat, seed: int) -> Result:
    """`model.generate`, one call per question with its answers as a batch."""
    torch.manual_seed(seed)
    stops = chat.stop_ids(model.generation_config)
    answers: list[torch.Tensor] = []

    def answer() -> None:
        for prompt in prompts:
            inputs = chat.tokenizer(chat.prompt_text(prompt), return_tensors="pt", add_special_tokens=False)
            output = model.generate(
                **inputs.to(model.device),
                do_sample=True,
                temperature=SAMPLING.temperature,
                top_k=0,
                top_p=1.0,
                num_return_sequences=ANSWERS,
                max_new_tokens=SAMPLING.max_tokens,
                eos_token_id=stops,
                pad_token_id=stops[0],
            )
            answers.append(output[:, inputs["input_ids"].shape[1] :])

    seconds = timed(answer)
    stop = torch.tensor(stops, device=model.device)
    return Result(seconds, sum(int((~torch.isin(tokens, stop)).sum()) for tokens in answers))
