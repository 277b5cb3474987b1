from weirdgen.core.files import read_csv, write_csv
from weirdgen.core.job import job
from weirdgen.finetune.losses import held_out_table, loss_table

with job(snakemake):
    found = list(map(read_csv, snakemake.input.held_out))
    of = [tuple(keys) for keys in snakemake.params.of]
    write_csv(
        snakemake.output[0],
        loss_table(
            read_csv(snakemake.input.training), held_out_table(found, of, ("dataset", "recipe")) if found else None
        ),
    )
