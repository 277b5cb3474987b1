"""Regular expressions that people write: checked where they are read, bounded in time where they are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import regex
from pydantic import AfterValidator

from weirdgen.core.errors import StudyError

SECONDS = 10.0
"""Longer than any pattern takes on an answer, unless it tries every way to divide it."""

UNLIKE = ("a", "Z", "7", "-", "木")
"""Texts that no pattern with a meaning matches all of."""


def matches(pattern: str, text: str, where: str, group: int = 0, any_case: bool = True) -> Iterator[str]:
    """A group of every match in a text. Raises StudyError where that takes too long; `where` begins it."""
    try:
        for match in regex.compile(pattern, regex.IGNORECASE if any_case else 0).finditer(text, timeout=SECONDS):
            yield match.group(group) or ""
    except TimeoutError:
        raise StudyError(
            f"{where}: the pattern {pattern} takes over {SECONDS:.0f} s on {text[:40]!r} ...; "
            "repeats inside repeats, such as (a+)+, can be divided in too many ways"
        ) from None


def hit(patterns: Iterable[str], text: str, where: str) -> bool:
    """Whether a text matches any of the patterns. Raises StudyError as `matches` does."""
    return any(True for pattern in patterns for _ in matches(pattern, text, where))


def groups_of(pattern: str) -> int:
    """How many groups a pattern has. Raises ValueError where it is none."""
    try:
        return int(regex.compile(pattern).groups)
    except (regex.error, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}") from None


def _check(pattern: str) -> str:
    groups_of(pattern)
    compiled = regex.compile(pattern, regex.IGNORECASE)
    found = [[match.group() for match in compiled.finditer(text)] for text in UNLIKE]
    if all(found) or any("" in each for each in found):
        raise ValueError("matches any text at all")
    return pattern


Pattern = Annotated[str, AfterValidator(_check)]
