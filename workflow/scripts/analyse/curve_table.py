from weirdgen.analyse.curves import curve_table
from weirdgen.core.files import write_csv
from weirdgen.core.job import adapters_of, job

with job(snakemake):
    write_csv(snakemake.output[0], curve_table(snakemake.input, adapters_of(snakemake)))
