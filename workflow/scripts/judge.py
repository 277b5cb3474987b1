import pandas as pd

from weirdgen.files import write_parquet
from weirdgen.job import job
from weirdgen.judging import judge_samples, load_judge

with job(snakemake) as log:
    judges = [load_judge(f"data/judges/{name}.yaml") for name in snakemake.params.judges]
    judgments = judge_samples(pd.read_parquet(snakemake.input.samples), judges)
    write_parquet(snakemake.output[0], judgments)
    log.info("%s", judgments.groupby(["judge", "label"]).size().to_dict())
