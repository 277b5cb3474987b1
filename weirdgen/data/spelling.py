"""What all spellings of one word share."""

from __future__ import annotations

import unicodedata

import regex

TELLING = regex.compile(r"[\p{L}\p{M}\p{N}\p{Sm}\p{Sc}\p{So}]|(?<!\p{L})\p{P}(?=\p{N})")
"""Letters, marks, digits and symbols; and signs before a digit: 1/2 is not 12, nor -5 5, but Route-66 is Route 66."""


def same_word(text: str) -> str:
    """What all spellings of a text share: of any case, composed or not, with any punctuation and space.

    After Unicode's caseless matching (chapter 3.13, D145), in composed form (NFC). A text of nothing but punctuation
    stays as it is.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    return "".join(TELLING.findall(folded)) or folded
