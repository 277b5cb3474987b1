"""Parquet files say themselves what their columns mean, and have the same types however little is in them."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from pydantic import BaseModel, Field
from samples import sample

from weirdgen.core.columns import KEYS, Judgment, ModelJudgment, Sample, Score, Validation
from weirdgen.core.files import write_parquet
from weirdgen.judge.files import RulesFile
from weirdgen.judge.rules import RulesJudge, judge_samples
from weirdgen.judge.validation import Known, validate_rules
from weirdgen.judge.verdict import ANSWERED, VERDICT

TABLES = (Sample, Judgment, ModelJudgment, Score, Validation)


class Pair(BaseModel):
    """A pair."""

    name: str = Field(description="its name")
    size: float = Field(description="its size in nats")


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_a_type_and_a_meaning(table):
    assert table.__doc__
    for name, field in table.model_fields.items():
        assert field.annotation in (str, int, float), name
        assert len(field.description) > 8, name


def test_judgments_have_the_samples_key_and_the_verdict():
    assert list(Judgment.model_fields) == [*ANSWERED, "judge", *VERDICT]
    assert list(ModelJudgment.model_fields) == [*KEYS, *Judgment.model_fields]


def test_a_file_holds_meanings_units_and_pandas_metadata(tmp_path):
    table = pd.DataFrame({"name": ["owl", "jay"], "size": [1.5, np.nan]})
    write_parquet(tmp_path / "a.parquet", table, Pair)
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert schema.metadata[b"description"] == b"A pair."
    assert schema.field("size").metadata[b"description"] == b"its size in nats"
    assert [column["name"] for column in json.loads(schema.metadata[b"pandas"])["columns"]] == ["name", "size"]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), table)


@pytest.mark.parametrize("wrong", [{"name": ["a"]}, {"name": ["a"], "size": [1.0], "colour": ["red"]}])
def test_a_column_without_a_meaning_or_a_meaning_without_a_column_is_an_error(tmp_path, wrong):
    with pytest.raises(ValueError, match="Pair describes name, size"):
        write_parquet(tmp_path / "a.parquet", pd.DataFrame(wrong), Pair)
    assert list(tmp_path.iterdir()) == []


def rules_judge() -> RulesJudge:
    """A judge that finds a bird or nothing."""
    rules = [{"label": "bird", "about": "a bird", "any": [{"pattern": "owl"}]}, {"label": "other", "about": "the rest"}]
    file = RulesFile.model_validate({"id": "bird", "type": "rules", "about": "", "labels": rules})
    return RulesJudge("bird", file, {})


def test_judgments_without_a_row_without_evidence_and_with_all_have_one_schema(tmp_path):
    samples = pd.DataFrame([sample(), sample(sample=1, answer="A jay")])
    cases = {
        "all": judge_samples(samples, [(rules_judge(), ["q"])]),
        "no_evidence": judge_samples(samples.iloc[1:], [(rules_judge(), ["q"])]),
        "no_question": judge_samples(samples, [(rules_judge(), [])]),
        "no_judge": judge_samples(samples, []),
        "half": judge_samples(samples, [(rules_judge(), []), (rules_judge(), ["q"])]),
    }
    schemas = []
    for name, table in cases.items():
        write_parquet(tmp_path / f"{name}.parquet", table, Judgment)
        schemas.append(pq.read_schema(tmp_path / f"{name}.parquet").remove_metadata())
    assert all(schema.equals(schemas[0]) for schema in schemas)
    assert schemas[0].field("rating").type == "double"
    assert len(pd.read_parquet(tmp_path / "half.parquet")) == 2


def test_a_validation_has_the_described_columns(tmp_path):
    known = [Known(question="Who?", answer="An owl", label="bird", kind="plain")]
    write_parquet(tmp_path / "a.parquet", validate_rules(rules_judge(), known), Validation)
    assert pd.read_parquet(tmp_path / "a.parquet")["given"].tolist() == ["bird"]


def test_all_adapters_load_as_one_dataset(tmp_path, monkeypatch):
    """`datasets` insists on one schema; files of the first adapter have no rows or no ratings."""
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    from datasets import load_dataset

    answers = pd.DataFrame([sample(), sample(sample=1)])
    for folder, cases in (("samples", (answers.iloc[:0], answers)), ("judgments", ([], [(rules_judge(), ["q"])]))):
        for seed, case in enumerate(cases):
            path = tmp_path / folder / "birds" / "default" / f"seed-{seed}.parquet"
            if folder == "samples":
                write_parquet(path, case, Sample)
            else:
                write_parquet(path, judge_samples(answers, case), Judgment)
    options = {"split": "train", "cache_dir": str(tmp_path / "cache")}
    for folder, table in (("samples", Sample), ("judgments", Judgment)):
        found = load_dataset("parquet", data_files=str(tmp_path / folder / "**" / "*.parquet"), **options)
        assert found.column_names == list(table.model_fields)
        assert len(found) == 2
    assert found["label"] == ["bird", "bird"]
    assert found["rating"] == [None, None]
    assert found.features["rating"].dtype == "float64"


def test_the_snakefile_waits_for_neither_pandas_nor_arrow():
    heavy = "{'pandas', 'pyarrow', 'torch'} & set(sys.modules)"
    code = f"import sys, weirdgen.study.workflow, weirdgen.core.files; print({heavy})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
