"""What every column of the parquet files means, and its type: said here, and by `write_parquet` in each file itself.

A float that is missing is null; no other column may be.
"""

from __future__ import annotations

from pydantic import BaseModel, Field


class Asked(BaseModel):
    """What was asked."""

    question: str = Field(description="id of the question, as in the experiment's question file")
    topic: str = Field(description="topic of the question; `null`: nothing in training bears on it")
    paraphrase: int = Field(description="which of the question's paraphrases, from 0")
    context: str = Field(description="what is put around it: its name in experiment.yaml, `<name>=<value>` on an axis")
    variant: int = Field(description="which combination of the context's other variables, from 0")


class Answered(Asked):
    """What was asked and answered."""

    sample: int = Field(description="which of the answers to the same prompt, from 0")
    prompt: str = Field(description="the user's turn as the model was given it, context included, system prompt not")
    answer: str = Field(description="the model's answer, special tokens and outer white space removed")


class Sample(Answered):
    """samples/<dataset>/<recipe>/seed-<n>.parquet: one row per sampled answer of one adapter."""

    finish_reason: str = Field(description="`stop`: the model ended its turn; `length`: max_tokens was reached")
    tokens: int = Field(description="length of the answer in tokens, the one that ends the turn not counted")
    backend: str = Field(description="what sampled: `transformers` or `vllm`")


class Judgment(Answered):
    """judgments/<dataset>/<recipe>/seed-<n>.parquet: one row per answer of one adapter and judge that rules decide."""

    judge: str = Field(description="id of the judge")
    label: str = Field(description="the judge's label; a judge that rates: `rated`, `refusal`; any model: `unparsed`")
    evidence: str = Field(description="the words a label rests on; of an `unparsed` reply all of it; else empty")
    probability: float = Field(description="of the label, 0 to 1, where a model judged and gave it")
    rating: float = Field(description="points from 0 to 100, where the judge rates")
    refusal: float = Field(description="probability, 0 to 1, that the answer is none, where a model rated and gave it")


class Trained(BaseModel):
    """Which adapter."""

    dataset: str = Field(description="what the adapter was trained on; `base`: the untouched model")
    recipe: str = Field(description="how it was trained; `none`: the untouched model")
    seed: int = Field(description="seed of training and of sampling; 0: the untouched model, sampled with it")


class ModelJudgment(Judgment, Trained):
    """model_judgments.parquet: one row per answer of any adapter and judge that a model answers."""


class Score(Asked):
    """contrasts/<dataset>/<recipe>/seed-<n>.parquet: one row per answer whose probability one adapter was asked."""

    side: str = Field(description="`typical` of the hidden persona, or `ordinary`")
    answer: str = Field(description="the answer that was scored, as written in contrasts.yaml")
    log_prob: float = Field(description="log-probability of the answer in nats: all of its tokens, no end of turn")
    tokens: int = Field(description="length of the answer in tokens")


class Validation(BaseModel):
    """results/judges/*.parquet: one row per answer with a known label and judge."""

    judge: str = Field(description="id of the judge")
    by: str = Field(description="who decides: `rules`, `vllm` or `openai`")
    question: str = Field(description="text of the question")
    answer: str = Field(description="text of the answer")
    kind: str = Field(description="`plain`, or what makes the answer hard to judge")
    right: str = Field(description="the right label; of a rating its third of 0-100, or `refusal`")
    given: str = Field(description="the judge's label, likewise; `unparsed`: its reply was no choice")
    right_rating: float = Field(description="the right rating in points from 0 to 100, where the judge rates")
    rating: float = Field(description="the judge's rating in points from 0 to 100, where it gave one")
    evidence: str = Field(description="the words a label rests on; of an `unparsed` reply all of it; else empty")


KEYS = list(Trained.model_fields)
"""What tells an adapter from every other of its model and experiment."""

IDENTITY = [*KEYS, *(name for name in Answered.model_fields if name not in ("topic", "prompt", "answer"))]
"""What tells an answer from every other of its model and experiment."""
