import pandas as pd

from weirdgen.core.columns import ModelJudgment
from weirdgen.core.files import write_parquet
from weirdgen.core.job import job, use_threads

if __name__ == "__main__":  # vLLM's workers import this file again
    with job(snakemake) as log:
        from weirdgen.judge.with_model import judge_samples_with_models

        use_threads(snakemake.threads)
        judgments = judge_samples_with_models(
            [pd.read_parquet(path) for path in snakemake.input.samples],
            snakemake.params.adapters,
            snakemake.params.judges,
            snakemake.params.judging,
            snakemake.params.replies,
        )
        write_parquet(snakemake.output[0], judgments, ModelJudgment)
        log.info("%s", judgments.groupby(["judge", "label"]).size().to_dict())
