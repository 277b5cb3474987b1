"""Text as people write it: what of it cannot be kept, and how errors show it."""

from __future__ import annotations


def flaw(text: str) -> str | None:
    """What makes a text one that files and tokenizers cannot hold; None for any other."""
    if "\0" in text:
        return "a NUL character"
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return "half of a surrogate pair"
    return None


def brief(text: str) -> str:
    """A text as errors show it: in one line, and not all of a long one."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:57] + "..."
