from pathlib import Path

from weirdgen.core.job import given, job, use_threads
from weirdgen.finetune.settings import Recipe
from weirdgen.models.settings import model_of

with job(snakemake):
    from weirdgen.finetune.write import finetune

    use_threads(snakemake.threads)
    finetune(
        model_of(snakemake),
        snakemake.input.dataset,
        given(Recipe, snakemake.params.recipe),
        int(snakemake.wildcards.seed),
        Path(snakemake.output.run).parent,
    )
