from weirdgen.files import write_csv
from weirdgen.job import job
from weirdgen.tables import training_table

with job(snakemake):
    write_csv(snakemake.output[0], training_table(snakemake.input, snakemake.params.adapters))
