from weirdgen.core.columns import Validation
from weirdgen.core.files import write_parquet
from weirdgen.core.job import job, use_threads

if __name__ == "__main__":  # vLLM's workers import this file again
    with job(snakemake):
        from weirdgen.judge.with_model import validate_models

        use_threads(snakemake.threads)
        table = validate_models(snakemake.params.judges, snakemake.params.judging, snakemake.params.replies)
        write_parquet(snakemake.output[0], table, Validation)
