from weirdgen.core.columns import Sample
from weirdgen.core.files import write_parquet
from weirdgen.core.job import adapter_folders, given, given_all, job, use_threads
from weirdgen.data.questions import Context, FreeQuestion
from weirdgen.models.settings import Serving, model_of
from weirdgen.sample.settings import Sampling

if __name__ == "__main__":  # vLLM's workers import this file again
    with job(snakemake):
        from weirdgen.sample.requests import requests
        from weirdgen.sample.sampling import sample

        use_threads(snakemake.threads)
        questions = [given(FreeQuestion, question) for question in snakemake.params.questions]
        tables = sample(
            model_of(snakemake),
            given(Serving, snakemake.params.serving),
            list(zip(snakemake.params.seeds, adapter_folders(snakemake), strict=True)),
            requests(questions, given_all(Context, snakemake.params.contexts)),
            given(Sampling, snakemake.params.sampling),
            desc=f"sample {snakemake.wildcards.dataset}",
        )
        for path, table in zip(snakemake.output, tables, strict=True):
            write_parquet(path, table, Sample)
