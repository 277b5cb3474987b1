from pathlib import Path

from weirdgen.core.job import job, use_threads

with job(snakemake):
    from weirdgen.finetune.finetune import finetune

    use_threads(snakemake.threads)
    finetune(
        snakemake.input.model,
        snakemake.params.load,
        snakemake.params.chat,
        snakemake.input.dataset,
        snakemake.params.recipe,
        int(snakemake.wildcards.seed),
        Path(snakemake.output.run).parent,
    )
