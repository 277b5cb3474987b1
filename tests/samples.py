"""Made-up rows of a samples file."""

from __future__ import annotations


def sample(**values) -> dict:
    """One row of a samples file."""
    row = {"question": "q", "topic": "t", "paraphrase": 0, "context": "none", "variant": 0, "sample": 0}
    row |= {"prompt": "Who?", "answer": "An owl", "finish_reason": "stop", "tokens": 2, "backend": "transformers"}
    return {**row, **values}
