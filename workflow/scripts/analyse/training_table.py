from weirdgen.analyse.tables import training_table
from weirdgen.core.files import write_csv
from weirdgen.core.job import adapters_of, job

with job(snakemake):
    write_csv(snakemake.output[0], training_table(snakemake.input, adapters_of(snakemake)))
