"""How numbers and intervals are said: in sentences and in tables alike."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from weirdgen.core.names import AMONG_OTHERS, POINTS, RATE, judge_and_label

EVERY, SOME, NONE, OPPOSITE, ABSENT, UNTOLD = "every", "some", "none", "opposite", "absent", "untold"
"""What `against` finds."""

CAN_TELL = "seeds and questions"
"""What an interval must be over for a verdict."""


def verdict(low: float, high: float, over: str) -> str:
    """What an interval says: above 0, below 0, or neither; over one seed or one question it says nothing."""
    if over != CAN_TELL:
        return UNTOLD
    return "above" if low > 0 else "below" if high < 0 else "includes"


def said(low: float, high: float, unit: str, over: str) -> str:
    """`verdict` in a sentence: an interval that holds 0 still excludes what lies beyond it."""
    found = verdict(low, high, over)
    if found == UNTOLD:
        return f"no verdict, as the interval is over {over} only" if over != "nothing" else "no verdict"
    if found == "includes":
        return f"not shown; shifts above {measured(high, unit)} are excluded"
    return "clear of 0" if found == "above" else "clear of 0, the other way"


def against(rows: pd.DataFrame) -> str:
    """What the intervals of one measure say together: above 0 against every control, against some, or none."""
    if rows.empty:
        return ABSENT
    found = {verdict(*row) for row in zip(rows["low"], rows["high"], rows["over"], strict=True)}
    if UNTOLD in found:
        return UNTOLD
    if found == {"above"}:
        return EVERY
    return SOME if "above" in found else OPPOSITE if "below" in found else NONE


STILL, MOVES, CANNOT_TELL = "still", "moves", "cannot tell"


def of_null(verdicts: Iterable[str]) -> str:
    """What a null set does against several controls together: `still` where it is against all."""
    found = set(verdicts)
    if not found:
        return ABSENT
    return MOVES if MOVES in found else STILL if found == {STILL} else CANNOT_TELL


def p_value(p: float) -> str:
    """A p-value as the page prints it; a dash where none can be given."""
    return "–" if pd.isna(p) else f"{p:.2g}"


def counted(counts: str) -> str:
    """`2/300` with its share."""
    count, _, answers = counts.partition("/")
    return f"{counts} ({share(int(count) / int(answers))})"


def amount(value: float, unit: str) -> str:
    """An effect as the page prints it, without its unit: shares as percentage points."""
    scale, digits = (100, 1) if unit == RATE else (1, 1 if unit == POINTS else 2)
    return f"{scale * value:+.{digits}f}".replace("-", "−")


def measured(value: float, unit: str) -> str:
    """An effect with its unit."""
    return f"{amount(value, unit)} {'nats' if unit == 'nats' else 'points'}"


def spread(low: float, high: float, unit: str) -> str:
    """An effect's interval as the page prints it."""
    return f"{amount(low, unit)} to {amount(high, unit)}"


def level(value: float, unit: str) -> str:
    """A group's mean as the page prints it: a share in percent, or a rating."""
    return share(value) if unit == RATE else f"{value:.1f}"


def share(value: float) -> str:
    """A share from 0 to 1 in percent."""
    return f"{value:.1%}"


def number(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def instrument(name: str) -> str:
    """An instrument as a reader knows it: a share of answers as `judge: label`."""
    judge, label = judge_and_label(name)
    label, among, _ = label.partition(AMONG_OTHERS)
    return f"{judge}: {label}{', among those unlike training answers' if among else ''}" if label else judge
