from weirdgen.core.columns import Validation
from weirdgen.core.files import write_parquet
from weirdgen.core.job import given, given_all, job, use_threads
from weirdgen.judge.settings import AskedJudge, JudgingModels

if __name__ == "__main__":  # vLLM's workers import this file again
    with job(snakemake):
        from weirdgen.judge.with_model import validate_models

        use_threads(snakemake.threads)
        judges, models = given_all(AskedJudge, snakemake.params.judges), given(JudgingModels, snakemake.params.models)
        table = validate_models(judges, models, snakemake.params.replies)
        write_parquet(snakemake.output[0], table, Validation)
