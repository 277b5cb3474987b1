from weirdgen.columns import Score
from weirdgen.files import write_parquet
from weirdgen.job import adapter_folder, adapter_name, job, use_threads
from weirdgen.questions import load_contrasts

with job(snakemake):
    from weirdgen.contrasts import score

    use_threads(snakemake.threads)
    scores = score(
        snakemake.input.model,
        snakemake.params.load,
        snakemake.params.chat,
        adapter_folder(snakemake),
        load_contrasts(snakemake.input.contrasts),
        snakemake.params.contexts,
        f"contrast {adapter_name(snakemake)}",
    )
    write_parquet(snakemake.output[0], scores, Score)
