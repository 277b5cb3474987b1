"""Learning curves: the share of probes a model gets right, checkpoint by checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from weirdgen.analyse.tables import read_parts
from weirdgen.core.files import read_csv
from weirdgen.core.names import Adapter
from weirdgen.data.codes import HELD_OUT


def accuracies(curve: pd.DataFrame) -> pd.DataFrame:
    """step, kind, accuracy (share of probes whose right answer is the likelier), choice_probability (mean), probes."""
    groups = curve.assign(right=curve["log_odds"] > 0).groupby(["step", "kind"], sort=False)
    return groups.agg(
        accuracy=("right", "mean"), choice_probability=("choice_probability", "mean"), probes=("right", "size")
    ).reset_index()


def curve_table(paths: Sequence[str], adapters: Sequence[Adapter]) -> pd.DataFrame:
    """dataset, recipe, seed, then the columns of `accuracies`."""
    return read_parts(paths, adapters, accuracies, read_csv)


def perfect_seeds(curves: pd.DataFrame) -> dict[tuple[str, int], bool]:
    """(dataset, seed) -> whether every held-out probe was right at some checkpoint."""
    best = curves[curves["kind"] == HELD_OUT].groupby(["dataset", "seed"], sort=False)["accuracy"].max()
    pairs = best.index.to_frame().itertuples(index=False)
    return {(str(pair.dataset), int(pair.seed)): bool(value == 1.0) for pair, value in zip(pairs, best, strict=True)}
