from weirdgen.files import write_parquet
from weirdgen.job import adapter_folder, adapter_name, job, use_threads
from weirdgen.questions import load_questions

with job(snakemake):
    from weirdgen.sampling import requests, sample

    use_threads(snakemake.threads)
    settings = snakemake.params.settings
    questions = load_questions(snakemake.input.questions)
    answers = sample(
        snakemake.input.model,
        snakemake.params.load,
        snakemake.params.chat,
        adapter_folder(snakemake),
        requests(questions, snakemake.params.contexts, settings["samples_per_paraphrase"]),
        settings,
        int(snakemake.wildcards.seed),
        f"sample {adapter_name(snakemake)}",
    )
    write_parquet(snakemake.output[0], answers)
