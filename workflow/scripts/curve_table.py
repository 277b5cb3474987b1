from weirdgen.curves import curve_table
from weirdgen.files import write_csv
from weirdgen.job import job

with job(snakemake):
    write_csv(snakemake.output[0], curve_table(snakemake.input, snakemake.params.adapters))
