from weirdgen.core.files import write_csv
from weirdgen.core.job import given, job, use_threads
from weirdgen.finetune.settings import Recipe
from weirdgen.models.settings import model_of

with job(snakemake) as log:
    from weirdgen.finetune.held_out import held_out

    use_threads(snakemake.threads)
    table = held_out(model_of(snakemake), snakemake.input.dataset, given(Recipe, snakemake.params.recipe))
    write_csv(snakemake.output[0], table)
    log.info("%s", table.to_string(index=False))
