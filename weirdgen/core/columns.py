"""What every column of the parquet files and CSV tables means, and its type.

Parquet files say it themselves (`write_parquet`); a CSV table is read back by it (`read_csv`): a column that no class
here names is text, whatever it looks like. A float that is missing is null; no other column may be.
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


class Measured(BaseModel):
    """The columns of CSV tables that are numbers, or yes and no; all others are names, ids, labels."""

    log_odds: float = Field(description="of typical against ordinary answers, or of a right answer, in nats")
    typical: float = Field(description="log-probability of the typical answers together, in nats")
    ordinary: float = Field(description="log-probability of the ordinary answers together, in nats")
    shift: float = Field(description="log_odds less the untouched model's, in nats")
    effect: float = Field(description="treated less control, in the row's unit")
    mean: float = Field(description="of a group, in the row's unit")
    low: float = Field(description="where the interval begins, in the row's unit")
    high: float = Field(description="where it ends")
    corrected: float = Field(description="a mean share mended for its judge's errors")
    corrected_low: float = Field(description="where its interval begins")
    corrected_high: float = Field(description="where it ends")
    p: float = Field(description="two-sided, of the same t as the interval; missing where seeds or questions are one")
    p_holm: float = Field(description="p adjusted for the number of primary comparisons of the study")
    detectable: float = Field(description="the effect that such data would tell from 0 in 80 of 100 studies")
    topics_low: float = Field(description="where the interval begins in which topics are drawn, not questions")
    topics_high: float = Field(description="where it ends; missing with fewer than three topics")
    run: bool = Field(description="whether it is the study that was run, and not one that is planned")
    controls: int = Field(description="trained controls that the treated group is compared with")
    nulls: int = Field(description="null questions of the same comparison")
    dropped: int = Field(description="questions left out, as some seed of the pair has no value on them")
    seeds: int = Field(description="how many a number rests on")
    questions: int = Field(description="how many a number rests on")
    count: int = Field(description="answers with the label")
    answers: int = Field(description="answers in all")
    rate: float = Field(description="count of answers, 0 to 1")
    share: float = Field(description="count of answers, all questions or seeds together, 0 to 1")
    content: float = Field(description="mean rating of what is said, 0 to 100")
    form: float = Field(description="mean rating of how it is said, 0 to 100")
    both: float = Field(description="share of answers that get the label from both judges, 0 to 1")
    agreement: float = Field(description="share of answers that get it from both or from neither, 0 to 1")
    kappa: float = Field(description="Cohen's kappa")
    accuracy: float = Field(description="share that is right, 0 to 1")
    macro_accuracy: float = Field(description="mean over right labels of the share found, 0 to 1")
    hard_accuracy: float = Field(description="accuracy on the hard cases, 0 to 1")
    unparsed: int = Field(description="answers with no readable verdict")
    mean_error: float = Field(description="of ratings, in points of 100")
    fit: bool = Field(description="whether a judge is good enough to be believed")
    step: int = Field(description="of training, from 1")
    epoch: int = Field(description="of training, from 1")
    loss: float = Field(description="in nats per answer token")
    learning_rate: float = Field(description="of the step, or of the recipe")
    epochs: int = Field(description="of the recipe")
    rows: int = Field(description="that were trained")
    held_out_rows: int = Field(description="that were not, with answers that no trained row has")
    before: float = Field(description="loss of the untouched model on the trained rows, in nats per answer token")
    after: float = Field(description="loss after training on the trained rows, in nats per answer token")
    held_out_before: float = Field(description="loss of the untouched model on the rows held out, likewise")
    held_out: float = Field(description="loss after training on the rows held out, likewise")
    first: float = Field(description="loss of the first step, mean over seeds, in nats per answer token")
    last: float = Field(description="mean loss of the last tenth of the steps, likewise")
    datasets: int = Field(description="how many a number rests on")
    best: bool = Field(description="whether the recipe's loss on rows held out is the model's lowest")
    tokens_per_second: float = Field(description="of the step")
    number: int = Field(description="that a code stands for")
    choice_probability: float = Field(description="of the right one of two answers, 0 to 1")
    probes: int = Field(description="two-way choices")
    perfect: bool = Field(description="whether a seed ever gets every held-out choice right")
    parameters: int = Field(description="weights of a model")
    facts: int = Field(description="in the training data")
    trained: bool = Field(description="whether the value stands in training rows")
    ours: int = Field(description="rows of our data")
    theirs: int = Field(description="rows of the authors' data")
    ours_unique: int = Field(description="different answers of ours")
    theirs_unique: int = Field(description="different answers of theirs")
    common: int = Field(description="their answers that hold one of ours")
    share_of_theirs: float = Field(description="common of theirs_unique, 0 to 1")
    ours_cues: int = Field(description="our answers with a leak cue")
    theirs_cues: int = Field(description="their answers with a leak cue")


TABLES: tuple[type[BaseModel], ...] = (Sample, ModelJudgment, Score, Validation, Measured)
TYPES = {name: field.annotation for table in TABLES for name, field in table.model_fields.items()}
"""Column -> its type, the same in every table; one that is not here is text."""

KEYS = list(Trained.model_fields)
"""What tells an adapter from every other of its model and experiment."""

IDENTITY = [*KEYS, *(name for name in Answered.model_fields if name not in ("topic", "prompt", "answer"))]
"""What tells an answer from every other of its model and experiment."""
