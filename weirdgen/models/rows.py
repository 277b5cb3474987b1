"""Row by row where that is sooner: what is done to logits one row at a time."""

from __future__ import annotations

from torch import Tensor

ROWS_IN_CACHE = 16
"""Rows of logits whose temporary copies stay in a processor's cache."""


def in_cache(rows: Tensor) -> tuple[Tensor, ...]:
    """A tensor by ROWS_IN_CACHE rows on a CPU, whole on a GPU: what is done row by row gives the same, sooner."""
    return rows.split(ROWS_IN_CACHE if rows.device.type == "cpu" else max(1, len(rows)))
