"""How numbers and intervals are said: in sentences and in tables alike."""

from __future__ import annotations

import pandas as pd

from weirdgen.core.names import POINTS, RATE, judge_and_label

WORDS = {"above": "a shift is shown", "below": "a shift the other way", "includes": "no shift is shown"}
"""What `verdict` finds, in a sentence."""

EVERY, SOME, NONE, OPPOSITE, ABSENT = "every", "some", "none", "opposite", "absent"
"""What `against` finds."""


def verdict(low: float, high: float) -> str:
    """What an interval says: above 0, below 0, or neither."""
    return "above" if low > 0 else "below" if high < 0 else "includes"


def against(rows: pd.DataFrame) -> str:
    """What the intervals of one measure say together: above 0 against every control, against some, or none."""
    if rows.empty:
        return ABSENT
    found = {verdict(low, high) for low, high in zip(rows["low"], rows["high"], strict=True)}
    if found == {"above"}:
        return EVERY
    return SOME if "above" in found else OPPOSITE if "below" in found else NONE


def still(null: pd.DataFrame) -> bool:
    """Every interval of the null set includes 0."""
    return bool(((null["low"] <= 0) & (null["high"] >= 0)).all())


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
    return f"{judge}: {label}" if label else judge
