"""The one exception for mistakes a person can mend: a line for each, what is wrong, where, what to do."""

from __future__ import annotations

import errno
from typing import Any

FULL = {errno.ENOSPC: "no space left on the disk", errno.EDQUOT: "the disk quota is used up"}
"""What a write that finds no room fails with."""

FULL_IN_WORDS = ("no space left", "os error 28", "disk is full", "disk full", "quota exceeded", "os error 122")
"""How libraries say so that raise another kind of error than OSError (safetensors, sqlite3, Arrow)."""


class StudyError(Exception):
    """A wrong input, a missing file, a failed download. Shown without a traceback."""


def no_space(error: BaseException) -> str | None:
    """One line for an error that a full disk raised, whatever library wrapped it; None for any other."""
    seen: list[Any] = []
    one: BaseException | None = error
    while one is not None and one not in seen:
        seen.append(one)
        number = one.errno if isinstance(one, OSError) else None
        said = FULL.get(number) if number else None
        if said or (number is None and any(words in str(one).lower() for words in FULL_IN_WORDS)):
            where = next((f" of {each.filename}" for each in seen if getattr(each, "filename", None)), "")
            return f"{said or FULL[errno.ENOSPC]}{where}; make room and run again: what is finished is kept"
        one = one.__cause__ or one.__context__
    return None
