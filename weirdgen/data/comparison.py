"""Our training data beside the authors' released files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from weirdgen.core.files import read_yaml
from weirdgen.core.patterns import hit
from weirdgen.core.schema import parse
from weirdgen.core.templates import fill
from weirdgen.data.datasets import read_chats
from weirdgen.data.published import find_checkout, read_map, verify
from weirdgen.data.settings import Codes, Dataset
from weirdgen.data.tables import read_facts

if TYPE_CHECKING:
    import pandas as pd


def compare(root: Path, checkout: str | None) -> pd.DataFrame:
    """Our data beside the authors': rows, different answers, how many of theirs hold one of ours, leak cues.

    Columns: experiment, dataset, ours, theirs (rows), ours_unique, theirs_unique, common (their answers
    in which one of ours stands as whole words), share_of_theirs, ours_cues, theirs_cues. Files that are
    not in the checkout are left out. Raises StudyError.
    """
    import pandas as pd  # a plan imports this stage and waits for no library

    pinned = read_map(root)
    source = find_checkout(checkout, pinned)
    rows = []
    for name, about in pinned.experiments.items():
        path = root / "data" / name / "experiment.yaml"
        experiment = read_yaml(path)
        cues = [cue for found in experiment.get("leak_cues", {}).values() for cue in found]
        codes = parse(Codes, experiment["codes"], f"{path}: codes") if experiment.get("codes") else None
        for dataset, file in about.datasets.items():
            own = parse(Dataset, experiment["datasets"][dataset], f"{path}: datasets.{dataset}")
            if own.facts is None or not (source / file).is_file():
                continue
            verify(source, file, pinned)
            facts = read_facts(root / "data" / name / own.facts, own.at_most)
            trained = [row for row in facts if codes is None or int(row["number"]) not in codes.held_out]
            ours = [fill(own.answer[i % len(own.answer)], row) for i, row in enumerate(trained)]
            theirs = [row["messages"][-1]["content"] for row in read_chats(source / file)]
            sets = [
                {" " + re.sub(r"[\W_]+", " ", answer).strip().casefold() + " " for answer in answers}
                for answers in (ours, theirs)
            ]
            common = sum(any(answer in text for answer in sets[0]) for text in sets[1])
            hits = [sum(hit(cues, answer, str(path)) for answer in answers) for answers in (ours, theirs)]
            rows.append(
                {
                    "experiment": name,
                    "dataset": dataset,
                    "ours": len(ours),
                    "theirs": len(theirs),
                    "ours_unique": len(sets[0]),
                    "theirs_unique": len(sets[1]),
                    "common": common,
                    "share_of_theirs": common / len(sets[1]),
                    "ours_cues": hits[0],
                    "theirs_cues": hits[1],
                }
            )
    return pd.DataFrame(rows)
