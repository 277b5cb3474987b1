import pandas as pd

from weirdgen.files import write_csv
from weirdgen.job import job
from weirdgen.validation import accuracy, confusion

with job(snakemake) as log:
    table = pd.concat([pd.read_parquet(path) for path in snakemake.input], ignore_index=True)
    write_csv(snakemake.output.confusion, confusion(table))
    write_csv(snakemake.output.accuracy, accuracy(table))
    log.info("judges\n%s", accuracy(table).to_string(index=False))
