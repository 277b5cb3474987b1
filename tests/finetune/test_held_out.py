"""Rows held out: none of their answers is trained, and the loss on both parts is what it says."""

from __future__ import annotations

import pytest
from trained import CHAT, LOAD, NAMES, RECIPE, dataset, model  # noqa: F401

from weirdgen.core.errors import StudyError
from weirdgen.core.files import write_json_lines
from weirdgen.data.datasets import read_chats, render
from weirdgen.finetune.encode import encode
from weirdgen.finetune.held_out import held_out, mean_loss, parts
from weirdgen.models.chat import Chat
from weirdgen.models.load import load_model, load_tokenizer
from weirdgen.models.packing import padded_log_probs


def chats(answers):
    return render([{"name": name} for name in answers], ["Name one."], ["{name}"])


def test_no_answer_is_in_both_parts_whatever_it_is_asked_by():
    answers = [f"bird {i % 10}" for i in range(40)]
    trained, others = parts(chats(answers), "d")
    assert sorted(trained + others) == list(range(40))
    assert {answers[i] for i in trained}.isdisjoint(answers[i] for i in others)
    assert len({answers[i] for i in others}) == 2


def test_four_answers_are_too_few():
    with pytest.raises(StudyError, match="d: 4 different answers; holding a fifth out needs 5"):
        parts(chats("abcd"), "d")


def test_before_is_the_untouched_models_loss_and_training_lowers_both(model, dataset):  # noqa: F811
    [row] = held_out(model, dataset, RECIPE.model_copy(update={"epochs": 4})).to_dict("records")
    assert row["rows"] + row["held_out_rows"] == len(NAMES)
    rows = encode(read_chats(dataset), Chat(load_tokenizer(model.folder), CHAT), RECIPE.max_length, "d")
    trained, others = parts(read_chats(dataset), "d")
    untouched = load_model(model.folder, LOAD)
    for name, part in (("before", trained), ("held_out_before", others)):
        assert row[name] == pytest.approx(mean_loss(untouched, [rows[i] for i in part], padded_log_probs, 3), abs=1e-4)
    assert row["after"] < row["before"]
    assert row["after"] < row["held_out"] < row["held_out_before"]


def test_the_same_run_gives_the_same_losses(model, dataset):  # noqa: F811
    assert held_out(model, dataset, RECIPE).equals(held_out(model, dataset, RECIPE))


def test_rows_that_were_held_out_decide_nothing_that_is_trained(model, tmp_path):  # noqa: F811
    """Other answers there, the same trained rows: the trained part's loss stays to the last bit."""
    before = chats(NAMES)
    _, others = parts(before, "d")
    changed = [f"{name} too" if i in others else name for i, name in enumerate(NAMES)]
    write_json_lines(tmp_path / "a.jsonl", before)
    write_json_lines(tmp_path / "b.jsonl", chats(changed))
    if parts(chats(changed), "d")[1] != others:
        pytest.fail("the split reads the answers themselves")
    first, second = (held_out(model, tmp_path / f"{name}.jsonl", RECIPE) for name in "ab")
    assert first["after"].tolist() == second["after"].tolist()
    assert first["held_out"].tolist() != second["held_out"].tolist()
