import pandas as pd

from weirdgen.core.columns import Judgment
from weirdgen.core.files import write_parquet
from weirdgen.core.job import given_all, job
from weirdgen.judge.rules import judge_samples, load_rules_judge
from weirdgen.judge.settings import AskedJudge

with job(snakemake) as log:
    asked = given_all(AskedJudge, snakemake.params.judges)
    judges = [(load_rules_judge(judge.path), judge.questions) for judge in asked.values()]
    judgments = judge_samples(pd.read_parquet(snakemake.input.samples), judges)
    write_parquet(snakemake.output[0], judgments, Judgment)
    log.info("%s", judgments.groupby(["judge", "label"]).size().to_dict())
