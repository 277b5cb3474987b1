import pandas as pd

from weirdgen.core.columns import Validation
from weirdgen.core.files import write_parquet
from weirdgen.core.job import job
from weirdgen.judge.judging import load_rules_judge
from weirdgen.judge.validation import load_validation, validate_rules

with job(snakemake):
    tables = []
    for name, known in snakemake.params.judges.items():
        judge = load_rules_judge(known["path"])
        tables.append(validate_rules(judge, load_validation(f"data/judge_validation/{name}.yaml", judge.file)))
    write_parquet(snakemake.output[0], pd.concat(tables, ignore_index=True), Validation)
