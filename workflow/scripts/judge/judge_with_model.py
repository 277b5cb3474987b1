import pandas as pd

from weirdgen.core.columns import ModelJudgment
from weirdgen.core.files import write_parquet
from weirdgen.core.job import adapters_of, given, given_all, job, use_threads
from weirdgen.judge.settings import AskedJudge, JudgingModels

if __name__ == "__main__":  # vLLM's workers import this file again
    with job(snakemake) as log:
        from weirdgen.judge.with_model import judge_samples_with_models

        use_threads(snakemake.threads)
        judgments = judge_samples_with_models(
            [pd.read_parquet(path) for path in snakemake.input.samples],
            adapters_of(snakemake),
            given_all(AskedJudge, snakemake.params.judges),
            given(JudgingModels, snakemake.params.models),
            snakemake.params.replies,
        )
        write_parquet(snakemake.output[0], judgments, ModelJudgment)
        log.info("%s", judgments.groupby(["judge", "label"]).size().to_dict())
