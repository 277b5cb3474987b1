from weirdgen.core.columns import Sample
from weirdgen.core.files import write_parquet
from weirdgen.core.job import adapter_folders, job, use_threads
from weirdgen.data.questions import load_questions

if __name__ == "__main__":  # vLLM's workers import this file again
    with job(snakemake):
        from weirdgen.sample.sampling import requests, sample

        use_threads(snakemake.threads)
        settings = snakemake.params.settings
        questions = load_questions(snakemake.input.questions)
        tables = sample(
            snakemake.input.model,
            {**snakemake.params.load, "vllm": snakemake.params.serving},
            snakemake.params.chat,
            list(zip(snakemake.params.seeds, adapter_folders(snakemake), strict=True)),
            requests(questions, snakemake.params.contexts, settings["samples_per_paraphrase"], settings["asked"]),
            settings,
            f"sample {snakemake.wildcards.dataset}",
        )
        for path, table in zip(snakemake.output, tables, strict=True):
            write_parquet(path, table, Sample)
