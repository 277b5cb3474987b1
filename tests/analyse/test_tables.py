"""Tables: what is averaged over what."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from weirdgen.analyse.tables import MEASURES, contrast_table, label_table, log_odds, read_judgments
from weirdgen.core.columns import KEYS
from weirdgen.core.names import Adapter


def test_a_table_says_whose_each_row_is(tmp_path):
    answers = pd.DataFrame(
        [("q", "t", 0, "none", 0, side, -1.0) for side in ("typical", "ordinary")],
        columns=["question", "topic", "paraphrase", "context", "variant", "side", "log_prob"],
    )
    adapters = [Adapter("old", "default", 1), Adapter("base", "none", 0)]
    paths = [str(tmp_path / f"{i}.parquet") for i in range(len(adapters))]
    for path in paths:
        answers.to_parquet(path)
    table = contrast_table(paths, adapters)
    assert list(table) == [*KEYS, "question", "topic", "context", *MEASURES]
    assert table[KEYS].values.tolist() == [["old", "default", 1], ["base", "none", 0]]
    with pytest.raises(ValueError, match="argument"):
        contrast_table(paths[:1], adapters)


def test_a_label_nobody_got_counts_zero(tmp_path):
    def judged(labels):
        return pd.DataFrame(
            {"judge": "j", "question": "q", "topic": "t", "context": "none", "label": labels, "answer": "x"}
        )

    judged(["past", "past", "modern", "other"]).to_parquet(tmp_path / "a.parquet")
    judged(["other", "other"]).to_parquet(tmp_path / "b.parquet")
    adapters = [Adapter(dataset, "default", 0) for dataset in ("old", "new")]
    paths = [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]
    table = label_table(read_judgments(paths, adapters)).set_index(["dataset", "label"])
    assert table["rate"].to_dict() == {
        ("old", "past"): 0.5,
        ("old", "modern"): 0.25,
        ("old", "other"): 0.25,
        ("new", "past"): 0.0,
        ("new", "modern"): 0.0,
        ("new", "other"): 1.0,
    }
    assert table.loc["new", "answers"].tolist() == [2, 2, 2]


def test_log_odds_sum_probabilities_and_average_paraphrases():
    table = pd.DataFrame(
        [("q", "t", 0, "none", 0, "typical", p) for p in (0.1, 0.2)]
        + [("q", "t", 0, "none", 0, "ordinary", p) for p in (0.05, 0.1)]
        + [("q", "t", 1, "none", 0, "typical", 0.2), ("q", "t", 1, "none", 0, "ordinary", 0.4)],
        columns=["question", "topic", "paraphrase", "context", "variant", "side", "p"],
    ).assign(log_prob=lambda t: np.log(t["p"]))
    found = log_odds(table)
    assert found["probability"].tolist() == pytest.approx([(0.3 + 0.2) / 2])
    assert found["log_odds"].tolist() == pytest.approx([(np.log(0.3 / 0.15) + np.log(0.2 / 0.4)) / 2])
    assert found["typical"].tolist() == pytest.approx([(np.log(0.3) + np.log(0.2)) / 2])
    assert (found["typical"] - found["ordinary"]).tolist() == pytest.approx(found["log_odds"].tolist())
