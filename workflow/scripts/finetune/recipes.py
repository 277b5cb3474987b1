from weirdgen.core.files import read_csv, write_csv
from weirdgen.core.job import job
from weirdgen.finetune.losses import held_out_table, recipe_table

with job(snakemake) as log:
    of = [tuple(keys) for keys in snakemake.params.of]
    rows = held_out_table(list(map(read_csv, snakemake.input)), of, ("model", "experiment", "dataset", "recipe"))
    table = recipe_table(rows)
    write_csv(snakemake.output.rows, rows)
    write_csv(snakemake.output.recipes, table)
    log.info("the loss on rows held out, by recipe\n%s", table.to_string(index=False))
