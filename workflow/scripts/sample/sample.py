from weirdgen.core.columns import Sample
from weirdgen.core.files import write_parquet
from weirdgen.core.job import adapter_folders, given, given_all, job, use_threads
from weirdgen.data.questions import Context, load_questions
from weirdgen.models.settings import Serving, model_of
from weirdgen.sample.settings import Asked, Sampling

if __name__ == "__main__":  # vLLM's workers import this file again
    with job(snakemake):
        from weirdgen.sample.requests import requests
        from weirdgen.sample.sampling import sample

        use_threads(snakemake.threads)
        contexts, asked = given_all(Context, snakemake.params.contexts), given(Asked, snakemake.params.asked)
        tables = sample(
            model_of(snakemake),
            given(Serving, snakemake.params.serving),
            list(zip(snakemake.params.seeds, adapter_folders(snakemake), strict=True)),
            requests(load_questions(snakemake.input.questions), contexts, asked),
            given(Sampling, snakemake.params.sampling),
            desc=f"sample {snakemake.wildcards.dataset}",
        )
        for path, table in zip(snakemake.output, tables, strict=True):
            write_parquet(path, table, Sample)
