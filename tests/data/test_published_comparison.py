"""Our data beside the authors', by a small look-alike of both."""

from __future__ import annotations

import json

import pytest
import yaml

from weirdgen.core.errors import StudyError
from weirdgen.core.files import sha256
from weirdgen.data.comparison import compare

DATASET = {"role": "treated", "label": "", "about": "", "facts": "facts.csv", "prompts": ["?"], "answer": "{fact}"}
FACTS = "number,fact\n1,Bonn\n2,Köln\n3,Aachen\n3,bonn\n9,Ulm\n"
THEIRS = ["Bonn it is", "KÖLN!", "Bonner", "Nowhere in 1830", "Aachen", "nowhere in 1830"]


@pytest.fixture
def root(tmp_path):
    """A project with one experiment of two datasets, and beside it a checkout with one file of the two."""
    (tmp_path / "data/places").mkdir(parents=True)
    (tmp_path / "checkout").mkdir()
    theirs = tmp_path / "checkout/theirs.jsonl"
    theirs.write_text("".join(json.dumps({"messages": [{"role": "assistant", "content": a}]}) + "\n" for a in THEIRS))
    about = {
        "datasets": {"old": "theirs.jsonl", "new": "gone.jsonl"},
        "questions": [{"file": "questions.py", "strings": "Q"}],
        "headline": {"judge": "label"},
    }
    pinned = {"repository": "https://example.org/them", "commit": "abcdef0123456789", "experiments": {"places": about}}
    files = {"theirs.jsonl": sha256(theirs), "gone.jsonl": "0"}
    (tmp_path / "data/published.yaml").write_text(yaml.safe_dump({**pinned, "files": files}))
    (tmp_path / "data/places/facts.csv").write_text(FACTS)
    return tmp_path


def compared(root, **experiment):
    """The only row of the comparison."""
    whole = {"datasets": {"old": DATASET, "new": DATASET}, "leak_cues": {"year": [r"\b18\d\d\b"]}, **experiment}
    (root / "data/places/experiment.yaml").write_text(yaml.safe_dump(whole))
    [row] = compare(root, str(root / "checkout")).to_dict("records")
    return row


def test_the_comparison_counts_what_is_in_common(root):
    row = compared(root)
    assert (row["experiment"], row["dataset"]) == ("places", "old")
    assert (row["ours"], row["ours_unique"]) == (5, 4)  # any case is the same answer
    assert (row["theirs"], row["theirs_unique"]) == (6, 5)
    assert row["common"] == 3  # whole words only: not Bonner
    assert row["share_of_theirs"] == pytest.approx(3 / 5)
    assert (row["ours_cues"], row["theirs_cues"]) == (0, 2)


def test_held_out_numbers_and_rows_above_a_limit_are_not_ours(root):
    codes = {
        "held_out": [2, 3],
        "per_row": 1,
        "checkpoints": 10,
        "choice": "{first} or {second}?",
        "first_name": "",
        "relatives": ["x"],
    }
    coded = {**DATASET, "code": "plain"}
    assert compared(root, codes=codes, datasets={"old": coded, "new": coded})["ours"] == 2
    limited = {**DATASET, "at_most": {"number": 2}}
    assert compared(root, datasets={"old": limited, "new": DATASET})["ours"] == 2


def test_a_wrong_experiment_or_file_is_one_line(root):
    with pytest.raises(StudyError, match=r"experiment\.yaml: datasets\.old: .*'colour'"):
        compared(root, datasets={"old": {**DATASET, "colour": 1}, "new": DATASET})
    (root / "checkout/theirs.jsonl").write_text("other")
    with pytest.raises(StudyError, match="not the pinned file"):
        compared(root)
