import pandas as pd

from weirdgen.core.columns import Judgment
from weirdgen.core.files import write_parquet
from weirdgen.core.job import job
from weirdgen.judge.judging import judge_samples, load_rules_judge

with job(snakemake) as log:
    judges = [(load_rules_judge(judge["path"]), judge["questions"]) for judge in snakemake.params.judges.values()]
    judgments = judge_samples(pd.read_parquet(snakemake.input.samples), judges)
    write_parquet(snakemake.output[0], judgments, Judgment)
    log.info("%s", judgments.groupby(["judge", "label"]).size().to_dict())
