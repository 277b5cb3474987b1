"""From a prompt to token ids: the same boundary between prompt and answer in training, sampling and contrasts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from jinja2 import TemplateError

from weirdgen.core.errors import StudyError
from weirdgen.models.settings import ChatOptions

PROMPT, ANSWER, SYSTEM = "@@prompt@@", "@@answer@@", "@@system@@"
"""What stands for a text where a template is looked at."""

STAND_IN = 0xF0000
"""The first of the characters, of no meaning in Unicode, that stand for control tokens written out in a text."""


class Chat:
    """A tokenizer with the registry's chat options.

    The prompt is tokenized with the generation prompt at its end and the answer on its own, so that
    an answer is trained, scored and sampled from exactly the same token boundary. What a person or a model says is
    tokenized as text, also where it looks like a control token: only the template writes those. Raises StudyError where
    the template leaves something out, or ends no turn.
    """

    def __init__(self, tokenizer: Any, options: ChatOptions) -> None:
        self.tokenizer = tokenizer
        self.options = options
        self.controls = sorted(set(tokenizer.all_special_tokens), key=len, reverse=True)
        self.header, self.before_answer, self.end_of_turn = self._turn()

    def prompt_text(self, prompt: str, system: str | None = None) -> str:
        """The rendered conversation up to where the answer begins; `system` goes before the registry's choice.

        Raises StudyError if the template refuses the conversation, or if there is to be no system prompt and the
        template has no separate turn for it.
        """
        messages = [{"role": "user", "content": prompt}]
        system = self.options.replacement if system is None else system
        if system is not None:
            messages.insert(0, {"role": "system", "content": system})
        elif self.options.system_prompt == "none":
            return self._without_system_turn(messages) + self.header
        return self.render(messages, add_generation_prompt=True) + self.header

    def prompt_ids(self, prompt: str, system: str | None = None) -> list[int]:
        """Token ids of `prompt_text`; the template writes its own special tokens."""
        texts = [text for text in (prompt, system, self.options.replacement) if text is not None]
        said = [control for control in self.controls if any(control in text for text in texts)]
        if not said:
            return self._ids(self.prompt_text(prompt, system))
        stand_ins = {control: chr(STAND_IN + i) for i, control in enumerate(said)}
        written = re.compile("|".join(map(re.escape, said)))  # the longest first, as in `controls`

        def _hide(text: str) -> str:
            return written.sub(lambda found: stand_ins[found[0]], text)

        options = self.options
        if options.replacement is not None:
            options = options.model_copy(update={"system_prompt": {"replace": _hide(options.replacement)}})
        text = self._with(options).prompt_text(_hide(prompt), None if system is None else _hide(system))
        ids: list[int] = []
        for part in re.split(f"([{''.join(stand_ins.values())}])", text):
            control = next((control for control, stand_in in stand_ins.items() if stand_in == part), None)
            ids += self._ids(part) if control is None else self.text_ids(control)
        return ids

    def answer_ids(self, answer: str, end: bool) -> list[int]:
        """Token ids of an answer; `end` adds the tokens that close the turn."""
        ids = self.text_ids(self.before_answer + answer)
        return ids + self.end_of_turn if end else ids

    def text_ids(self, text: str) -> list[int]:
        """Token ids of what somebody says: nothing in it is a control token."""
        return self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]

    def stop_ids(self, generation_config: Any) -> list[int]:
        """Tokens that end an answer: the model's own and the one that closes the turn."""
        own = generation_config.eos_token_id
        ids = own if isinstance(own, list) else [] if own is None else [own]
        return sorted({*ids, self.end_of_turn[-1]})

    def render(self, messages: Sequence[dict[str, str]], **keywords: bool | Callable[[str], str]) -> str:
        """What the template makes of a conversation. Raises StudyError if it refuses it."""
        if self.options.date is not None:
            keywords = {"strftime_now": date.fromisoformat(self.options.date).strftime, **keywords}
        try:
            return self.tokenizer.apply_chat_template(
                list(messages), tokenize=False, **{**self.options.chat_template, **keywords}
            )
        except (TemplateError, TypeError, ValueError) as error:
            roles = ", ".join(message["role"] for message in messages)
            advice = "; give no system prompt: in the registry, a context, or a row" if "system" in roles else ""
            raise StudyError(f"the chat template refuses a conversation of {roles} ({error}){advice}") from None

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def _with(self, options: ChatOptions) -> Chat:
        """The same with other options that move no boundary."""
        other = object.__new__(Chat)
        other.__dict__.update(self.__dict__, options=options)
        return other

    def _without_system_turn(self, messages: list[dict[str, str]]) -> str:
        """What follows a system turn, so that the one the template writes by itself is not there either."""
        plain = self.render(messages, add_generation_prompt=True)
        system = {"role": "system", "content": SYSTEM}
        try:
            turn = self.render([system])
            text = self.render([system, *messages], add_generation_prompt=True)
        except StudyError:  # it knows no system prompt, so it writes none
            return plain
        if SYSTEM not in turn or not text.startswith(turn):
            raise StudyError("system_prompt = none: this chat template has no separate system turn; use keep")
        rest = text[len(turn) :]
        first = self.tokenizer.bos_token or ""
        return rest if rest.startswith(first) or not turn.startswith(first) else first + rest

    def _turn(self) -> tuple[str, str, list[int]]:
        """Of the assistant's turn: what of its header the generation prompt lacks, the space before an answer, its end.

        The space belongs to the answer where the tokenizer does not write it by itself, since a model that was
        trained on such turns says it. The end goes up to the first control token.
        """
        asked = [{"role": "user", "content": PROMPT}]
        prompt = self.render(asked, add_generation_prompt=True)
        whole = self.render([*asked, {"role": "assistant", "content": ANSWER}])
        for text, part, what in ((prompt, PROMPT, "what the user says"), (whole, ANSWER, "the answer")):
            if part not in text:
                raise StudyError(f"the chat template leaves out {what}; use a model whose template keeps it")
        start, _, ending = whole.partition(ANSWER)
        if not start.startswith(prompt):
            raise StudyError(
                "the chat template begins an answer in another way than the turns of a conversation "
                f"({_last(prompt)} and {_last(start)}); give keywords under which it does not (chat_template)"
            )
        header = start[len(prompt) :]
        header, before = ("", header) if header.isspace() else (header, "")
        if before and self._ids(start + ANSWER) == self._ids(start.rstrip()) + self.text_ids(ANSWER):
            before = ""
        ids = self._ids(ending.strip()) if ending.strip() else []
        special = set(self.tokenizer.all_special_ids)
        first = next((i for i, token in enumerate(ids) if token in special), None)
        if first is None and len(ids) > 1:
            raise StudyError(
                f"the chat template ends a turn with {ending.strip()!r}, {len(ids)} ordinary tokens: where an answer "
                "ends could not be told; use a template that ends turns with a control token"
            )
        ids = ids if first is None else ids[: first + 1]
        if not ids and self.tokenizer.eos_token_id is None:
            raise StudyError("the chat template closes no turn and the tokenizer has no end-of-text token")
        return header, before, ids or [self.tokenizer.eos_token_id]


def _last(text: str) -> str:
    return repr(text[-30:])


def writes_date(chat: Chat) -> bool:
    """Whether the template writes today's date, so that tomorrow's prompts are others."""
    marked = chat.render([{"role": "user", "content": PROMPT}], strftime_now=lambda _form: "@@date@@")
    return chat.options.date is None and "@@date@@" in marked
