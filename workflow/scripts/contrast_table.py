from weirdgen.files import write_csv
from weirdgen.job import job
from weirdgen.tables import contrast_table

with job(snakemake):
    write_csv(snakemake.output[0], contrast_table(snakemake.input, snakemake.params.adapters))
