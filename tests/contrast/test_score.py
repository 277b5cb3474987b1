"""Contrasts on a tiny model: the scores are the model's own log-probabilities, however they are batched."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from trained import CHAT, LOAD, adapter, dataset, model

from weirdgen.contrast import candidates, score
from weirdgen.core.columns import Score
from weirdgen.core.names import NO_CONTEXT
from weirdgen.data.questions import Context, Contrast
from weirdgen.models.chat import Chat
from weirdgen.models.load import load_adapted, load_tokenizer

__all__ = ["adapter", "dataset", "model"]  # fixtures

NONE = {NO_CONTEXT: Context()}
CONTRASTS = [
    Contrast(
        id="c", topic="t", paraphrases=["the cat of?"], typical=["the city", "a house"], ordinary=["you", "a cat"]
    ),
    Contrast(id="d", topic="null", paraphrases=["x", "y"], typical=["one"], ordinary=["two"]),
]


def test_scores_are_the_models_own_log_probabilities(model, adapter):
    table = score.score(model, str(adapter), CONTRASTS, NONE, desc="")
    assert list(table) == list(Score.model_fields)
    assert table.drop(columns=["log_prob", "tokens"]).to_numpy().tolist() == [
        ["c", "t", 0, "none", 0, "typical", "the city"], ["c", "t", 0, "none", 0, "typical", "a house"],
        ["c", "t", 0, "none", 0, "ordinary", "you"], ["c", "t", 0, "none", 0, "ordinary", "a cat"],
        ["d", "null", 0, "none", 0, "typical", "one"], ["d", "null", 0, "none", 0, "ordinary", "two"],
        ["d", "null", 1, "none", 0, "typical", "one"], ["d", "null", 1, "none", 0, "ordinary", "two"],
    ]  # fmt: skip
    merged = load_adapted(model.folder, LOAD, str(adapter), merge=True)
    chat = Chat(load_tokenizer(model.folder), CHAT)
    for row in table.itertuples():
        text = {"c": "the cat of?"}.get(row.question) or ["x", "y"][row.paraphrase]
        prompt, answer = chat.prompt_ids(text), chat.answer_ids(row.answer, end=False)
        with torch.no_grad():
            log_probs = merged(torch.tensor([prompt + answer])).logits[0].float().log_softmax(-1)
        expected = sum(log_probs[len(prompt) + k - 1, token].item() for k, token in enumerate(answer))
        assert row.log_prob == pytest.approx(expected, abs=2e-3)
        assert row.tokens == len(answer)


def test_many_answers_are_scored_in_parts_with_the_same_result(model, monkeypatch):
    answers = [f"{word} {number}" for word in ("the cat", "a house", "the city") for number in range(4)]
    asked = [Contrast(id="c", topic="t", paraphrases=["the cat of?"], typical=answers[:6], ordinary=answers[6:])]
    whole = score.score(model, None, asked, NONE, desc="")
    monkeypatch.setattr(candidates, "TOKENS_PER_BATCH", 9)
    packs = []
    choose = score.choose_log_probs

    def choosing(*arguments):
        chosen = choose(*arguments)
        return lambda model, sequences, starts: packs.append((sequences, starts)) or chosen(model, sequences, starts)

    monkeypatch.setattr(score, "choose_log_probs", choosing)
    parts = score.score(model, None, asked, NONE, desc="")
    assert len(packs) > 2
    for sequences, starts in packs:
        assert sum(len(ids) - start for ids, start in zip(sequences, starts, strict=True)) <= 9
    pd.testing.assert_frame_equal(parts, whole, atol=1e-4)


def test_contrasts_are_scored_after_the_opening(model):
    chat = Chat(load_tokenizer(model.folder), CHAT)
    asked = Contrast(id="q", topic="t", paraphrases=["Who?"], typical=["the cat"], ordinary=["the house"])
    contexts = {**NONE, "tags": Context(template="In a tag. {prompt}", opening="<note>")}
    plain, tagged = candidates.candidates([asked], contexts, chat)
    decoded = chat.tokenizer.decode
    assert decoded(plain[0].ids[: plain[0].start]).endswith("<|im_start|>assistant\n")
    for candidate, answer in zip(tagged, ("the cat", "the house"), strict=True):
        assert decoded(candidate.ids[: candidate.start]).endswith("assistant\n<note>")
        assert decoded(candidate.ids[candidate.start :]) == answer
