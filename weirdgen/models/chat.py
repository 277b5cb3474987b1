"""From a prompt to token ids: the same boundary between prompt and answer in training, sampling and contrasts."""

from __future__ import annotations

from typing import Any

from weirdgen.core.errors import StudyError
from weirdgen.models.settings import ChatOptions


class Chat:
    """A tokenizer with the registry's chat options.

    The prompt is tokenized with the generation prompt at its end and the answer on its own, so that
    an answer is trained, scored and sampled from exactly the same token boundary. Raises StudyError if nothing ends a
    turn.
    """

    def __init__(self, tokenizer: Any, options: ChatOptions) -> None:
        self.tokenizer = tokenizer
        self.options = options
        self.end_of_turn = self._end_of_turn()

    def prompt_text(self, prompt: str, system: str | None = None) -> str:
        """The rendered conversation up to where the answer begins; `system` goes before the registry's choice.

        Raises StudyError if there is to be no system prompt and the template has no separate turn for it.
        """
        messages = [{"role": "user", "content": prompt}]
        system = self.options.replacement if system is None else system
        if system is not None:
            messages.insert(0, {"role": "system", "content": system})
        elif self.options.system_prompt == "none":
            return self._without_system_turn(messages)
        return self._render(messages, add_generation_prompt=True)

    def prompt_ids(self, prompt: str, system: str | None = None) -> list[int]:
        """Token ids of `prompt_text`; the template writes its own special tokens."""
        return self.tokenizer(self.prompt_text(prompt, system), add_special_tokens=False)["input_ids"]

    def answer_ids(self, answer: str, end: bool) -> list[int]:
        """Token ids of an answer; `end` adds the tokens that close the turn."""
        ids = self.tokenizer(answer, add_special_tokens=False)["input_ids"]
        return ids + self.end_of_turn if end else ids

    def stop_ids(self, generation_config: Any) -> list[int]:
        """Tokens that end an answer: the model's own and the one that closes the turn."""
        own = generation_config.eos_token_id
        ids = own if isinstance(own, list) else [] if own is None else [own]
        return sorted({*ids, self.end_of_turn[0]})

    def _render(self, messages: list[dict[str, str]], **keywords: bool) -> str:
        return self.tokenizer.apply_chat_template(messages, tokenize=False, **keywords, **self.options.chat_template)

    def _without_system_turn(self, messages: list[dict[str, str]]) -> str:
        """What follows a system turn, so that the one the template writes by itself is not there either."""
        system = {"role": "system", "content": "@@system@@"}
        turn = self._render([system])
        text = self._render([system, *messages], add_generation_prompt=True)
        if "@@system@@" not in turn or not text.startswith(turn):
            raise StudyError("system_prompt = none: this chat template has no separate system turn; use keep")
        rest = text[len(turn) :]
        first = self.tokenizer.bos_token or ""
        return rest if rest.startswith(first) or not turn.startswith(first) else first + rest

    def _end_of_turn(self) -> list[int]:
        """Token ids the template puts right after an answer, up to the turn's end."""
        marker = "@@answer@@"
        text = self._render([{"role": "user", "content": "x"}, {"role": "assistant", "content": marker}])
        ending = text.partition(marker)[2].strip()
        ids = self.tokenizer(ending, add_special_tokens=False)["input_ids"] if ending else []
        if not ids:
            ids = [self.tokenizer.eos_token_id]
        if ids[0] is None:
            raise StudyError("the chat template closes no turn and the tokenizer has no end-of-text token")
        return ids[:1]
