"""From a prompt to tokens: the template's system prompt kept, left out or replaced; where an answer begins and ends."""

from __future__ import annotations

import pytest

from weirdgen.core.errors import StudyError
from weirdgen.models.chat import Chat
from weirdgen.models.load import load_tokenizer
from weirdgen.models.settings import ChatOptions

USER = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


def test_an_answer_begins_after_the_prompt_and_its_end_is_a_token_of_its_own(tiny_model):
    chat = Chat(load_tokenizer(tiny_model), ChatOptions())
    prompt = chat.prompt_ids("Give me the name of one bird.")
    text = chat.tokenizer.decode(prompt)
    assert text.endswith("<|im_start|>assistant\n")
    assert chat.tokenizer.decode(chat.answer_ids("Blue Jay", end=True)) == "Blue Jay<|im_end|>"
    assert chat.tokenizer.decode(chat.answer_ids("Blue Jay", end=False)) == "Blue Jay"


@pytest.mark.parametrize(
    ("choice", "system", "expected"),
    [
        ("keep", None, "<|im_start|>system\nYou help.<|im_end|>\n" + USER),
        ("none", None, USER),
        ({"replace": "Be."}, None, "<|im_start|>system\nBe.<|im_end|>\n" + USER),
        ("none", "Now.", "<|im_start|>system\nNow.<|im_end|>\n" + USER),
        ({"replace": "Be."}, "Now.", "<|im_start|>system\nNow.<|im_end|>\n" + USER),
        ("keep", "", "<|im_start|>system\n<|im_end|>\n" + USER),
        ({"replace": "Be."}, "", "<|im_start|>system\n<|im_end|>\n" + USER),
    ],
)
def test_system_prompts(tiny_model, choice, system, expected):
    chat = Chat(load_tokenizer(tiny_model), ChatOptions(system_prompt=choice))
    assert chat.prompt_text("Hi", system) == expected


def test_the_templates_keywords_are_given_to_it(tiny_model):
    tokenizer = load_tokenizer(tiny_model)
    tokenizer.chat_template = "{% if think %}<think>{% endif %}" + tokenizer.chat_template
    assert Chat(tokenizer, ChatOptions(chat_template={"think": True})).prompt_text("Hi").startswith("<think>")
    assert Chat(tokenizer, ChatOptions(chat_template={"think": False})).prompt_text("Hi").endswith(USER)


def test_a_template_without_a_system_turn_cannot_leave_it_out(tiny_model):
    tokenizer = load_tokenizer(tiny_model)
    tokenizer.chat_template = (
        "{% for m in messages if m.role != 'system' %}{{ m.role }}: {{ messages[0].content if loop.first }} "
        "{{ m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
    )
    with pytest.raises(StudyError, match="no separate system turn"):
        Chat(tokenizer, ChatOptions(system_prompt="none")).prompt_text("Hi")
