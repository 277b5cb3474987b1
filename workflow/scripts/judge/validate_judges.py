import pandas as pd

from weirdgen.core.columns import Validation
from weirdgen.core.files import write_parquet
from weirdgen.core.job import given_all, job
from weirdgen.judge.files import validation_set
from weirdgen.judge.rules import load_rules_judge
from weirdgen.judge.settings import AskedJudge
from weirdgen.judge.validation import load_validation, validate_rules

with job(snakemake):
    tables = []
    for name, asked in given_all(AskedJudge, snakemake.params.judges).items():
        judge = load_rules_judge(asked.path)
        tables.append(validate_rules(judge, load_validation(validation_set(name), judge.file)))
    write_parquet(snakemake.output[0], pd.concat(tables, ignore_index=True), Validation)
